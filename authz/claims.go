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
	instances                  []string
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
		if v.instancesPath != nil && string(name) == v.instancesPath[0] {
			s.instances = readInstances(value, v.instancesPath[1:])
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

// readInstances follows path down from value and returns the instanceIds there:
// a string, or an array of strings. Anything else is none at all.
func readInstances(value jsontext.Value, path []string) (instances []string) {
	if len(path) > 0 {
		var deeper objectReader
		deeper.read(value, func(name []byte, value jsontext.Value) {
			if string(name) == path[0] {
				instances = readInstances(value, path[1:])
			}
		})
		return instances
	}
	ok := eachString(value, func(text []byte) { instances = append(instances, string(text)) })
	if !ok {
		return nil
	}
	return instances
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
	found := false
	ok := eachString(value, func(audience []byte) { found = found || string(audience) == want })
	return ok && found
}

// eachString calls visit with each of the strings that value is, one or an
// array of them. It reports false where value is or holds anything else; visit
// may have been called by then.
func eachString(value jsontext.Value, visit func(text []byte)) bool {
	if value.Kind() != '[' {
		text, ok := unquote(value)
		if ok {
			visit(text)
		}
		return ok
	}
	elements := jsontext.NewDecoder(bytes.NewBuffer(value))
	elements.ReadToken() // the bracket; the array was read before
	for elements.PeekKind() != ']' {
		element, err := elements.ReadValue()
		text, isText := unquote(element)
		if err != nil || !isText {
			return false
		}
		visit(text)
	}
	return true
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
