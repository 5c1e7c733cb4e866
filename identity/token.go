package identity

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// token is a compact JWS taken apart (RFC 7515 §7.1), nothing of it believed.
type token struct {
	alg, kid  string
	input     []byte // what the signature is over
	claims    []byte
	signature []byte
}

// parseToken takes the assertion apart. Every part must be in its one strict
// spelling, so that no two verifiers can read one token in two ways.
func parseToken(s string) (token, error) {
	if len(s) > maxToken {
		return token{}, ErrMalformed.about("length")
	}
	parts := strings.SplitN(s, ".", 4)
	if len(parts) != 3 {
		return token{}, ErrMalformed.about("parts")
	}
	head, headOK := decode(parts[0])
	claims, claimsOK := decode(parts[1])
	signature, signatureOK := decode(parts[2])
	if !headOK || !claimsOK || !signatureOK {
		return token{}, ErrMalformed.about("base64url")
	}
	t := token{input: []byte(parts[0] + "." + parts[1]), claims: claims, signature: signature}
	return t, t.readHead(head)
}

// readHead allows alg, kid and typ and nothing else: crit and b64 change what
// the signature means, jwk, jku, x5c and x5u offer the sender's own key.
func (t *token) readHead(head []byte) error {
	fields, ok := readObject(head)
	if !ok {
		return ErrMalformed.about("header")
	}
	for name := range fields {
		if name != "alg" && name != "kid" && name != "typ" {
			return ErrParameter
		}
	}
	typ, typOK := optionalString(fields["typ"])
	alg, algOK := optionalString(fields["alg"])
	kid, kidOK := optionalString(fields["kid"])
	switch {
	case !typOK || !algOK || !kidOK:
		return ErrMalformed.about("header")
	case typ != Type:
		return ErrType
	case alg != algHS256 && alg != algEdDSA && alg != algES256:
		return ErrAlgorithm
	}
	t.alg, t.kid = alg, kid
	return nil
}

// optionalString reads an absent value as "".
func optionalString(value jsontext.Value) (string, bool) {
	if value == nil {
		return "", true
	}
	return readString(value)
}
