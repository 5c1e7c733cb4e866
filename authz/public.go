package authz

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"math/big"
)

// The sizes of RSA keys, in bits: RFC 7518 §3.3 asks for the least, and beyond
// the most a signature costs more to verify than any issuer needs.
const (
	minRSABits = 2048
	maxRSABits = 8192
)

var (
	errKeyKind   = errors.New("public key is neither RSA, EC P-256, EC P-384 nor Ed25519")
	errRSASize   = errors.New("RSA key has fewer than 2048 bits, or more than 8192")
	errRSAForm   = errors.New("RSA key has an even modulus or exponent, or the exponent 1")
	errECPoint   = errors.New("EC key is no point of its curve")
	errKeyLength = errors.New("Ed25519 key has not 32 bytes")
	errOtherAlg  = errors.New("public key cannot serve its algorithm")
)

// NewPublicKey returns a key that verifies signatures with key: an
// *rsa.PublicKey of 2048 to 8192 bits (RS256 and PS256), an *ecdsa.PublicKey
// on P-256 (ES256) or P-384 (ES384), or an ed25519.PublicKey (EdDSA). Where
// only is not empty it serves that algorithm alone. key must not change
// afterwards. The error says what is wrong with it, and holds no part of it.
func NewPublicKey(key crypto.PublicKey, only string) (Key, error) {
	k, err := publicKey(key)
	switch {
	case err != nil:
		return Key{}, err
	case only == "":
		return k, nil
	case !k.Serves(only):
		return Key{}, errOtherAlg
	}
	k.algorithms = []string{only}
	return k, nil
}

func publicKey(key crypto.PublicKey) (Key, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		return rsaKey(key)
	case *ecdsa.PublicKey:
		return ecKey(key)
	case ed25519.PublicKey:
		if len(key) != ed25519.PublicKeySize {
			return Key{}, errKeyLength
		}
		verify := func(_ string, input, signature []byte) bool { return ed25519.Verify(key, input, signature) }
		return Key{kind: KindEd25519, algorithms: []string{"EdDSA"}, verify: verify}, nil
	}
	return Key{}, errKeyKind
}

// rsaKey serves RFC 7518 §3.3 and §3.5, whose salt is as long as the hash.
func rsaKey(key *rsa.PublicKey) (Key, error) {
	switch {
	case key.N == nil || key.N.BitLen() < minRSABits || key.N.BitLen() > maxRSABits:
		return Key{}, errRSASize
	case key.N.Bit(0) == 0 || key.E < 3 || key.E%2 == 0:
		return Key{}, errRSAForm
	}
	salt := &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}
	verify := func(alg string, input, signature []byte) bool {
		digest := sha256.Sum256(input)
		if alg == "PS256" {
			return rsa.VerifyPSS(key, crypto.SHA256, digest[:], signature, salt) == nil
		}
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature) == nil
	}
	return Key{kind: KindRSA, algorithms: []string{"RS256", "PS256"}, verify: verify}, nil
}

// ecKey serves RFC 7518 §3.4: the signature is r and s, each as long as the
// curve's order, one behind the other.
func ecKey(key *ecdsa.PublicKey) (Key, error) {
	var alg string
	switch key.Curve {
	case elliptic.P256():
		alg = "ES256"
	case elliptic.P384():
		alg = "ES384"
	default:
		return Key{}, errKeyKind
	}
	if _, err := key.Bytes(); err != nil {
		return Key{}, errECPoint
	}
	size := key.Curve.Params().BitSize / 8
	verify := func(alg string, input, signature []byte) bool {
		if len(signature) != 2*size {
			return false
		}
		r, s := new(big.Int).SetBytes(signature[:size]), new(big.Int).SetBytes(signature[size:])
		if alg == "ES384" {
			digest := sha512.Sum384(input)
			return ecdsa.Verify(key, digest[:], r, s)
		}
		digest := sha256.Sum256(input)
		return ecdsa.Verify(key, digest[:], r, s)
	}
	return Key{kind: KindEC, algorithms: []string{alg}, verify: verify}, nil
}
