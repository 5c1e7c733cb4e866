package proxy_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy"
)

// crowd registers n live connections, of users 0 to n-1, without sockets.
func crowd(tb testing.TB, n int, expires time.Time) *proxy.Sessions {
	tb.Helper()
	key, err := identity.ParseKey([]byte(identKey))
	must(tb, err)
	signer, err := identity.NewSigner(identity.SignerOptions{Key: key})
	must(tb, err)
	v, err := authz.New(authz.Config{})
	must(tb, err)
	s, err := proxy.New(proxy.Config{
		Upstream: proxy.Upstream{Network: "tcp", Address: "127.0.0.1:1"}, Protocol: payload.JSON{}, Signer: signer, Decide: v.Decide,
	})
	must(tb, err)
	all := proxy.NewSessions(s, n, func(i int) authz.Decision {
		d := authz.Decision{Allow: true, Status: authz.Valid, UserID: fmt.Sprint(i)}
		if !expires.IsZero() {
			d.ExpiresAt, d.GraceEndsAt = expires, expires.Add(24*time.Hour)
		}
		return d
	})
	tb.Cleanup(all.Done)
	return all
}

// Who is revoked is found among 100 000 as fast as among 1 000.
func BenchmarkTheSessionsOfOneUser(b *testing.B) {
	for _, n := range []int{1_000, 100_000} {
		all := crowd(b, n, time.Time{})
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if all.Of("500") != 1 {
					b.Fatal("not found")
				}
			}
		})
	}
}

// What a deadline costs: an operation arms one.
func BenchmarkADeadline(b *testing.B) {
	all := crowd(b, b.N, time.Now().Add(time.Hour))
	b.ReportAllocs()
	b.ResetTimer()
	all.Watch()
}
