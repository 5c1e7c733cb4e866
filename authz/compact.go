package authz

import (
	"encoding/base64"
	"sync"
)

// compact is a token in JWS Compact Serialization (RFC 7515 §7.1), taken apart:
//
//	BASE64URL(header) "." BASE64URL(claims) "." BASE64URL(signature)
//
// All slices lie in one buffer that is used again after release.
type compact struct {
	signed                    []byte // header "." claims, as they came
	header, claims, signature []byte // decoded
	buf                       []byte
	json                      objectReader
}

var compacts = sync.Pool{New: func() any { return new(compact) }}

func (c *compact) release() { compacts.Put(c) }

// strictBase64 refuses padding and stray trailing bits. It would skip CR and
// LF, hence the alphabet check in split.
var strictBase64 = base64.RawURLEncoding.Strict()

// parse takes token apart. It reports false for anything else than three
// dot-separated segments of strict base64url.
func (c *compact) parse(token string) bool {
	first, second, ok := split(token)
	if !ok {
		return false
	}
	if size := 2 * len(token); cap(c.buf) < size {
		c.buf = make([]byte, size)
	}
	text, rest := c.buf[:len(token)], c.buf[len(token):cap(c.buf)]
	copy(text, token)
	c.signed = text[:second]
	decode := func(from []byte) []byte {
		n, err := strictBase64.Decode(rest, from)
		ok = ok && err == nil
		decoded := rest[:n:n]
		rest = rest[n:]
		return decoded
	}
	c.header = decode(text[:first])
	c.claims = decode(text[first+1 : second])
	c.signature = decode(text[second+1:])
	return ok
}

// split returns the places of the two dots in token. It reports false where
// there are fewer or more, or a byte outside the base64url alphabet; it stops
// at the first such byte and allocates nothing.
func split(token string) (first, second int, ok bool) {
	dots := 0
	for i := range len(token) {
		switch b := token[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '_':
		case b == '.' && dots < 2:
			dots++
			first, second = second, i
		default:
			return 0, 0, false
		}
	}
	return first, second, dots == 2
}
