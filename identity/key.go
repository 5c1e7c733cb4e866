package identity

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
)

// MinSecret is the least length of an HMAC secret, in bytes (RFC 7518 §3.2).
const MinSecret = 32

// Key is a key that signs assertions. The zero value is no key. It prints as
// its algorithm and key id, never its secret.
type Key struct{ private *privateKey }

// privateKey can make signers. Like verifyKey it holds its key only inside
// functions: fmt follows pointers for verbs that do not fit them, and a key
// lies in other people's structs, where its String method is not called.
type privateKey struct {
	verifyKey
	newSign func() signFunc
}

// ParseKey reads a signing key: one PEM private key, Ed25519 or EC P-256, in
// PKCS#8 or SEC 1 form, or else an HMAC secret of at least 32 bytes, taken as
// it is. Anything that looks like PEM is never taken for a secret. Errors:
// ErrKeyShort, ErrKeyFormat, ErrKeyType.
func ParseKey(data []byte) (Key, error) {
	if bytes.Contains(data, []byte("-----BEGIN")) {
		return parsePEM(data)
	}
	if len(data) < MinSecret {
		return Key{}, ErrKeyShort
	}
	return newHMACKey(data), nil
}

// GenerateKey returns a fresh Ed25519 key, for a process that was given none.
// What it signed cannot be verified once the process and its JWKS are gone.
func GenerateKey() Key {
	var seed [ed25519.SeedSize]byte
	rand.Read(seed[:]) // never fails, by its documentation
	return newEdKey(ed25519.NewKeyFromSeed(seed[:]))
}

// KeyID returns the key's kid: the RFC 7638 thumbprint of a public key; for an
// HMAC secret a value that tells nothing about it. "" for the zero Key.
func (k Key) KeyID() string {
	if k.private == nil {
		return ""
	}
	return k.private.kid
}

// Algorithm returns HS256, EdDSA or ES256; "" for the zero Key.
func (k Key) Algorithm() string {
	if k.private == nil {
		return ""
	}
	return k.private.alg
}

// String returns the algorithm and key id, nothing secret.
func (k Key) String() string { return "identity.Key(" + k.Algorithm() + " " + k.KeyID() + ")" }

// GoString does as String, for %#v.
func (k Key) GoString() string { return k.String() }

// parsePEM drops the parsers' own errors: they may quote what they read.
func parsePEM(data []byte) (Key, error) {
	data = bytes.TrimSpace(data)
	if !bytes.HasPrefix(data, []byte("-----BEGIN")) {
		return Key{}, ErrKeyFormat
	}
	block, rest := pem.Decode(data)
	if block != nil && block.Type == "EC PARAMETERS" { // openssl ecparam writes them in front
		block, rest = pem.Decode(rest)
	}
	if block == nil || len(bytes.TrimSpace(rest)) > 0 {
		return Key{}, ErrKeyFormat
	}
	var parsed any
	var err error
	switch block.Type {
	case "PRIVATE KEY":
		parsed, err = x509.ParsePKCS8PrivateKey(block.Bytes)
	case "EC PRIVATE KEY":
		parsed, err = x509.ParseECPrivateKey(block.Bytes)
	default:
		return Key{}, ErrKeyType
	}
	if err != nil {
		return Key{}, ErrKeyFormat
	}
	switch private := parsed.(type) {
	case ed25519.PrivateKey:
		return newEdKey(private), nil
	case *ecdsa.PrivateKey:
		if private.Curve == elliptic.P256() {
			return newECKey(private)
		}
	}
	return Key{}, ErrKeyType
}

func newHMACKey(secret []byte) Key {
	secret = bytes.Clone(secret)
	return Key{&privateKey{
		verifyKey: newHMACVerifyKey(secret),
		newSign:   func() signFunc { return signHS256(secret) },
	}}
}

func newEdKey(private ed25519.PrivateKey) Key {
	return Key{&privateKey{
		verifyKey: newEdVerifyKey(private.Public().(ed25519.PublicKey)),
		newSign:   func() signFunc { return signEdDSA(private) },
	}}
}

func newECKey(private *ecdsa.PrivateKey) (Key, error) {
	point, err := private.PublicKey.Bytes()
	if err != nil {
		return Key{}, ErrKeyFormat
	}
	public, err := newECVerifyKey(point)
	if err != nil {
		return Key{}, ErrKeyFormat
	}
	return Key{&privateKey{verifyKey: public, newSign: func() signFunc { return signES256(private) }}}, nil
}
