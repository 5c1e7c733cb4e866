package identity

import (
	"crypto/sha256"
	"net/http"
	"strings"
)

// sighting is one identity header as a request carries it.
type sighting struct {
	value string
	times int
}

func (s *sighting) see(values []string) {
	for _, value := range values {
		s.value = value
		s.times++
	}
}

// sightings are the identity headers of a request.
type sightings struct{ user, connection, status, expires, token sighting }

// collect counts every spelling that a careless reader could take for one of
// the headers: an X_Sync_User_Id beside the real one is a repetition.
func collect(h http.Header, names fieldNames) *sightings {
	var found sightings
	for name, values := range h {
		switch {
		case sameName(name, names.user):
			found.user.see(values)
		case sameName(name, names.connection):
			found.connection.see(values)
		case sameName(name, names.status):
			found.status.see(values)
		case sameName(name, names.expires):
			found.expires.see(values)
		case sameName(name, names.assertion):
			found.token.see(values)
		}
	}
	return &found
}

// assertion returns the one assertion. Some hops join repeated headers with a
// comma, which no compact JWS contains: that is the same repetition.
func (s *sightings) assertion() (string, error) {
	switch {
	case s.token.times > 1 || strings.Contains(s.token.value, ","):
		return "", ErrHeaders.about("assertion")
	case s.token.value == "":
		return "", ErrNoAssertion
	}
	return s.token.value, nil
}

// checkRequest asks whether the assertion was made for this request.
func (v *Verifier) checkRequest(c *Claims, r *http.Request, found *sightings) error {
	method := r.Method
	if method == "" { // net/http's own reading of it
		method = http.MethodGet
	}
	if c.Method != method {
		return ErrMethod
	}
	if err := found.agree(&c.Identity); err != nil {
		return err
	}
	if v.CheckWebSocketKey {
		var key sighting
		key.see(r.Header.Values("Sec-WebSocket-Key"))
		if key.times > 1 || key.value != c.WebSocketKey {
			return ErrWebSocketKey
		}
	}
	if v.CheckPath {
		if hash := sha256.Sum256([]byte(target(r))); encode(hash[:]) != c.PathHash {
			return ErrPath
		}
	}
	return nil
}

// agree holds the plain headers to the claims: each once, and the same bytes.
func (s *sightings) agree(id *Identity) error {
	for _, pair := range []struct {
		what string
		is   sighting
		want string
	}{
		{"user id", s.user, id.UserID},
		{"connection id", s.connection, id.ConnectionID},
		{"auth status", s.status, id.Status},
		{"token expires", s.expires, unixText(id.TokenExpires)},
	} {
		want := sighting{value: pair.want, times: 1}
		if pair.want == "" {
			want.times = 0
		}
		if pair.is != want {
			return ErrHeaders.about(pair.what)
		}
	}
	return nil
}

// target returns path?query as it came over the wire; a request that a program
// made itself has no wire form, and gets the one that net/http would send.
func target(r *http.Request) string {
	if r.RequestURI != "" {
		return r.RequestURI
	}
	return r.URL.RequestURI()
}
