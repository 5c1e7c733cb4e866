package proxy_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// each lets a user have n connections.
func each(n int) func(*proxy.Config) { return func(c *proxy.Config) { c.MaxPerUser = n } }

// enterAs opens a connection of user by the first frame, or by a header where
// the rig looks there alone, and returns it with what its client hears.
func (r *rig) enterAs(token string, lines ...string) (*conn, string) {
	r.t.Helper()
	c := r.dial().send(head("/sync", lines...))
	if code, _ := c.status(); code != 101 {
		return c, fmt.Sprint(code)
	}
	c.text(initFrame(token))
	return c, c.read().payload
}

const surplus = "\x11\x4dRATE_LIMITED" // 4429

func TestAUserHasSoManyConnectionsAndTheNextIsRefused(t *testing.T) {
	for name, row := range map[string]struct {
		config func(*proxy.Config)
		want   string
	}{
		"by the first frame":         {func(*proxy.Config) {}, surplus},
		"by the request":             {opaque, "429"},
		"by the request, in a close": {func(c *proxy.Config) { opaque(c); c.RejectHTTP = false }, surplus},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, row.config, each(2))
			enter := func(user string) (*conn, string) { return r.enterAs(r.good(user), bearer(r.good(user))) }
			first, told := enter("ada")
			_, again := enter("ada")
			if !strings.HasPrefix(told, "ack:") || !strings.HasPrefix(again, "ack:") {
				t.Fatalf("within the limit: %q, %q", told, again)
			}
			if _, told := enter("ada"); told != row.want {
				t.Errorf("beyond it: %q, want %q", told, row.want)
			}
			if at := r.seen.last(t); at.Code != authz.RateLimited || at.Reason != authz.ReasonLimit || at.UserID != "ada" || at.Quiet {
				t.Errorf("attempt %+v", at)
			}
			if r.enterAs(r.token("ada", -30*time.Hour, -29*time.Hour), bearer(r.token("ada", -30*time.Hour, -29*time.Hour))); r.seen.last(t).Code != authz.TokenExpired {
				t.Errorf("an expired token: attempt %+v", r.seen.last(t))
			}
			if _, told := enter("bob"); !strings.HasPrefix(told, "ack:") {
				t.Errorf("another user: %q", told)
			}
			_ = first.Close()
			eventually(t, "the place is given back", func() bool { return r.server.Connections() == 2 })
			if _, told := enter("ada"); !strings.HasPrefix(told, "ack:") {
				t.Errorf("in a place that was given back: %q", told)
			}
			if _, told := enter("ada"); told != row.want {
				t.Errorf("beyond the limit again: %q", told)
			}
		})
	}
}

func TestTheLimitHoldsForAUserWhoComesInManyTimesAtOnce(t *testing.T) {
	r := newRig(t, each(1))
	var all []*conn
	for range 5 {
		all = append(all, r.open("/sync"))
	}
	for _, c := range all {
		c.text(initFrame(r.good("ada")))
	}
	in := 0
	for _, c := range all {
		switch got := c.read().payload; got {
		case "ack:" + stripped:
			in++
		case surplus:
		default:
			t.Errorf("%q", got)
		}
	}
	if in != 1 {
		t.Errorf("%d were let in", in)
	}
}

func TestAUsersPlaceThatNoRelayTookIsGivenBack(t *testing.T) {
	for name, config := range map[string]func(*proxy.Config){"by the request": opaque, "by the first frame": func(*proxy.Config) {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, config, each(1), towards(t, func(c net.Conn, head string) {
				switch {
				case strings.HasPrefix(head, "GET /refused "):
					_, _ = fmt.Fprint(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
				case !strings.HasPrefix(head, "GET /lost "):
					_, _ = fmt.Fprint(c, switching(head), "\x81\x02hi")
					_, _ = io.Copy(io.Discard, c)
				}
			}))
			for _, path := range []string{"/refused", "/lost", "/sync"} {
				eventually(t, "a place for "+path, func() bool {
					told := r.told(head(path, bearer(r.good("ada"))), initFrame(r.good("ada")))
					return !strings.HasPrefix(told, "429") && !strings.HasPrefix(told, "4429") && (path != "/sync" || told == "admitted")
				})
			}
		})
	}
}

func TestPlainRequestsAndAnonymousConnectionsTakeNoUsersPlace(t *testing.T) {
	r := newRig(t, opaque, each(1))
	if _, told := r.enterAs("", bearer(r.good("ada"))); told == "429" {
		t.Fatal("the first")
	}
	for range 3 {
		if told := r.told(plain("GET", "/p", bearer(r.good("ada"))), ""); told != "200 " {
			t.Errorf("a plain request: %s", told)
		}
	}
	r.policy.set(authz.Observe, 100)
	for range 3 {
		if _, told := r.enterAs(""); !strings.HasPrefix(told, "ack:") {
			t.Errorf("an anonymous connection: %q", told)
		}
		if at := r.seen.last(t); at.Observed != authz.AuthRequired {
			t.Errorf("an anonymous connection: attempt %+v", at)
		}
	}
	r.policy.set(authz.Off, 100)
	for range 3 {
		if _, told := r.enterAs("", bearer(r.good("ada"))); !strings.HasPrefix(told, "ack:") {
			t.Errorf("in mode off: %q", told)
		}
	}
}

func TestObserveCountsASurplusConnectionAndAdmitsItAsAnonymous(t *testing.T) {
	r := newRig(t, opaque, each(1))
	r.policy.set(authz.Observe, 100)
	for i, want := range []authz.Status{authz.Valid, authz.Anonymous, authz.Anonymous} {
		if _, told := r.enterAs("", bearer(r.good("ada"))); !strings.HasPrefix(told, "ack:") {
			t.Fatalf("connection %d: %q", i, told)
		}
		if at := r.seen.last(t); at.Status != want || (at.Observed == authz.RateLimited) != (i > 0) || at.Code != "" {
			t.Errorf("connection %d: attempt %+v", i, at)
		}
	}
}

// A token that is good is no failure, however often its user comes.
func TestASurplusConnectionIsNoFailureOfItsAddress(t *testing.T) {
	r := newRig(t, opaque, each(1), throttledAt(2))
	for range 5 {
		r.enterAs("", bearer(r.good("ada")))
	}
	if told := r.told(plain("GET", "/p", bearer(forged)), ""); !strings.HasPrefix(told, "401") {
		t.Errorf("a forged token then: %s", told)
	}
}
