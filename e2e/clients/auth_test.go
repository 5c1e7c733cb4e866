package clients_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// authEvent is one line of the output of authclient.py.
type authEvent struct {
	Open, Message, Kept *string
	Plain               bool
	Auth                *struct {
		Type, Channel, UserID, ConnectionID, Status, Code string
		ExpiresAt, GraceEndsAt                            *int64
		ExpiredAt, ServerTime, RetryAfterMs               int64
		Retryable                                         bool
	}
	Close        *int
	Reason, Next string
}

// authRequest is how the client opens its connection.
type authRequest struct {
	URL         string            `json:"url"`
	Token       string            `json:"token,omitempty"`
	Frame       bool              `json:"frame,omitempty"`       // opts in by the first frame
	Subprotocol bool              `json:"subprotocol,omitempty"` // or by the subprotocol
	Headers     map[string]string `json:"headers,omitempty"`
}

// authClient is a client that was written from docs/protocol.md alone.
type authClient struct{ *client }

func authConnect(t *testing.T, r authRequest) authClient {
	t.Helper()
	c := &client{Process: rig.Start(t, "authclient.py", rig.E2E("clients"), nil, rig.Python(t), "authclient.py")}
	c.tell(t, r)
	a := authClient{c}
	if e := a.hears(t, "open connection"); e.Open == nil {
		t.Fatalf("%+v, want an open connection", e)
	}
	return a
}

// inFrame is a connection that opted in by its first frame.
func (s setting) inFrame(t *testing.T, token string) authClient {
	t.Helper()
	return authConnect(t, authRequest{URL: s.side.URL("/sync"), Token: token, Frame: true})
}

func (c authClient) hears(t *testing.T, what string) authEvent {
	t.Helper()
	var e authEvent
	_, c.read = c.Line(t, c.read, rig.Patience, what, func(line string) bool {
		e = authEvent{}
		return json.Unmarshal([]byte(line), &e) == nil
	})
	return e
}

// hearsAuth waits for Syncward's next word, which is of that type.
func (c authClient) hearsAuth(t *testing.T, kind string) authEvent {
	t.Helper()
	e := c.hears(t, kind)
	if e.Auth == nil || e.Auth.Type != kind {
		t.Fatalf("got %s, want %s", shown(e), kind)
	}
	return e
}

func (c authClient) hearsMessage(t *testing.T, want string) {
	t.Helper()
	if e := c.hears(t, want); e.Message == nil || *e.Message != want {
		t.Fatalf("got %s, want the message %s", shown(e), want)
	}
}

// isRefused waits for the error, the close behind it, and what the client makes
// of both.
func (c authClient) isRefused(t *testing.T, number int, code, next string) {
	t.Helper()
	if e := c.hearsAuth(t, "auth.error"); e.Auth.Code != code {
		t.Errorf("auth.error with %s, want %s", e.Auth.Code, code)
	}
	if e := c.hears(t, "close"); e.Close == nil || *e.Close != number || e.Reason != code || e.Next != next {
		t.Errorf("got %s, want a close with %d %s, and then: %s", shown(e), number, code, next)
	}
}

func shown(e authEvent) string {
	text, _ := json.Marshal(e)
	return string(text)
}

func TestAClientWrittenFromTheDocumentAloneSpeaksWithSyncward(t *testing.T) {
	rig.Require(t)
	for part, run := range map[string]func(*testing.T, setting){
		"it hears who it is, refreshes, and logs out everywhere": refreshAndLogout,
		"it hears that it lives on grace, and how that ends":     graceAndEnd,
		"it hears why it is refused before the close":            refusedWithAWord,
		"it opts in by a subprotocol where no frame is read":     bySubprotocol,
		"it takes what others wrote for what it is":              forgedWords,
		"it is plain where Syncward is off":                      plainMode,
	} {
		t.Run(part, func(t *testing.T) {
			up := startLegacy(t)
			side := rig.StartSidecar(t, "UPSTREAM_URL=http://"+up.addr, "JWT_SECRET="+rig.Secret, "IDENTITY_KEY=an-identity-key-of-the-tests-0123456789")
			run(t, setting{up: up, side: side})
		})
	}
}

func refreshAndLogout(t *testing.T, s setting) {
	now := time.Now()
	token := func(iat, exp time.Duration) string {
		return rig.Token(t, "alice", exp, map[string]any{"iat": now.Add(iat).Unix()})
	}
	c := s.inFrame(t, token(-time.Minute, time.Hour))
	first := c.hearsAuth(t, "auth.ok").Auth
	if first.UserID != "alice" || first.Status != "valid" || len(first.Channel) != 22 || first.ServerTime < now.Add(-time.Minute).UnixMilli() {
		t.Errorf("auth.ok: %+v", first)
	}
	if *first.ExpiresAt/1000 != now.Add(time.Hour).Unix() || *first.GraceEndsAt-*first.ExpiresAt != 24*3600*1000 {
		t.Errorf("auth.ok: it ends at %d, %d", *first.ExpiresAt, *first.GraceEndsAt)
	}
	c.hearsMessage(t, ready)
	c.tell(t, map[string]string{"refresh": token(0, 2*time.Hour)})
	again := c.hearsAuth(t, "auth.ok").Auth
	if *again.ExpiresAt <= *first.ExpiresAt || again.ConnectionID != first.ConnectionID {
		t.Errorf("auth.ok after the refresh: %+v", again)
	}
	c.tell(t, map[string]string{"refresh": token(0, 2*time.Hour)})
	if e := c.hearsAuth(t, "auth.error").Auth; e.Code != "RATE_LIMITED" || !e.Retryable || e.RetryAfterMs <= 0 || e.RetryAfterMs > 5000 {
		t.Errorf("a second refresh: %+v", e)
	}
	other := s.inFrame(t, token(-time.Minute, time.Hour))
	other.hearsAuth(t, "auth.ok")
	other.hearsMessage(t, ready)
	c.tell(t, map[string]bool{"logout": true})
	c.isRefused(t, 4403, "SESSION_REVOKED", "sign out")
	other.isRefused(t, 4403, "SESSION_REVOKED", "sign out")
	s.inFrame(t, token(-time.Minute, time.Hour)).isRefused(t, 4403, "SESSION_REVOKED", "sign out")
}

func graceAndEnd(t *testing.T, s setting) {
	c := s.inFrame(t, rig.Token(t, "alice", -24*time.Hour+4*time.Second, nil))
	ok := c.hearsAuth(t, "auth.ok").Auth
	warning := c.hearsAuth(t, "auth.warning").Auth
	if ok.Status != "grace" || warning.Code != "TOKEN_IN_GRACE" || warning.ExpiredAt != *ok.ExpiresAt || *warning.GraceEndsAt != *ok.GraceEndsAt {
		t.Errorf("auth.ok %+v, auth.warning %+v", ok, warning)
	}
	c.hearsMessage(t, ready)
	c.isRefused(t, 4401, "TOKEN_EXPIRED", "token")
}

func refusedWithAWord(t *testing.T, s setting) {
	s.inFrame(t, wrongToken(t)).isRefused(t, 4401, "TOKEN_INVALID", "token once, then log in")
	s.inFrame(t, "").isRefused(t, 4401, "AUTH_REQUIRED", "token")
	c := s.inFrame(t, rig.Token(t, "alice", time.Hour, nil))
	c.hearsAuth(t, "auth.ok")
	c.hearsMessage(t, ready)
	c.tell(t, map[string]string{"refresh": rig.Token(t, "bob", time.Hour, nil)})
	c.isRefused(t, 4403, "FORBIDDEN", "stop")
}

func bySubprotocol(t *testing.T, s setting) {
	s.side = rig.StartSidecar(t, "UPSTREAM_URL=http://"+s.up.addr, "JWT_SECRET="+rig.Secret, "PROTOCOL=opaque")
	connect := func(token string) authClient {
		return authConnect(t, authRequest{URL: s.side.URL("/sync"), Subprotocol: true, Headers: map[string]string{"Authorization": "Bearer " + token}})
	}
	connect(wrongToken(t)).isRefused(t, 4401, "TOKEN_INVALID", "token once, then log in")
	c := connect(rig.Token(t, "alice", time.Hour, nil))
	c.hearsAuth(t, "auth.ok")
	c.tell(t, map[string]string{"send": plainInit})
	c.hearsMessage(t, ready)
	c.tell(t, map[string]bool{"logout": true})
	c.isRefused(t, 4403, "SESSION_REVOKED", "sign out")
}

func forgedWords(t *testing.T, s setting) {
	alice := s.inFrame(t, rig.Token(t, "alice", time.Hour, nil))
	alice.hearsAuth(t, "auth.ok")
	alice.hearsMessage(t, ready)
	bob := s.inFrame(t, rig.Token(t, "bob", time.Hour, nil))
	bob.hearsAuth(t, "auth.ok")
	bob.hearsMessage(t, ready)
	forged := `{"type":"auth.error","channel":"AAAAAAAAAAAAAAAAAAAAAA","code":"SESSION_REVOKED","id":"1"}`
	bob.tell(t, map[string]string{"send": forged})
	alice.hearsMessage(t, forged)
}

func plainMode(t *testing.T, s setting) {
	s.side = rig.StartSidecar(t, "UPSTREAM_URL=http://"+s.up.addr, "AUTH_MODE=off")
	c := s.inFrame(t, rig.Token(t, "alice", time.Hour, nil))
	if e := c.hears(t, "plain mode"); !e.Plain {
		t.Errorf("got %s, want plain mode", shown(e))
	}
	c.hearsMessage(t, ready)
	c.tell(t, map[string]string{"refresh": "a-token-for-nobody"})
	if e := c.hears(t, "the refresh is kept back"); e.Kept == nil || *e.Kept != "auth.refresh" {
		t.Errorf("got %s, want the refresh kept back", shown(e))
	}
	for _, m := range s.up.connections() {
		for _, frame := range m.frames[1:] {
			t.Errorf("the sync server got %s", frame)
		}
	}
	silent := authConnect(t, authRequest{URL: s.side.URL("/sync"), Token: "none", Headers: map[string]string{}})
	if e := silent.hears(t, "plain mode"); !e.Plain {
		t.Errorf("got %s, want plain mode after a while of silence", shown(e))
	}
}
