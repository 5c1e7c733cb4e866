package authz_test

import (
	"context"
	"crypto/sha256"
	"slices"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
)

// benchmarkToken is of an ordinary size: 345 bytes.
func benchmarkToken() string {
	return hs256(claims(`jti="0192f0c1-7a52-7c1e-9a55-6d1f0c9f9d10"`, `scope="sync:read sync:write openid profile"`, "nbf=1799999940"))
}

// bareParse is golang-jwt's parse of token with nothing but the algorithm
// pinned.
func bareParse(tb testing.TB, token string) func() {
	parser := jwt.NewParser(jwt.WithValidMethods([]string{"HS256"}), jwt.WithTimeFunc(clock))
	key := func(*jwt.Token) (any, error) { return []byte(secret), nil }
	return func() {
		if _, err := parser.Parse(token, key); err != nil {
			tb.Fatal(err)
		}
	}
}

func decideOnce(tb testing.TB, v *authz.Verifier, token string) func() {
	return func() {
		if d := v.Decide(context.Background(), token); !d.Allow {
			tb.Fatal(d.Reason)
		}
	}
}

// A decision and golang-jwt's bare parse of the same token in turn, so that what
// else the machine does hits both alike; the medians of many turns are reported.
func BenchmarkHS256BesideGolangJWT(b *testing.B) {
	token := benchmarkToken()
	ours, theirs := decideOnce(b, verifier(b), token), bareParse(b, token)
	const turns = 64
	took := func(once func()) float64 {
		start := time.Now()
		for range turns {
			once()
		}
		return float64(time.Since(start).Nanoseconds()) / turns
	}
	var parses, ratios []float64
	for b.Loop() {
		parse := took(theirs)
		parses, ratios = append(parses, parse), append(ratios, took(ours)/parse)
	}
	slices.Sort(parses)
	slices.Sort(ratios)
	b.ReportMetric(parses[len(parses)/2], "ns/parse")
	b.ReportMetric(ratios[len(ratios)/2], "×parse")
}

func BenchmarkHS256(b *testing.B) {
	token := benchmarkToken()
	for _, c := range []struct {
		name string
		once func()
	}{{"decide", decideOnce(b, verifier(b), token)}, {"golang-jwt-bare-parse", bareParse(b, token)}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				c.once()
			}
		})
	}
	b.Run("bare-hmac", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mac(sha256.New, secret, token)
		}
	})
}

func BenchmarkRefuse(b *testing.B) {
	v := verifier(b)
	forged := signed256(otherSecret, plainHeader, claims())
	for _, c := range []struct{ name, token string }{{"forged", forged}, {"dots", "..............."}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Decide(context.Background(), c.token)
			}
		})
	}
}

// The userId and the jti are what a decision keeps; the rest is reused. The
// race detector drops pooled memory on purpose, so under it only golang-jwt
// is the measure.
func TestDecidingAllocatesNextToNothing(t *testing.T) {
	token := benchmarkToken()
	const most = 2
	ours := testing.AllocsPerRun(200, decideOnce(t, verifier(t), token))
	theirs := testing.AllocsPerRun(200, bareParse(t, token))
	t.Logf("allocations: %v, golang-jwt's bare parse: %v", ours, theirs)
	if ours > theirs/2 || !raceDetector && ours > most {
		t.Errorf("%v allocations, want at most %d; golang-jwt's bare parse: %v", ours, most, theirs)
	}
}
