package authz

import (
	"crypto"
	"crypto/hmac"
	_ "crypto/sha256" // makes crypto.SHA256 available
	_ "crypto/sha512" // makes crypto.SHA384 and crypto.SHA512 available
	"errors"
	"hash"
	"slices"
	"sync"
)

// MinSecretBytes is the length that every HMAC secret must have. RFC 7518 §3.2
// asks for 48 and 64 bytes with HS384 and HS512; 32 are accepted there too,
// since 256 unguessable bits are enough for any of the three.
const MinSecretBytes = 32

var (
	errShortSecret  = errors.New("HMAC secret has fewer than 32 bytes")
	errPublicSecret = errors.New("HMAC secret is a published example")
)

// publishedSecrets are long enough and known to everybody: what the debugger
// at jwt.io fills in.
var publishedSecrets = [...]string{
	"a-string-secret-at-least-256-bits-long",
	"a-valid-string-secret-that-is-at-least-384-bits-long",
	"a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
}

// hmacAlgorithms in the order of the pools below; never changed.
var hmacAlgorithms = []string{"HS256", "HS384", "HS512"}

// NewHMACKey returns a key for HS256, HS384 and HS512 (RFC 7518 §3.2). It
// copies what it needs of secret. The error says that secret has fewer than
// MinSecretBytes or is a published example.
func NewHMACKey(secret []byte) (Key, error) {
	if len(secret) < MinSecretBytes {
		return Key{}, errShortSecret
	}
	if slices.Contains(publishedSecrets[:], string(secret)) {
		return Key{}, errPublicSecret
	}
	secret = slices.Clone(secret)
	macs := [...]*sync.Pool{
		newMACs(crypto.SHA256, secret), newMACs(crypto.SHA384, secret), newMACs(crypto.SHA512, secret),
	}
	verify := func(alg string, input, signature []byte) bool {
		return verifyMAC(macs[slices.Index(hmacAlgorithms, alg)], input, signature)
	}
	return Key{kind: KindHMAC, algorithms: hmacAlgorithms, verify: verify}, nil
}

// keyedMAC keeps its hash state after the key was mixed in, which is a third
// of the work for an input as short as a token.
type keyedMAC struct {
	hash hash.Hash
	sum  [64]byte
}

func newMACs(h crypto.Hash, secret []byte) *sync.Pool {
	return &sync.Pool{New: func() any { return &keyedMAC{hash: hmac.New(h.New, secret)} }}
}

func verifyMAC(macs *sync.Pool, input, signature []byte) bool {
	m := macs.Get().(*keyedMAC)
	defer macs.Put(m)
	m.hash.Reset()
	m.hash.Write(input) // a hash never fails to write
	return hmac.Equal(signature, m.hash.Sum(m.sum[:0]))
}
