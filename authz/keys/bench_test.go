package keys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"math/big"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz/keys"
)

// bare verifies the signature of a token and does nothing else.
func bare(tb testing.TB, alg, token string) func() bool {
	end := strings.LastIndexByte(token, '.')
	input := []byte(token[:end])
	signature := decode64(tb, token[end+1:])
	switch key := pairs()[alg].Public().(type) {
	case ed25519.PublicKey:
		return func() bool { return ed25519.Verify(key, input, signature) }
	case *ecdsa.PublicKey:
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return func() bool {
			digest := sha256.Sum256(input)
			return ecdsa.Verify(key, digest[:], r, s)
		}
	case crypto.PublicKey:
		tb.Fatalf("no bare check for %s", alg)
	}
	return nil
}

// The two sub-benchmarks of an algorithm are one run over the same token.
func BenchmarkPublicKeys(b *testing.B) {
	for _, alg := range []string{"EdDSA", "ES256"} {
		static, err := keys.ParsePEM(publicPEM(b, alg))
		if err != nil {
			b.Fatal(err)
		}
		remote := follow(b, keys.JWKSOptions{URL: newIssuer(b, set(jwk("k", pairs()[alg].Public()))).URL}).good(b)
		v, w := verifier(b, static), verifier(b, remote)
		text := token(b, alg, "k", pairs()[alg])
		for _, c := range []struct {
			name string
			once func() bool
		}{
			{"bare-signature", bare(b, alg, text)},
			{"decide-by-PEM", func() bool { return v.Decide(context.Background(), text).Allow }},
			{"decide-by-JWKS", func() bool { return w.Decide(context.Background(), text).Allow }},
		} {
			b.Run(alg+"/"+c.name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if !c.once() {
						b.Fatal("refused")
					}
				}
			})
		}
	}
}
