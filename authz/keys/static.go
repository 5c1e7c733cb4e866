package keys

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/syncward/syncward/authz"
)

// maxTried bounds the keys that are tried on one token: whoever sends it pays
// for none of them.
const maxTried = 8

// publicAlgorithms are all that public keys can serve; never changed.
var publicAlgorithms = []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"}

// Static is a source of public keys that never change. A token's kid picks
// nothing here: every key of the right kind is tried.
type Static struct {
	keys       []authz.Key
	algorithms []string
}

// ParsePEM reads one to eight public keys, each a PEM block PUBLIC KEY (RFC
// 7468 §13) or RSA PUBLIC KEY (RFC 8017 A.1.1): RSA of at least 2048 bits, EC
// on P-256 or P-384, Ed25519. The error says what is wrong, and holds nothing
// of the text.
func ParsePEM(text []byte) (*Static, error) {
	s := &Static{}
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			break
		}
		key, err := parseBlock(block)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, key)
		text = rest
	}
	switch {
	case len(s.keys) == 0:
		return nil, errors.New("no PEM block")
	case len(s.keys) > maxTried:
		return nil, fmt.Errorf("more than %d keys", maxTried)
	case strings.Contains(string(text), "-----BEGIN"):
		return nil, errors.New("a PEM block that cannot be read")
	}
	for _, alg := range publicAlgorithms {
		if slices.ContainsFunc(s.keys, func(k authz.Key) bool { return k.Serves(alg) }) {
			s.algorithms = append(s.algorithms, alg)
		}
	}
	return s, nil
}

func parseBlock(block *pem.Block) (authz.Key, error) {
	var key crypto.PublicKey
	var err error
	switch {
	case block.Type == "PUBLIC KEY":
		key, err = x509.ParsePKIXPublicKey(block.Bytes)
	case block.Type == "RSA PUBLIC KEY":
		key, err = x509.ParsePKCS1PublicKey(block.Bytes)
	case strings.HasSuffix(block.Type, "PRIVATE KEY"):
		return authz.Key{}, errors.New("a private key, which belongs to the issuer alone")
	default:
		return authz.Key{}, errors.New("a PEM block that is no public key")
	}
	if err != nil {
		return authz.Key{}, errors.New("a public key that cannot be read")
	}
	return authz.NewPublicKey(key, "")
}

// Find returns the keys that serve the header's algorithm; it never blocks.
func (s *Static) Find(_ context.Context, h authz.Header) ([]authz.Key, error) {
	return serving(s.keys, h.Alg), nil
}

// Algorithms returns those that the keys serve.
func (s *Static) Algorithms() []string { return slices.Clone(s.algorithms) }

// serving returns the keys that serve alg: keys itself where all do.
func serving(keys []authz.Key, alg string) []authz.Key {
	other := func(k authz.Key) bool { return !k.Serves(alg) }
	if !slices.ContainsFunc(keys, other) {
		return keys
	}
	return slices.DeleteFunc(slices.Clone(keys), other)
}
