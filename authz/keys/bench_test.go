package keys_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/sha256"
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

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

// turns is how often each runs before the other's turn: about a millisecond.
const turns = 16

// beside runs both in turn, so that what else the machine does hits both alike,
// and reports medians: of ours over the bare check in each pair of turns.
func beside(b *testing.B, ours, bare func() bool) {
	b.ReportAllocs()
	took := func(once func() bool) float64 {
		start := time.Now()
		for range turns {
			if !once() {
				b.Fatal("refused")
			}
		}
		return float64(time.Since(start).Nanoseconds()) / turns
	}
	var bares, ratios []float64
	for b.Loop() {
		base := took(bare)
		bares, ratios = append(bares, base), append(ratios, took(ours)/base)
	}
	slices.Sort(bares)
	slices.Sort(ratios)
	b.ReportMetric(bares[len(bares)/2], "ns/bare")
	b.ReportMetric(ratios[len(ratios)/2], "×bare")
}

// A decision beside the bare check of the same signature, where an operation is
// 16 of each: allocations are of both.
func BenchmarkPublicKeys(b *testing.B) {
	for _, alg := range []string{"EdDSA", "ES256"} {
		static, err := keys.ParsePEM(publicPEM(b, alg))
		if err != nil {
			b.Fatal(err)
		}
		remote := follow(b, keys.JWKSOptions{URL: newIssuer(b, set(jwk("k", pairs()[alg].Public()))).URL}).good(b)
		v, w := verifier(b, static), verifier(b, remote)
		text := token(b, alg, "k", pairs()[alg])
		b.Run(alg+"/PEM", func(b *testing.B) {
			beside(b, func() bool { return v.Decide(context.Background(), text).Allow }, bare(b, alg, text))
		})
		b.Run(alg+"/JWKS", func(b *testing.B) {
			beside(b, func() bool { return w.Decide(context.Background(), text).Allow }, bare(b, alg, text))
		})
	}
}
