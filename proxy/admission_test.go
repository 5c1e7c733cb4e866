package proxy_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

func initFrame(token string) string {
	return `{"type":"init","instanceId":"test-123","authToken":"` + token + `"}`
}

const stripped = `{"type":"init","instanceId":"test-123"}`

func TestAFirstFrameTokenIsVerifiedTakenOutAndNamed(t *testing.T) {
	r := newRig(t)
	c := r.open("/sync?room=1").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	c.text(`{"n":1}`).wantText(`ack:{"n":1}`)

	h := r.legacy.received(t)
	if !strings.HasPrefix(h, "GET /sync?room=1 HTTP/1.1\r\n") {
		t.Errorf("request line of %q", h)
	}
	for name, want := range map[string]string{"X-Sync-User-Id": "ada", "X-Sync-Auth-Status": "valid", "Host": "sync.example"} {
		if got := field(h, name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if field(h, "X-Sync-Assertion") == "" || field(h, "X-Sync-Connection-Id") == "" || field(h, "X-Sync-Token-Expires") == "" {
		t.Errorf("identity headers are missing in %q", h)
	}
	if field(h, "Sec-WebSocket-Key") == wsKey {
		t.Error("the client's key went upstream, though we answered the client ourselves")
	}
	at := r.seen.last(t)
	if at.Source != proxy.SourceFrame || at.UserID != "ada" || at.Status != authz.Valid || at.InstanceID != "test-123" {
		t.Errorf("attempt %+v", at)
	}
}

// TestTheSeedsOwnConnectionSnippet: a valid token, then a second init with an
// expired one on the same socket. "Should work if < 24h old".
func TestTheSeedsOwnConnectionSnippet(t *testing.T) {
	r := newRig(t)
	valid := r.good("ada")
	expired := r.token("ada", -3*time.Hour, -2*time.Hour)
	c := r.open("/sync").text(initFrame(valid))
	c.wantText("ack:" + stripped)
	c.text(initFrame(expired)).wantText("ack:" + stripped)
	c.text("still here").wantText("ack:still here")
	for _, segment := range append(strings.Split(valid, "."), strings.Split(expired, ".")...) {
		if strings.Contains(r.legacy.bytes(), segment) {
			t.Errorf("a segment of a token reached the upstream")
		}
	}

	alone := r.open("/sync").text(initFrame(expired))
	alone.wantText("ack:" + stripped)
	if got := r.seen.last(t); got.Status != authz.Grace || got.ExpiredFor < 2*time.Hour {
		t.Errorf("attempt %+v", got)
	}
	r.open("/sync").text(initFrame(r.token("ada", -50*time.Hour, -25*time.Hour))).wantClose(4401, "TOKEN_EXPIRED")
}

func TestRefusalsOfTheFirstFrame(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.FirstFrameMaxBytes = 2000 })
	other, _ := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "eve"}).SignedString([]byte(strings.Repeat("x", 40)))
	for name, row := range map[string]struct {
		frame, reason string
		code          int
	}{
		"no token":          {stripped, "AUTH_REQUIRED", 4401},
		"empty token":       {initFrame(""), "AUTH_REQUIRED", 4401},
		"null token":        {`{"authToken":null}`, "AUTH_REQUIRED", 4401},
		"token is a number": {`{"authToken":1}`, "BAD_FRAME", 4400},
		"another key":       {initFrame(other), "TOKEN_INVALID", 4401},
		"expired for ever":  {initFrame(r.token("ada", -26*time.Hour, -25*time.Hour)), "TOKEN_EXPIRED", 4401},
		"the anonymous id":  {initFrame(r.good("anonymous")), "TOKEN_INVALID", 4401},
		"no object":         {`[1]`, "BAD_FRAME", 4400},
		"no JSON":           {`hello`, "BAD_FRAME", 4400},
		"too big":           {`{"a":"` + strings.Repeat("x", 3000) + `"}`, "MESSAGE_TOO_BIG", 1009},
	} {
		t.Run(name, func(t *testing.T) {
			c := r.open("/sync").text(row.frame)
			c.t = t
			c.wantClose(row.code, row.reason)
		})
	}
	r.legacy.untouched(t)
}

func TestAFirstFrameThatDoesNotComeInTime(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.FirstFrameTimeout = 50 * time.Millisecond })
	r.open("/sync").wantClose(4408, "AUTH_REQUIRED")
	r.legacy.untouched(t)
}

func TestTheCredentialOfTheRequest(t *testing.T) {
	for name, line := range map[string]func(token string) string{
		"header":      func(tok string) string { return "Authorization: Bearer " + tok },
		"subprotocol": func(tok string) string { return "Sec-WebSocket-Protocol: bearer." + tok + ", chat" },
		"subprotocol base64": func(tok string) string {
			return "Sec-WebSocket-Protocol: chat, base64url.bearer.authorization." + b64(tok)
		},
		"cookie": func(tok string) string {
			return "Origin: https://app.example\r\nCookie: a=1; sync_token=" + tok + "; b=2"
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *proxy.Config) {
				c.Sources = []proxy.Source{proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery}
				c.AllowedOrigins = []string{"https://app.example"}
				c.Protocol = payload.Opaque{}
				c.RejectHTTP = true
			})
			token := r.good("ada")
			c := r.open("/sync", line(token))
			c.text("hi").wantText("ack:hi")
			h := r.legacy.received(t)
			if strings.Contains(h, token) || strings.Contains(h, b64(token)) {
				t.Errorf("the token went upstream: %q", h)
			}
			if field(h, "X-Sync-User-Id") != "ada" || field(h, "Sec-WebSocket-Key") != wsKey {
				t.Errorf("head %q", h)
			}
			if name == "cookie" && field(h, "Cookie") != "a=1;  b=2" && field(h, "Cookie") != "a=1; b=2" {
				t.Errorf("the other cookies: %q", field(h, "Cookie"))
			}
			if strings.HasPrefix(name, "sub") && field(h, "Sec-WebSocket-Protocol") != "chat" {
				t.Errorf("the other subprotocols: %q", field(h, "Sec-WebSocket-Protocol"))
			}
			bad := r.dial().send(head("/sync", line(token+"x")))
			res := bad.answer()
			if res.StatusCode != 401 || res.Header.Get("WWW-Authenticate") != `Bearer error="invalid_token"` {
				t.Errorf("a bad token: %d %v", res.StatusCode, res.Header)
			}
			none := r.dial().send(head("/sync")).answer()
			if none.StatusCode != 401 || none.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("no token: %d %v", none.StatusCode, none.Header)
			}
		})
	}
}

func TestRejectModeCloseCompletesTheHandshakeFirst(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.Sources = []proxy.Source{proxy.SourceHeader}; c.Protocol = payload.Opaque{} })
	c := r.dial().send(head("/sync", "Sec-WebSocket-Protocol: chat"))
	res := c.answer()
	if res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Sec-WebSocket-Protocol") != "chat" {
		t.Fatalf("answer %d %v", res.StatusCode, res.Header)
	}
	c.wantClose(4401, "AUTH_REQUIRED")
	r.legacy.untouched(t)
}

func TestObserveAdmitsWhatEnforceWouldRefuse(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.FirstFrameTimeout = 100 * time.Millisecond })
	r.policy.set(authz.Observe, 100)
	r.open("/sync").text(stripped).wantText("ack:" + stripped)
	at := r.seen.last(t)
	if at.Code != "" || at.Observed != authz.AuthRequired || at.Status != authz.Anonymous {
		t.Errorf("attempt %+v", at)
	}
	if h := r.legacy.received(t); field(h, "X-Sync-User-Id") != "anonymous" || field(h, "X-Sync-Auth-Status") != "anonymous" {
		t.Errorf("head %q", h)
	}
	r.open("/sync").text("no json").wantText("ack:no json")
	r.open("/sync").text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
	late := r.open("/sync")
	eventually(t, "four connections at the upstream", func() bool { r.legacy.mu.Lock(); defer r.legacy.mu.Unlock(); return len(r.legacy.heads) == 4 })
	late.text("late").wantText("ack:late")
}

func TestOffIsAPlainReverseProxy(t *testing.T) {
	r := newRig(t)
	r.policy.set(authz.Off, 100)
	token := r.good("ada")
	c := r.open("/sync", "Authorization: Bearer "+token, "X-Sync-User-Id: eve", "X_Sync_Assertion: x", "Sec-WebSocket-Protocol: bearer."+token)
	c.text(initFrame(token)).wantText("ack:" + initFrame(token))
	h := r.legacy.received(t)
	if field(h, "Authorization") != "Bearer "+token || field(h, "Sec-WebSocket-Protocol") != "bearer."+token {
		t.Errorf("off took something out: %q", h)
	}
	if strings.Contains(strings.ToLower(strings.ReplaceAll(h, "_", "-")), "x-sync-") {
		t.Errorf("identity headers in mode off: %q", h)
	}
}

func TestAConnectionEndsWhenItsTokenWouldNoLongerBeAccepted(t *testing.T) {
	r := newRig(t)
	c := r.open("/sync").text(initFrame(r.token("ada", -25*time.Hour, -24*time.Hour+time.Second)))
	c.wantText("ack:" + stripped)
	c.wantClose(4401, "TOKEN_EXPIRED")
}

func TestALaterTokenMovesTheDeadline(t *testing.T) {
	var first string
	r := newRig(t, func(c *proxy.Config) {
		decide := c.Decide
		c.Decide = func(ctx context.Context, token string) authz.Decision {
			d := decide(ctx, token)
			if token == first { // claims hold whole seconds
				d.GraceEndsAt = time.Now().Add(400 * time.Millisecond)
			}
			return d
		}
	})
	first = r.token("ada", -25*time.Hour, -23*time.Hour)
	c := r.open("/sync").text(initFrame(first))
	c.wantText("ack:" + stripped)
	c.text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
	eventually(t, "a refresh", func() bool { r.seen.mu.Lock(); defer r.seen.mu.Unlock(); return len(r.seen.refresh) == 1 })
	if r.seen.refresh[0] != proxy.RefreshOK {
		t.Errorf("refresh: %v", r.seen.refresh)
	}
	time.Sleep(600 * time.Millisecond) // past the first token's end
	c.text("alive").wantText("ack:alive")
	c.text(initFrame(r.good("bob"))).wantClose(4403, "FORBIDDEN")
	if strings.Contains(r.legacy.bytes(), "bob") {
		t.Error("the other user's message was relayed")
	}
}

func TestAGoodRequestAndAFrame(t *testing.T) {
	r := newRig(t)
	bearer := "Authorization: Bearer " + r.good("ada")
	r.open("/sync", bearer).text(stripped).wantText("ack:" + stripped)
	r.open("/sync", bearer).text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
	r.open("/sync", bearer).text(initFrame("nonsense")).wantClose(4401, "TOKEN_INVALID")
	r.open("/sync", bearer).text(initFrame(r.good("bob"))).wantClose(4403, "FORBIDDEN")
	r.open("/sync", "Authorization: Bearer nonsense").wantClose(4401, "TOKEN_INVALID")
}

func TestPlainHTTPIsProxiedUnderTheSameDecision(t *testing.T) {
	r := newRig(t)
	c := r.dial()
	request := func(extra string) string {
		return "POST /api?x=1 HTTP/1.1\r\nHost: sync.example\r\nContent-Length: 4\r\n" + extra + "\r\nbody"
	}
	if code, body := c.send(request("")).status(); code != 401 || body != `{"error":{"code":"AUTH_REQUIRED","message":"A token is required."}}`+"\n" {
		t.Errorf("no token: %d %s", code, body)
	}
	c.wantEndOrReset() // its body was on the way
	c = r.dial()
	if code, body := c.send(request("Authorization: Bearer " + r.good("ada") + "\r\nX-Sync-User-Id: eve\r\n")).status(); code != 200 || body != "legacy POST /api?x=1 body" {
		t.Errorf("a good token: %d %s", code, body)
	}
	h := r.legacy.received(t)
	if field(h, "X-Sync-User-Id") != "ada" || field(h, "Authorization") != "" || strings.Contains(h, "eve") {
		t.Errorf("head %q", h)
	}
}

func TestATraceIsRefusedSinceItsAnswerWouldShowTheNameTag(t *testing.T) {
	r := newRig(t)
	if code, _ := r.dial().send("TRACE / HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\n\r\n").status(); code != 400 {
		t.Errorf("TRACE: %d", code)
	}
	r.legacy.untouched(t)
}

func TestAPlainConnectionIsPendingUntilARequestIsAdmitted(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) { c.MaxPending = 2 })
	refused := "GET / HTTP/1.1\r\nHost: a\r\n\r\n"
	admitted := "HEAD / HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\n\r\n"
	good := r.dial().send(admitted)
	if res, err := http.ReadResponse(good.r, &http.Request{Method: "HEAD"}); err != nil || res.StatusCode != 200 {
		t.Fatal(res, err)
	}
	idle := make([]*conn, 6)
	for i := range idle {
		idle[i] = r.dial().send(refused)
		if code, _ := idle[i].status(); code != 401 {
			t.Fatalf("refusal %d: %d", i, code)
		}
	}
	for _, c := range idle[:4] {
		c.wantEndOrReset()
	}
	if code, _ := idle[5].send(refused).status(); code != 401 {
		t.Errorf("the newest: %d", code)
	}
	if code, _ := good.send(strings.Replace(admitted, "HEAD", "GET", 1)).status(); code != 200 {
		t.Errorf("the one that was admitted: %d", code)
	}
}
