package authz

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxKidBytes bounds a key id, which key sources look up and may remember.
const maxKidBytes = 256

// joseHeader is all that is read of a JOSE header (RFC 7515 §4.1). jwk, jku,
// x5c and x5u are not in it, so that no key can come from a token.
type joseHeader struct {
	Header                       // Alg is "" unless it is pinned
	rightType, ownAssertion bool // what typ says
	// unreadable: alg, kid or typ is not what RFC 7515 says it is.
	unreadable bool
	// critical: an extension changes what the token means. None is known here,
	// so any crit counts (RFC 7515 §4.1.11), and so does any b64, which RFC 7797
	// §6 allows only together with crit, and §7 never in a JWT.
	critical bool
}

// readHeader reports false where the header is no strict JSON object.
func (v *Verifier) readHeader(c *compact) (joseHeader, bool) {
	h := joseHeader{rightType: v.config.Type == ""}
	text := func(value jsontext.Value) []byte {
		s, ok := unquote(value)
		h.unreadable = h.unreadable || !ok
		return s
	}
	ok := c.json.read(c.header, func(name []byte, value jsontext.Value) {
		switch string(name) {
		case "alg":
			h.Alg = v.pinned(text(value))
		case "kid":
			kid := text(value)
			h.unreadable = h.unreadable || len(kid) > maxKidBytes || bytes.ContainsFunc(kid, isControl)
			h.Kid = string(kid)
		case "typ":
			typ := text(value)
			h.rightType = h.rightType || sameType(string(typ), v.config.Type)
			h.ownAssertion = sameType(string(typ), v.config.AssertionType)
		case "crit", "b64":
			h.critical = true
		}
	})
	return h, ok
}

// pinned returns alg where it is one of the pinned algorithms, else "".
func (v *Verifier) pinned(alg []byte) string {
	for _, a := range v.config.Algorithms {
		if string(alg) == a {
			return a
		}
	}
	return ""
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// sameType compares two typ values as media types (RFC 7515 §4.1.9): without
// regard to ASCII case, and with "application/" implied where there is no
// slash. Letters outside ASCII are equal to themselves only.
func sameType(a, b string) bool {
	a, b = bareType(a), bareType(b)
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// bareType returns typ without its "application/", unless that leaves a slash.
func bareType(typ string) string {
	const prefix = "application/"
	if len(typ) < len(prefix) || strings.Contains(typ[len(prefix):], "/") {
		return typ
	}
	for i := range len(prefix) {
		if lower(typ[i]) != prefix[i] {
			return typ
		}
	}
	return typ[len(prefix):]
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + ('a' - 'A')
	}
	return b
}
