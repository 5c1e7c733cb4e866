package proxy_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

// throttledAt lets an address fail n times a minute.
func throttledAt(n int) func(*proxy.Config) {
	return func(c *proxy.Config) { c.FailuresPerMinute = n }
}

// inTheRequest looks for the credential everywhere but in a frame.
func inTheRequest(c *proxy.Config) { opaque(c); everySource(c); c.Sources = c.Sources[1:] }

const forged = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJldmUifQ.c2lnbmF0dXJlLW9mLW5vYm9keQ"

// told makes an attempt and returns what its client hears: a status, a close
// code, or what the upstream says to an admitted one.
func (r *rig) told(request, frame string) string {
	r.t.Helper()
	c := r.dial().send(request)
	defer c.Close()
	res := c.answer()
	if res.StatusCode != 101 {
		return fmt.Sprint(res.StatusCode, " ", res.Header.Get("Retry-After"))
	}
	_, _ = c.Write(framing.AppendFrame(nil, true, framing.Text, []byte(frame), &[4]byte{1}))
	g := c.read()
	if g.Opcode != framing.CloseFrame {
		return "admitted"
	}
	cl, err := framing.ParseClose([]byte(g.payload))
	must(r.t, err)
	return fmt.Sprint(cl.Code, " ", cl.Reason)
}

// exhaust has this machine's address fail as often as it may.
func (r *rig) exhaust(n int) {
	r.t.Helper()
	for range n {
		if told := r.told(plain("GET", "/p"), ""); !strings.HasPrefix(told, "401") {
			r.t.Fatalf("within the limit: %s", told)
		}
	}
}

// wayIn is one way to bring a token, and what a client hears that is refused
// for having failed too often.
type wayIn struct {
	name    string
	config  func(*proxy.Config)
	request func(token string) string
	frame   func(token string) string
	want    string
}

func waysIn() []wayIn {
	const asHTTP, asClose = "429 5", "4429 RATE_LIMITED"
	hello := func(string) string { return "hello" }
	upgrade := func(lines ...string) func(string) string {
		return func(token string) string {
			return head("/sync", strings.ReplaceAll(strings.Join(lines, "\r\n"), "TOKEN", token))
		}
	}
	bare := func(string) string { return head("/sync") }
	return []wayIn{
		{"first frame", everySource, bare, initFrame, asClose},
		{"header before a frame", everySource, upgrade("Authorization: Bearer TOKEN"), func(string) string { return stripped }, asClose},
		{"header", inTheRequest, upgrade("Authorization: Bearer TOKEN"), hello, asHTTP},
		{"subprotocol", inTheRequest, upgrade("Sec-WebSocket-Protocol: bearer.TOKEN"), hello, asHTTP},
		{"cookie", inTheRequest, upgrade("Origin: https://a", "Cookie: sync_token=TOKEN"), hello, asHTTP},
		{"query", inTheRequest, func(token string) string { return head("/sync?token=" + token) }, hello, asHTTP},
		{"payload", asLiveStore, func(token string) string { return head(liveStorePath(token)) }, func(token string) string { return pull("mine", token) }, asHTTP},
		{"plain HTTP", inTheRequest, func(token string) string { return plain("GET", "/p", bearer(token)) }, hello, asHTTP},
		{"plain HTTP with a payload", asLiveStore, func(token string) string {
			return post(strings.Replace(liveStorePath(token), "=ws", "=http", 1), httpPull("mine", token))
		}, hello, asHTTP},
	}
}

func TestBeyondTheLimitEveryFailingAttemptIsRefusedTheCheapWay(t *testing.T) {
	for _, way := range waysIn() {
		t.Run(way.name, func(t *testing.T) {
			r := newRig(t, way.config, throttledAt(2))
			r.exhaust(2)
			for _, bad := range []string{forged, "garbage", ""} {
				if told := r.told(way.request(bad), way.frame(bad)); told != way.want {
					t.Errorf("%q: %s, want %s", bad, told, way.want)
				}
				at := r.seen.last(t)
				if at.Code != authz.RateLimited || at.Reason != authz.ReasonLimit || !at.Quiet || at.Observed != "" {
					t.Errorf("%q: attempt %+v", bad, at)
				}
			}
			for _, at := range r.seen.attempts[:2] {
				if at.Quiet || at.Code != authz.AuthRequired {
					t.Errorf("within the limit: attempt %+v", at)
				}
			}
			r.legacy.untouched(t)
		})
	}
}

func TestAGoodTokenIsAdmittedBehindAnAddressThatFails(t *testing.T) {
	for _, way := range waysIn() {
		t.Run(way.name, func(t *testing.T) {
			r := newRig(t, way.config, throttledAt(1))
			r.exhaust(1)
			for range 3 {
				good := r.good("ada")
				if told := r.told(way.request(good), way.frame(good)); told != "admitted" && !strings.HasPrefix(told, "200") {
					t.Errorf("%s", told)
				}
				if at := r.seen.last(t); at.UserID != "ada" || at.Quiet {
					t.Errorf("attempt %+v", at)
				}
			}
			if told := r.told(way.request(forged), way.frame(forged)); told != way.want {
				t.Errorf("a forged one then: %s", told)
			}
		})
	}
}

// lookups notes of each decision whether it might have looked something up.
type lookups struct {
	mu  sync.Mutex
	all []bool
}

func (l *lookups) watch(c *proxy.Config) {
	decide := c.Decide
	c.Decide = func(ctx context.Context, token string) authz.Decision {
		l.mu.Lock()
		l.all = append(l.all, authz.MayLookUp(ctx))
		l.mu.Unlock()
		return decide(ctx, token)
	}
}

func (l *lookups) allowed() []bool { l.mu.Lock(); defer l.mu.Unlock(); return slices.Clone(l.all) }

func TestNothingIsLookedUpForAnAddressThatFails(t *testing.T) {
	for _, way := range waysIn() {
		t.Run(way.name, func(t *testing.T) {
			var seen lookups
			r := newRig(t, way.config, throttledAt(1), seen.watch)
			r.told(way.request(r.good("ada")), way.frame(r.good("ada")))
			before := len(seen.allowed())
			r.exhaust(1)
			r.told(way.request(forged), way.frame(forged))
			allowed := seen.allowed()
			for i, may := range allowed {
				if may != (i < before) {
					t.Errorf("decision %d of %d, %d before the limit: may look up: %v", i, len(allowed), before, may)
				}
			}
			if before == 0 || len(allowed) == before {
				t.Errorf("%d decisions, %d before the limit: the test proves nothing", len(allowed), before)
			}
		})
	}
}

func TestWhereNobodyIsRefusedNobodyIsThrottled(t *testing.T) {
	for name, set := range map[string]func(*rig){
		"observe":          func(r *rig) { r.policy.set(authz.Observe, 100) },
		"off":              func(r *rig) { r.policy.set(authz.Off, 100) },
		"a share of users": func(r *rig) { r.policy.set(authz.Enforce, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			var seen lookups
			r := newRig(t, inTheRequest, throttledAt(1), seen.watch)
			r.exhaust(1)
			set(r)
			for range 3 {
				if told := r.told(head("/sync", bearer(forged)), "hello"); told != "admitted" {
					t.Errorf("an upgrade: %s", told)
				}
				if told := r.told(plain("GET", "/p", bearer(forged)), ""); told != "200 " {
					t.Errorf("a request: %s", told)
				}
			}
			if told := r.told(head("/sync?token=a&token=b"), "hello"); name != "off" && told != "400 " {
				t.Errorf("two tokens: %s", told)
			}
			for _, may := range seen.allowed() {
				if !may {
					t.Error("a decision might look nothing up")
				}
			}
		})
	}
}

func TestARequestThatTwoReadersReadDifferentlyIsAFailure(t *testing.T) {
	r := newRig(t, inTheRequest, throttledAt(2))
	for _, want := range []string{"400 ", "400 ", "429 5"} {
		if told := r.told(head("/sync?token=a&token=b"), ""); told != want {
			t.Errorf("%s, want %s", told, want)
		}
	}
	if at := r.seen.last(t); at.Code != authz.RateLimited || !at.Quiet {
		t.Errorf("attempt %+v", at)
	}
}

func TestABodyThatIsTooBigOrCompressedIsAFailureLikeAnyOther(t *testing.T) {
	r := newRig(t, asLiveStore, throttledAt(1), func(c *proxy.Config) { c.MaxMessageBytes = 100 })
	target := strings.Replace(liveStorePath(r.good("ada")), "=ws", "=http", 1)
	big, packed := post(target, strings.Repeat("x", 200)), post(target, "x", "Content-Encoding: gzip")
	for i, want := range []string{"413", "429", "429"} {
		if told := r.told([]string{big, packed, big}[i], ""); !strings.HasPrefix(told, want) {
			t.Errorf("request %d: %s, want %s", i, told, want)
		}
	}
}

func TestWhatCannotBeJudgedIsNoFailureOfTheClient(t *testing.T) {
	r := newRig(t, opaque, throttledAt(1), func(c *proxy.Config) {
		c.Decide = func(context.Context, string) authz.Decision { return authz.Decision{} }
	})
	ask := plain("GET", "/p", bearer(forged))
	for range 3 {
		if told := r.told(ask, ""); told != "503 5" {
			t.Errorf("keys are away: %s", told)
		}
	}
	r.exhaust(1)
	if told := r.told(ask, ""); told != "429 5" {
		t.Errorf("beyond the limit: %s", told)
	}
}

func TestEachAddressFailsForItselfAndANetworkOfIPv6IsOne(t *testing.T) {
	r := newRig(t, opaque, throttledAt(1), func(c *proxy.Config) { c.TrustedProxies = prefixes("127.0.0.0/8") })
	for _, row := range []struct{ from, want string }{
		{"2001:db8::1", "401"}, {"2001:db8::2", "429"}, {"2001:db8::ffff:ffff:ffff:ffff", "429"}, {"2001:db8:0:1::1", "401"},
		{"192.0.2.1", "401"}, {"192.0.2.2", "401"}, {"192.0.2.1", "429"}, {"::ffff:192.0.2.2", "429"},
	} {
		if told := r.told(plain("GET", "/p", "X-Forwarded-For: "+row.from), ""); !strings.HasPrefix(told, row.want) {
			t.Errorf("%s: %s, want %s", row.from, told, row.want)
		}
	}
	untrusting := newRig(t, opaque, throttledAt(1))
	untrusting.exhaust(1)
	if told := untrusting.told(plain("GET", "/p", "X-Forwarded-For: 192.0.2.3"), ""); told != "429 5" {
		t.Errorf("a forged address: %s", told)
	}
}

func TestTheLimitFillsEvenly(t *testing.T) {
	var shift atomic.Int64
	start := time.Now()
	limit := proxy.NewThrottle(60, func() time.Time { return start.Add(time.Duration(shift.Load())) })
	fail := func(n int) (within int) {
		for range n {
			if limit.Failed("192.0.2.1") {
				within++
			}
		}
		return within
	}
	for _, row := range []struct {
		wait time.Duration
		want int
	}{{0, 60}, {0, 0}, {999 * time.Millisecond, 0}, {time.Millisecond, 1}, {10 * time.Second, 10}, {time.Hour, 60}, {0, 0}} {
		shift.Add(int64(row.wait))
		if got := fail(100); got != row.want {
			t.Errorf("after %v more: %d within the limit, want %d", row.wait, got, row.want)
		}
	}
}

func TestWithoutALimitNothingIsCounted(t *testing.T) {
	limit := proxy.NewThrottle(0, time.Now)
	for range 1000 {
		if !limit.Failed("192.0.2.1") {
			t.Fatal("limited")
		}
	}
	if n := limit.Held(); n != 0 {
		t.Errorf("%d addresses are kept", n)
	}
}

func TestManyAddressesTakeLittleMemoryAndHideNone(t *testing.T) {
	limit := proxy.NewThrottle(1, time.Now)
	limit.Failed("192.0.2.1")
	for i := range 5 * proxy.MaxAddresses {
		limit.Failed("2001:db8:" + strconv.Itoa(i))
		if i%proxy.MaxAddresses == 0 && limit.Failed("192.0.2.1") {
			t.Fatalf("behind %d others an address may fail again", i)
		}
	}
	if n := limit.Held(); n > 2*proxy.MaxAddresses {
		t.Errorf("%d addresses are kept", n)
	}
}

func TestNothingIsLookedUpForTheTokenOfABodyEither(t *testing.T) {
	var seen lookups
	r := newRig(t, asLiveStore, throttledAt(1), seen.watch)
	r.exhaust(1)
	r.told(post(strings.Replace(liveStorePath(r.good("ada")), "=ws", "=http", 1), httpPull("mine", forged)), "")
	if got := seen.allowed(); !slices.Equal(got, []bool{false, false}) {
		t.Errorf("decisions that might look something up: %v", got)
	}
}
