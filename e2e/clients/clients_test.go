package clients_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/e2e/internal/rig"
)

const (
	ready = `{"type":"ready","instanceId":"test-123"}`
	// Spacing, order, an escape and a number form that a rewriter would touch.
	oddInit     = `{ "z":1.0e0,"type":"init",  "instanceId":"test-123","authToken":"TOKEN","note":"caf\u00e9" }`
	oddStripped = `{ "z":1.0e0,"type":"init",  "instanceId":"test-123","note":"caf\u00e9" }`
	plainInit   = `{"type":"init","instanceId":"test-123"}`
)

// withToken is a first frame with token in it.
func withToken(token string) string { return strings.Replace(oddInit, "TOKEN", token, 1) }

// wrongToken is signed by somebody else.
func wrongToken(t *testing.T) string {
	return rig.Sign(t, "not-the-secret-of-the-tests-0123456789", jwt.MapClaims{
		"sub": "mallory", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}, nil)
}

// setting is what each part starts from: an empty legacy server behind a fresh
// sidecar.
type setting struct {
	argv []string // the client's command line
	up   *legacy
	side *rig.Sidecar
}

// TestTheClientsReachTheLegacyServerWithoutSyncward shows that the rig works,
// and that the server would get the token if nobody took it out.
func TestTheClientsReachTheLegacyServerWithoutSyncward(t *testing.T) {
	rig.Require(t)
	for name, driver := range drivers {
		t.Run(name, func(t *testing.T) {
			up := startLegacy(t)
			token := rig.Token(t, "alice", time.Hour, nil)
			c := connect(t, driver(t), request{URL: "ws://" + up.addr + "/sync", Protocols: []string{"sync.v1"}})
			c.opens(t, "sync.v1")
			c.send(t, withToken(token))
			c.gets(t, ready)
			if all := up.connections(); len(all) != 1 || len(all[0].frames) != 1 || all[0].frames[0] != withToken(token) {
				t.Errorf("the server did not get the frame as it was sent")
			}
		})
	}
}

func TestIndependentClientsSyncWithALegacyServer(t *testing.T) {
	rig.Require(t)
	parts := map[string]func(*testing.T, setting){
		"events flow both ways and the upstream gets the first frame without its token": eventsFlowBothWays,
		"refusals carry their codes and the upstream is never dialled":                  refusalsCarryTheirCodes,
		"a token in grace is accepted":                                                  graceIsAccepted,
		"a token in the header is removed and opens":                                    headerToken,
		"a token in the subprotocol is removed and opens":                               subprotocolToken,
		"a second init with an expired token changes nothing and is stripped":           secondInit,
		"identity headers of the client never reach the upstream":                       clientsIdentityHeaders,
		"a bad token in the header is refused before the 101 where REJECT_MODE says so": refusedBeforeThe101,
	}
	for name, driver := range drivers {
		for part, run := range parts {
			t.Run(name+"/"+part, func(t *testing.T) {
				up := startLegacy(t)
				side := rig.StartSidecar(t, "UPSTREAM_URL=http://"+up.addr, "JWT_SECRET="+rig.Secret, "IDENTITY_KEY=an-identity-key-of-the-tests-0123456789")
				run(t, setting{driver(t), up, side})
			})
		}
	}
}

func (s setting) connect(t *testing.T, protocols []string, headers map[string]string) *client {
	t.Helper()
	return connect(t, s.argv, request{s.side.URL("/sync?a=b"), protocols, headers})
}

// upstreamSaw asserts the only connection of the legacy server.
func (s setting) upstreamSaw(t *testing.T, user, status string, frames ...string) member {
	t.Helper()
	all := s.up.connections()
	if len(all) != 1 {
		t.Fatalf("the upstream has %d connections, want 1", len(all))
	}
	m := all[0]
	if got := m.header.Values("X-Sync-User-Id"); len(got) != 1 || got[0] != user {
		t.Errorf("X-Sync-User-Id is %q, want %q", got, user)
	}
	if got := m.header.Get("X-Sync-Auth-Status"); got != status {
		t.Errorf("X-Sync-Auth-Status is %q, want %q", got, status)
	}
	if m.target != "/sync?a=b" {
		t.Errorf("the upstream was asked for %s", m.target)
	}
	if strings.Join(m.frames, "\n") != strings.Join(frames, "\n") {
		t.Errorf("the upstream got\n%s\nwant\n%s", strings.Join(m.frames, "\n"), strings.Join(frames, "\n"))
	}
	return m
}

func eventsFlowBothWays(t *testing.T, s setting) {
	alice, bob := rig.Token(t, "alice", time.Hour, nil), rig.Token(t, "bob", time.Hour, nil)
	a := s.connect(t, nil, nil)
	a.opens(t, "")
	a.send(t, withToken(alice))
	a.gets(t, ready)
	s.upstreamSaw(t, "alice", "valid", oddStripped)

	b := s.connect(t, nil, nil)
	b.opens(t, "")
	b.send(t, withToken(bob))
	b.gets(t, ready)
	for i, pair := range [][2]*client{{a, b}, {b, a}} {
		id := string(rune('1' + i))
		text := `{"type":"event","id":"` + id + `","text":"caf\u00e9 ☕"}`
		pair[0].send(t, text)
		pair[1].gets(t, text)
		pair[0].gets(t, `{"type":"ack","ids":["`+id+`"]}`)
	}
	a.tell(t, map[string]int{"close": 1000})
	a.closes(t, 1000, "")
	s.side.NoTokenSeen(t, alice, bob)
}

func refusalsCarryTheirCodes(t *testing.T, s setting) {
	wrong, expired := wrongToken(t), rig.Token(t, "alice", -25*time.Hour, nil)
	for _, c := range []struct {
		name, frame string
		code        int
		reason      string
	}{
		{"a bad signature", withToken(wrong), 4401, "TOKEN_INVALID"},
		{"no token", plainInit, 4401, "AUTH_REQUIRED"},
		{"an empty token", withToken(""), 4401, "AUTH_REQUIRED"},
		{"expired beyond grace", withToken(expired), 4401, "TOKEN_EXPIRED"},
		{"the anonymous user's name", withToken(rig.Token(t, "anonymous", time.Hour, nil)), 4401, "TOKEN_INVALID"},
		{"a frame that is no JSON", "hello", 4400, "BAD_FRAME"},
		{"two tokens", `{"authToken":"a","authToken":"b"}`, 4400, "BAD_FRAME"},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := s.connect(t, nil, nil)
			client.opens(t, "")
			client.send(t, c.frame)
			client.closes(t, c.code, c.reason)
		})
	}
	if n := len(s.up.connections()); n != 0 {
		t.Errorf("the upstream has seen %d connections, want none", n)
	}
	s.side.NoTokenSeen(t, wrong, expired)
}

func graceIsAccepted(t *testing.T, s setting) {
	token := rig.Token(t, "alice", -23*time.Hour, nil)
	c := s.connect(t, nil, nil)
	c.opens(t, "")
	c.send(t, withToken(token))
	c.gets(t, ready)
	s.upstreamSaw(t, "alice", "grace", oddStripped)
	s.side.NoTokenSeen(t, token)
}

func headerToken(t *testing.T, s setting) {
	token := rig.Token(t, "alice", time.Hour, nil)
	c := s.connect(t, nil, map[string]string{"Authorization": "Bearer " + token, "X-Other": "kept"})
	c.opens(t, "")
	c.send(t, plainInit)
	c.gets(t, ready)
	m := s.upstreamSaw(t, "alice", "valid", plainInit)
	if m.header.Get("Authorization") != "" || m.header.Get("X-Other") != "kept" {
		t.Errorf("the upstream got the headers %v", m.header)
	}
	s.side.NoTokenSeen(t, token)
}

func subprotocolToken(t *testing.T, s setting) {
	token := rig.Token(t, "alice", time.Hour, nil)
	c := s.connect(t, []string{"bearer." + token, "sync.v1"}, nil)
	c.opens(t, "sync.v1")
	c.send(t, plainInit)
	c.gets(t, ready)
	m := s.upstreamSaw(t, "alice", "valid", plainInit)
	if got := m.header.Values("Sec-WebSocket-Protocol"); len(got) != 1 || got[0] != "sync.v1" {
		t.Errorf("the upstream got the subprotocols %d, want sync.v1 alone", len(got))
	}
	s.side.NoTokenSeen(t, token)
}

// secondInit is the connection test of the project's first plan: one socket,
// an init with a valid token, then one with a token that expired under 24 h ago.
func secondInit(t *testing.T, s setting) {
	valid, expired := rig.Token(t, "alice", time.Hour, nil), rig.Token(t, "alice", -2*time.Hour, nil)
	c := s.connect(t, nil, nil)
	c.opens(t, "")
	c.send(t, withToken(valid))
	c.gets(t, ready)
	c.send(t, withToken(expired))
	c.gets(t, ready)
	c.send(t, `{"type":"event","id":"7"}`)
	c.gets(t, `{"type":"ack","ids":["7"]}`)
	s.upstreamSaw(t, "alice", "valid", oddStripped, oddStripped, `{"type":"event","id":"7"}`)
	s.side.NoTokenSeen(t, valid, expired)
}

func clientsIdentityHeaders(t *testing.T, s setting) {
	c := s.connect(t, nil, map[string]string{"X-Sync-User-Id": "admin", "x-sync-assertion": "forged", "X-Sync-Other": "1"})
	c.opens(t, "")
	c.send(t, withToken(rig.Token(t, "alice", time.Hour, nil)))
	c.gets(t, ready)
	m := s.upstreamSaw(t, "alice", "valid", oddStripped)
	if got := m.header.Values("X-Sync-Assertion"); len(got) != 1 || got[0] == "forged" || m.header.Get("X-Sync-Other") != "" {
		t.Errorf("the upstream got the headers %v", m.header)
	}
}

func refusedBeforeThe101(t *testing.T, s setting) {
	s.side = rig.StartSidecar(t, "UPSTREAM_URL=http://"+s.up.addr, "JWT_SECRET="+rig.Secret, "REJECT_MODE=http")
	wrong := wrongToken(t)
	c := s.connect(t, nil, map[string]string{"Authorization": "Bearer " + wrong})
	if e := c.next(t, "refusal"); e.Refused == nil || *e.Refused != 401 {
		t.Errorf("got %s, want status 401", show(e))
	}
	if n := len(s.up.connections()); n != 0 {
		t.Errorf("the upstream has seen %d connections, want none", n)
	}
	s.side.NoTokenSeen(t, wrong)
}
