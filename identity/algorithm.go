package identity

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"math/big"
)

// The closed list of algorithms (RFC 7518 §3.1, RFC 8037 §3.1). Each belongs to
// one kind of key and no other.
const (
	algHS256 = "HS256"
	algEdDSA = "EdDSA"
	algES256 = "ES256"
)

// scalarSize is the size of each half of an ES256 signature (RFC 7518 §3.4).
const scalarSize = 32

// signFunc appends the signature over input to dst. It may keep state, so each
// goroutine needs its own.
type signFunc func(dst, input []byte) ([]byte, error)

// verifyFunc reports whether signature is the key's over input. Sizes are
// exact: a longer signature would be a second spelling of the same assertion.
type verifyFunc func(input, signature []byte) bool

// signHS256 keys its hash once and rewinds it for each call: keying is most of
// the cost.
func signHS256(secret []byte) signFunc {
	mac := hmac.New(sha256.New, secret)
	return func(dst, input []byte) ([]byte, error) {
		mac.Reset()
		mac.Write(input)
		return mac.Sum(dst), nil
	}
}

func verifyHS256(secret []byte) verifyFunc {
	return func(input, signature []byte) bool {
		mac := hmac.New(sha256.New, secret)
		mac.Write(input)
		return hmac.Equal(mac.Sum(nil), signature)
	}
}

func signEdDSA(private ed25519.PrivateKey) signFunc {
	return func(dst, input []byte) ([]byte, error) {
		return append(dst, ed25519.Sign(private, input)...), nil
	}
}

func verifyEdDSA(public ed25519.PublicKey) verifyFunc {
	return func(input, signature []byte) bool {
		return ed25519.Verify(public, input, signature)
	}
}

func signES256(private *ecdsa.PrivateKey) signFunc {
	return func(dst, input []byte) ([]byte, error) {
		digest := sha256.Sum256(input)
		r, s, err := ecdsa.Sign(rand.Reader, private, digest[:])
		if err != nil {
			return nil, fmt.Errorf("identity: ES256: %w", err)
		}
		var halves [2 * scalarSize]byte
		r.FillBytes(halves[:scalarSize])
		s.FillBytes(halves[scalarSize:])
		return append(dst, halves[:]...), nil
	}
}

func verifyES256(public *ecdsa.PublicKey) verifyFunc {
	return func(input, signature []byte) bool {
		if len(signature) != 2*scalarSize {
			return false
		}
		digest := sha256.Sum256(input)
		r := new(big.Int).SetBytes(signature[:scalarSize])
		s := new(big.Int).SetBytes(signature[scalarSize:])
		return ecdsa.Verify(public, digest[:], r, s)
	}
}
