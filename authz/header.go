package authz

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// maxKidBytes bounds a key id, which key sources look up and may remember.
const maxKidBytes = 256

// joseHeader is all that is read of a JOSE header (RFC 7515 §4.1). jwk, jku,
// x5c and x5u are not in it, so that no key can come from a token.
type joseHeader struct {
	Header
	typ string
	// unreadable: alg, kid or typ is not what RFC 7515 says it is.
	unreadable bool
	// critical: an extension changes what the token means. None is known here,
	// so any crit counts (RFC 7515 §4.1.11), and so does any b64, which RFC 7797
	// §6 allows only together with crit, and §7 never in a JWT.
	critical bool
}

// readHeader reports false where data is no strict JSON object.
func (c *compact) readHeader() (joseHeader, bool) {
	var h joseHeader
	text := func(value jsontext.Value) string {
		s, ok := unquote(value)
		h.unreadable = h.unreadable || !ok
		return s
	}
	ok := c.json.read(c.header, func(name []byte, value jsontext.Value) {
		switch string(name) {
		case "alg":
			h.Alg = text(value)
		case "kid":
			h.Kid = text(value)
			h.unreadable = h.unreadable || len(h.Kid) > maxKidBytes || hasControls(h.Kid)
		case "typ":
			h.typ = text(value)
		case "crit", "b64":
			h.critical = true
		}
	})
	return h, ok
}

func hasControls(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// sameType compares two typ values as media types (RFC 7515 §4.1.9): without
// regard to ASCII case, and with "application/" implied where there is no
// slash. Letters outside ASCII are equal to themselves only.
func sameType(a, b string) bool { return mediaType(a) == mediaType(b) }

func mediaType(typ string) string {
	lower := []byte(typ)
	for i, b := range lower {
		if 'A' <= b && b <= 'Z' {
			lower[i] = b + ('a' - 'A')
		}
	}
	if bare, ok := strings.CutPrefix(string(lower), "application/"); ok && !strings.Contains(bare, "/") {
		return bare
	}
	return string(lower)
}
