package keys

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"math/big"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/authz"
)

// maxKeys bounds a set: an issuer has two keys, or a few for each tenant.
const maxKeys = 256

var (
	errNoSet    = errors.New("is no JWK set")
	errManyKeys = errors.New("holds more than 256 keys")
	errNoUsable = errors.New("holds no usable key")
)

// namedKey is a key of a set with its kid, "" where it has none.
type namedKey struct {
	kid string
	key authz.Key
}

// jwk is what is read of a key (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2). x5u,
// x5c and the like are not.
type jwk struct {
	Kty    string         `json:"kty"`
	Use    string         `json:"use"`
	KeyOps []string       `json:"key_ops"`
	Alg    string         `json:"alg"`
	Kid    string         `json:"kid"`
	Crv    string         `json:"crv"`
	N      string         `json:"n"`
	E      string         `json:"e"`
	X      string         `json:"x"`
	Y      string         `json:"y"`
	D      jsontext.Value `json:"d"` // the private part
}

// parseSet reads a JWK set (RFC 7517 §5) strictly: duplicate names and invalid
// UTF-8 are errors. Keys that this package cannot use are left out, as §5
// asks: another kind, use or algorithm, a broken one, and HMAC or private keys,
// which everybody who can read the set could sign with.
func parseSet(document []byte) ([]namedKey, error) {
	var set struct {
		Keys []jsontext.Value `json:"keys"`
	}
	if json.Unmarshal(document, &set) != nil {
		return nil, errNoSet
	}
	if len(set.Keys) > maxKeys {
		return nil, errManyKeys
	}
	var usable []namedKey
	for _, member := range set.Keys {
		var j jwk
		if json.Unmarshal(member, &j) != nil {
			continue
		}
		if key, ok := j.key(); ok {
			usable = append(usable, namedKey{j.Kid, key})
		}
	}
	if len(usable) == 0 {
		return nil, errNoUsable
	}
	return usable, nil
}

// key returns the verification key that j is, false where it is none.
func (j *jwk) key() (authz.Key, bool) {
	switch {
	case j.Use != "" && j.Use != "sig", j.D != nil:
		return authz.Key{}, false
	case j.KeyOps != nil && !slices.Contains(j.KeyOps, "verify"):
		return authz.Key{}, false
	}
	var public crypto.PublicKey
	switch {
	case j.Kty == "RSA":
		public = j.rsa()
	case j.Kty == "EC" && j.Crv == "P-256":
		public = j.ec(elliptic.P256())
	case j.Kty == "EC" && j.Crv == "P-384":
		public = j.ec(elliptic.P384())
	case j.Kty == "OKP" && j.Crv == "Ed25519":
		public = ed25519.PublicKey(decode(j.X))
	}
	key, err := authz.NewPublicKey(public, j.Alg)
	return key, err == nil
}

// rsa reads RFC 7518 §6.3.1; an exponent beyond 32 bits is none.
func (j *jwk) rsa() *rsa.PublicKey {
	exponent := new(big.Int).SetBytes(decode(j.E))
	if exponent.BitLen() > 31 {
		return &rsa.PublicKey{}
	}
	return &rsa.PublicKey{N: new(big.Int).SetBytes(decode(j.N)), E: int(exponent.Int64())}
}

// ec reads RFC 7518 §6.2.1: both coordinates at full length.
func (j *jwk) ec(curve elliptic.Curve) crypto.PublicKey {
	x, y := decode(j.X), decode(j.Y)
	if size := curve.Params().BitSize / 8; len(x) != size || len(y) != size {
		return nil
	}
	key, err := ecdsa.ParseUncompressedPublicKey(curve, slices.Concat([]byte{4}, x, y))
	if err != nil {
		return nil
	}
	return key
}

// decode reads strict base64url (RFC 7515 §2); nil for anything else.
func decode(text string) []byte {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}
