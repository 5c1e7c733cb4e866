package identity_test

import "testing"

// Under the race detector sync.Pool forgets a quarter of what it is given; the
// limit is then only a safety net.
func allocationLimit(exact float64) float64 {
	if raceEnabled {
		return exact + 12
	}
	return exact
}

func TestSigningAllocatesTheTokenAndLittleElse(t *testing.T) {
	for alg, limit := range map[string]float64{"HS256": 1, "EdDSA": 2} {
		signer := newSigner(t, testKeys(t)[alg])
		got := testing.AllocsPerRun(200, func() { must(signer.Sign(alice, upgrade, now)) })
		if got > allocationLimit(limit) {
			t.Errorf("%s: %v allocations, want at most %v", alg, got, limit)
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for _, alg := range []string{"HS256", "EdDSA", "ES256"} {
		signer := newSigner(b, testKeys(b)[alg])
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(signer.Sign(alice, upgrade, now))
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, alg := range []string{"HS256", "EdDSA", "ES256"} {
		key := testKeys(b)[alg]
		v, r := verifierFor(key), signedRequest(b, newSigner(b, key))
		v.RequireSingleUse = false
		b.Run(alg, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				must(v.Verify(r))
			}
		})
	}
}
