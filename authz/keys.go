package authz

import (
	"context"
	"errors"
	"slices"
)

// Header is what a key source may know of a token: two strings out of its JOSE
// header (RFC 7515 §4.1), both chosen by whoever made the token. Keys that the
// header itself carries or points to (jwk, jku, x5c, x5u) are never read.
type Header struct {
	Alg string // one of the pinned algorithms
	Kid string // "" where absent; at most 256 bytes, no control characters
}

// Keys is a source of verification keys. Implementations may be called from
// any goroutine.
type Keys interface {
	// Find returns the keys that may have signed a token with this header; the
	// caller does not change the slice. It may block only as long as ctx
	// allows, and not at all under WithoutLookups. No key and no error says for certain that there is none: the
	// token is invalid. Any error says "cannot answer", which is never blamed
	// on the token; ErrNoKeys says that none is configured at all. Keys beside
	// an error are some of those that may have signed it: they are tried.
	Find(ctx context.Context, h Header) ([]Key, error)
	// Algorithms lists all that its keys could ever serve.
	Algorithms() []string
}

// ErrNoKeys is returned by a Keys that has been given no key.
var ErrNoKeys = errors.New("no verification key is configured")

// Key verifies signatures of one kind. The zero Key verifies nothing.
type Key struct {
	kind       Kind
	algorithms []string
	verify     func(alg string, input, signature []byte) bool
}

// Kind returns the key's kind.
func (k Key) Kind() Kind { return k.kind }

// Serves reports whether the key may verify signatures made with alg: alg must
// belong to the key's kind and to the algorithms that it was made for.
func (k Key) Serves(alg string) bool {
	return k.kind != "" && kindOf(alg) == k.kind && slices.Contains(k.algorithms, alg)
}

// Verify reports whether signature is the signature of input, the bytes before
// the token's second dot (RFC 7515 §5.2), made with alg by this key. It is
// false for every algorithm that the key does not serve.
func (k Key) Verify(alg string, input, signature []byte) bool {
	return k.verify != nil && k.Serves(alg) && k.verify(alg, input, signature)
}
