package authz

import (
	"bytes"
	"math"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// maxUserIDBytes bounds a userId.
const maxUserIDBytes = 256

// claimSet is what is read of a token's claims (RFC 7519 §4.1). Strings are ""
// and times zero where the claim is absent or unfit; what is not asked for is
// right.
type claimSet struct {
	user, id                   string
	rightIssuer, rightAudience bool
	ownAssertion               bool // the issuer is Syncward
	expires, issued, nbf       numericDate
	unreadable                 bool // jti is no string
}

// numericDate is a NumericDate claim (RFC 7519 §2).
type numericDate struct {
	time    time.Time
	present bool
	bad     bool // present, but no number from 0 to the end of the year 9999; time is zero
}

// readClaims reads the claims that matter to v. It reports false where they
// are no strict JSON object.
func (v *Verifier) readClaims(c *compact) (claimSet, bool) {
	s := claimSet{rightIssuer: v.config.Issuer == "", rightAudience: v.config.Audience == ""}
	ok := c.json.read(c.claims, func(name []byte, value jsontext.Value) {
		if string(name) == v.userPath[0] {
			s.user = readUser(value, v.userPath[1:])
		}
		switch string(name) {
		case "iss":
			issuer, ok := unquote(value)
			s.rightIssuer = s.rightIssuer || ok && string(issuer) == v.config.Issuer
			s.ownAssertion = v.config.AssertionIssuer != "" && string(issuer) == v.config.AssertionIssuer
		case "aud":
			s.rightAudience = s.rightAudience || audienceHolds(value, v.config.Audience)
		case "jti":
			id, ok := unquote(value)
			s.id, s.unreadable = string(id), !ok
		case "exp":
			s.expires = readDate(value)
		case "iat":
			s.issued = readDate(value)
		case "nbf":
			s.nbf = readDate(value)
		}
	})
	return s, ok
}

// readUser follows path down from value and returns the userId there, "" where
// there is none that is fit.
func readUser(value jsontext.Value, path []string) string {
	if len(path) > 0 {
		var deeper objectReader
		user := ""
		deeper.read(value, func(name []byte, value jsontext.Value) {
			if string(name) == path[0] {
				user = readUser(value, path[1:])
			}
		})
		return user
	}
	text, ok := unquote(value)
	if user := string(text); ok && validUserID(user) {
		return user
	}
	return ""
}

// validUserID reports whether id is 1 to 256 visible ASCII characters: it goes
// into a header field, a log and a store key.
func validUserID(id string) bool {
	for i := range len(id) {
		if id[i] <= ' ' || id[i] >= 0x7f {
			return false
		}
	}
	return id != "" && len(id) <= maxUserIDBytes
}

// audienceHolds reports whether value, a string or an array of strings (RFC
// 7519 §4.1.3), is or holds want. An array with anything else in it holds
// nothing.
func audienceHolds(value jsontext.Value, want string) bool {
	if value.Kind() != '[' {
		audience, ok := unquote(value)
		return ok && string(audience) == want
	}
	found := false
	elements := jsontext.NewDecoder(bytes.NewBuffer(value))
	elements.ReadToken() // the bracket; the array was read before
	for elements.PeekKind() != ']' {
		element, err := elements.ReadValue()
		audience, isText := unquote(element)
		if err != nil || !isText {
			return false
		}
		found = found || string(audience) == want
	}
	return found
}

// lastSecond is the end of the year 9999, the last that RFC 3339 can write.
const lastSecond = 253402300799

// readDate reads seconds since the epoch; fractions are allowed, as RFC 7519
// §2 has it, and are kept to the microsecond.
func readDate(value jsontext.Value) numericDate {
	d := numericDate{present: true, bad: true}
	if value.Kind() != '0' {
		return d
	}
	seconds, err := strconv.ParseFloat(string(value), 64)
	if err != nil || !(seconds >= 0 && seconds <= lastSecond) {
		return d
	}
	whole, fraction := math.Modf(seconds)
	d.bad = false
	d.time = time.Unix(int64(whole), int64(fraction*1e6)*1e3).UTC()
	return d
}
