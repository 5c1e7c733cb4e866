package proxy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// said is an auth.* message as a client reads it.
type said struct {
	Type, Channel, UserID, ConnectionID, Status, Code, Message, Warning string
	ExpiresAt, GraceEndsAt                                              *int64
	ServerTime, ExpiredAt, RetryAfterMs                                 int64
	Retryable                                                           bool
}

// hear reads one text frame and wants an auth.* message of that type.
func (c *conn) hear(want string) said {
	c.t.Helper()
	g := c.read()
	var m said
	if g.Opcode != framing.Text || json.Unmarshal([]byte(g.payload), &m) != nil || m.Type != want {
		c.t.Fatalf("got opcode %d %q, want %s", g.Opcode, g.payload, want)
	}
	return m
}

func optInFrame(token string) string {
	return `{"type":"init","authProtocol":1,"instanceId":"test-123","authToken":"` + token + `"}`
}

func refreshMessage(token string) string {
	return `{"type":"auth.refresh","authToken":"` + token + `"}`
}

// optedIn is a client that opted in in its first frame, with its auth.ok.
func (r *rig) optedIn(token string) (*conn, said) {
	r.t.Helper()
	c := r.open("/sync").text(optInFrame(token))
	return c, c.hear("auth.ok")
}

func TestAClientThatOptedInHearsWhoItIsBeforeTheUpstream(t *testing.T) {
	r := newRig(t)
	r.legacy.greet = framing.AppendFrame(nil, true, framing.Text, []byte("hello"), nil)
	c, ok := r.optedIn(r.good("ada"))
	c.wantText("hello")
	c.wantText("ack:" + stripped)
	if ok.UserID != "ada" || ok.Status != "valid" || len(ok.Channel) < 22 || ok.ConnectionID == "" || ok.ExpiresAt == nil || *ok.GraceEndsAt-*ok.ExpiresAt != 24*3600*1000 {
		t.Errorf("auth.ok %+v", ok)
	}
	if now := time.Now().UnixMilli(); ok.ServerTime > now || ok.ServerTime < now-int64(safety/time.Millisecond) {
		t.Errorf("serverTime %d, now %d", ok.ServerTime, now)
	}
	if _, other := r.optedIn(r.good("ada")); other.Channel == ok.Channel {
		t.Error("two connections share a channel")
	}
	plain := r.open("/sync").text(initFrame(r.good("ada")))
	plain.wantText("hello")
}

func TestAClientThatOptedInByItsSubprotocol(t *testing.T) {
	r := newRig(t, opaque)
	c := r.dial().send(head("/sync", bearer(r.good("ada")), "Sec-WebSocket-Protocol: syncward.v1"))
	if res := c.answer(); res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Protocol") != "syncward.v1" {
		t.Fatalf("%d %v", res.StatusCode, res.Header)
	}
	c.hear("auth.ok")
	c.text("x").wantText("ack:x")
	if h := r.legacy.received(t); strings.Contains(h, "syncward.v1") {
		t.Errorf("the entry went upstream: %q", h)
	}
	refused := r.dial().send(head("/sync", bearer("nonsense"), "Sec-WebSocket-Protocol: syncward.v1"))
	if res := refused.answer(); res.StatusCode != 101 {
		t.Fatalf("a browser cannot see an HTTP status: %d", res.StatusCode)
	}
	if e := refused.hear("auth.error"); e.Code != "TOKEN_INVALID" || e.Channel != "" || !e.Retryable || e.Message == "" {
		t.Errorf("auth.error %+v", e)
	}
	refused.wantClose(4401, "TOKEN_INVALID")
}

func TestGraceIsToldAtAdmissionAndWhenATokenFallsIntoIt(t *testing.T) {
	r := newRig(t)
	c, ok := r.optedIn(r.token("ada", -2*time.Hour, -time.Hour))
	if w := c.hear("auth.warning"); ok.Status != "grace" || w.Code != "TOKEN_IN_GRACE" || w.Channel != ok.Channel || w.ExpiredAt != *ok.ExpiresAt || *w.GraceEndsAt != *ok.GraceEndsAt {
		t.Errorf("auth.ok %+v, auth.warning %+v", ok, w)
	}
	c, ok = r.optedIn(r.token("ada", -time.Hour, time.Second))
	c.wantText("ack:" + stripped)
	if w := c.hear("auth.warning"); w.Channel != ok.Channel || w.Code != "TOKEN_IN_GRACE" {
		t.Errorf("auth.warning %+v", w)
	}
}

func TestATokenInALaterMessageIsAnsweredToAClientThatOptedIn(t *testing.T) {
	r := newRig(t)
	c, ok := r.optedIn(r.token("ada", -time.Hour, time.Minute))
	c.wantText("ack:" + stripped)
	later := func(token string) string { return strings.Replace(initFrame(token), `"init"`, `"later"`, 1) }
	relayed := "ack:" + strings.Replace(stripped, `"init"`, `"later"`, 1)
	c.text(later("nonsense"))
	if e := c.hear("auth.error"); e.Code != "TOKEN_INVALID" || e.Channel != ok.Channel {
		t.Errorf("auth.error %+v", e)
	}
	c.wantText(relayed)
	c.text(later("nonsense")).wantText(relayed) // told once
	c.text(later(r.token("ada", -100*time.Hour, -99*time.Hour)))
	if e := c.hear("auth.error"); e.Code != "TOKEN_EXPIRED" {
		t.Errorf("auth.error %+v", e)
	}
	c.wantText(relayed)
	c.text(later(r.good("ada")))
	if again := c.hear("auth.ok"); again.Channel != ok.Channel || *again.ExpiresAt <= *ok.ExpiresAt {
		t.Errorf("auth.ok %+v", again)
	}
	c.wantText(relayed)
	c.text(later(r.token("ada", -2*time.Hour, time.Minute))) // older: nothing moves, and nothing is said
	c.wantText(relayed)
	other := r.open("/sync").text(initFrame(r.good("ada")))
	other.wantText("ack:" + stripped)
	other.text(later("nonsense")).wantText(relayed)
}

func TestARefreshMovesTheDeadlineAndIsNeverRelayed(t *testing.T) {
	r := newRig(t)
	c, ok := r.optedIn(r.token("ada", -25*time.Hour, -24*time.Hour+2*time.Second))
	c.hear("auth.warning")
	c.wantText("ack:" + stripped)
	c.text(refreshMessage(r.good("ada")))
	if again := c.hear("auth.ok"); again.Channel != ok.Channel || *again.ExpiresAt <= *ok.ExpiresAt || again.Status != "valid" {
		t.Errorf("auth.ok %+v", again)
	}
	time.Sleep(2500 * time.Millisecond) // past the first token's end
	c.text("alive").wantText("ack:alive")
	c.text(refreshMessage(r.good("ada")))
	if e := c.hear("auth.error"); e.Code != "RATE_LIMITED" || e.RetryAfterMs <= 0 || e.RetryAfterMs > 5000 || e.Channel != ok.Channel {
		t.Errorf("a second refresh within five seconds: %+v", e)
	}
	c.text("still").wantText("ack:still")
	if strings.Contains(r.legacy.bytes(), "auth.refresh") {
		t.Error("a refresh was relayed")
	}
}

func TestRefreshesThatAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		token  func(r *rig) string
		code   string
		closes int
	}{
		"a bad token":      {func(*rig) string { return "nonsense" }, "TOKEN_INVALID", 0},
		"past its grace":   {func(r *rig) string { return r.token("ada", -50*time.Hour, -49*time.Hour) }, "TOKEN_EXPIRED", 0},
		"none":             {func(*rig) string { return "" }, "AUTH_REQUIRED", 0},
		"another user's":   {func(r *rig) string { return r.good("bob") }, "FORBIDDEN", 4403},
		"not yet, far off": {func(r *rig) string { return r.token("ada", time.Hour, 2*time.Hour) }, "TOKEN_INVALID", 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			c, ok := r.optedIn(r.good("ada"))
			c.wantText("ack:" + stripped)
			c.text(refreshMessage(row.token(r)))
			e := c.hear("auth.error")
			if e.Code != row.code || e.Channel != ok.Channel {
				t.Errorf("auth.error %+v", e)
			}
			if row.closes != 0 {
				c.wantClose(row.closes, row.code)
				return
			}
			c.text("alive").wantText("ack:alive")
		})
	}
}

func TestAnOlderTokenIsIgnored(t *testing.T) {
	r := newRig(t)
	c, _ := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	c.text(refreshMessage(r.token("ada", -30*time.Minute, 5*time.Hour)))
	eventually(t, "it is judged", func() bool { r.seen.mu.Lock(); defer r.seen.mu.Unlock(); return len(r.seen.refresh) == 1 })
	if r.seen.refresh[0] != proxy.RefreshIgnored {
		t.Errorf("refresh: %v", r.seen.refresh)
	}
	c.text("alive").wantText("ack:alive")
}

func TestAnAnonymousConnectionHasNobodyToRefresh(t *testing.T) {
	r := newRig(t)
	r.policy.set(authz.Observe, 100)
	c, ok := r.optedIn("")
	if ok.Status != "anonymous" || ok.UserID != "anonymous" || ok.ExpiresAt != nil {
		t.Errorf("auth.ok %+v", ok)
	}
	c.wantText("ack:" + stripped)
	c.text(refreshMessage(r.good("ada")))
	if e := c.hear("auth.error"); e.Code != "FORBIDDEN" {
		t.Errorf("auth.error %+v", e)
	}
	c.text("alive").wantText("ack:alive")
}

func TestTheLastWordOfAConnectionIsAnAuthErrorWithItsChannel(t *testing.T) {
	r := newRig(t)
	c, ok := r.optedIn(r.token("ada", -25*time.Hour, -24*time.Hour+time.Second))
	c.hear("auth.warning")
	c.wantText("ack:" + stripped)
	if e := c.hear("auth.error"); e.Code != "TOKEN_EXPIRED" || e.Channel != ok.Channel || !e.Retryable {
		t.Errorf("auth.error %+v", e)
	}
	c.wantClose(4401, "TOKEN_EXPIRED")
}

func TestAuthMessagesOfWhoDidNotOptInAreApplicationData(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.Protocol = payload.JSON{} }) // TOKEN_FRAMES=first
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	c.text(`{"type":"auth.logout"}`).wantText(`ack:{"type":"auth.logout"}`)
}
