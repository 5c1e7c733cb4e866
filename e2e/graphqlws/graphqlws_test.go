// Package graphqlws_test lets the client of npm graphql-ws talk to its server
// through `syncward serve`.
//
//	make e2e
//
// It does not test GraphQL: what is asserted is what Syncward lets through, what
// the server sees, and what the client makes of a refusal.
package graphqlws_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// event is one line of either program's output; one of its pointers is set.
type event struct {
	Listening *int
	Headers   map[string]string
	Protocol  string
	Raw       *string
	Operation *string

	Connecting *int
	Connected  *bool
	Said       *string
	Closed     *int
	Reason     string
	GaveUp     *int
}

// program is a running Node script, and how much of its output was consumed.
type program struct {
	*rig.Process
	read int
}

func start(t *testing.T, script string) *program {
	t.Helper()
	return &program{Process: rig.Start(t, script, rig.E2E("graphqlws"), nil, rig.Node(t), script)}
}

// next waits for the next event that accept takes.
func (p *program) next(t *testing.T, what string, accept func(event) bool) event {
	t.Helper()
	var e event
	_, p.read = p.Line(t, p.read, rig.Patience, what, func(line string) bool {
		e = event{}
		return json.Unmarshal([]byte(line), &e) == nil && accept(e)
	})
	return e
}

func (p *program) tell(t *testing.T, command any) {
	t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// setting is a GraphQL server behind a sidecar.
type setting struct {
	server *program
	side   *rig.Sidecar
}

func newSetting(t *testing.T, env ...string) *setting {
	t.Helper()
	s := &setting{server: start(t, "server.mjs")}
	port := *s.server.next(t, "port", func(e event) bool { return e.Listening != nil }).Listening
	s.side = rig.StartSidecar(t, append([]string{"PROTOCOL=graphql-ws", fmt.Sprintf("UPSTREAM_URL=http://127.0.0.1:%d", port), "JWT_SECRET=" + rig.Secret}, env...)...)
	return s
}

// params are a client's connectionParams.
type params map[string]any

// client starts a client that sends these connectionParams, one at each attempt.
func (s *setting) client(t *testing.T, headers map[string]string, retries int, sent ...params) *program {
	t.Helper()
	c := start(t, "client.mjs")
	c.tell(t, map[string]any{"url": s.side.URL("/graphql"), "params": sent, "headers": headers, "retries": retries})
	return c
}

// subscribed waits until a client's connection is up and its subscription known
// to the server, and returns what the server saw of it.
func (s *setting) subscribed(t *testing.T, c *program) (connection event, hello string) {
	t.Helper()
	c.next(t, "connection", func(e event) bool { return e.Connected != nil })
	connection = s.server.next(t, "connection at the server", func(e event) bool { return e.Headers != nil })
	hello = *s.server.next(t, "connection_init", func(e event) bool { return e.Raw != nil }).Raw
	s.server.next(t, "subscription at the server", func(e event) bool { return e.Operation != nil })
	return connection, hello
}

// closes waits for a close and asserts its code and reason.
func (c *program) closes(t *testing.T, code int, reason string) {
	t.Helper()
	if e := c.next(t, "close", func(e event) bool { return e.Closed != nil }); *e.Closed != code || e.Reason != reason {
		t.Fatalf("closed with %d %s, want %d %s", *e.Closed, e.Reason, code, reason)
	}
}

// gaveUp waits until the client has given up, and asserts after how many
// attempts.
func (c *program) gaveUp(t *testing.T, attempts, code int) {
	t.Helper()
	if e := c.next(t, "the client to give up", func(e event) bool { return e.GaveUp != nil }); *e.GaveUp != code {
		t.Errorf("the client gave up with %d, want %d", *e.GaveUp, code)
	}
	if n := strings.Count(c.Output(), `"connecting"`); n != attempts {
		t.Errorf("the client tried %d times, want %d", n, attempts)
	}
}

func alice(t *testing.T) string { return rig.Token(t, "alice", time.Hour, nil) }

func TestAGoodTokenSyncsAndStaysBehind(t *testing.T) {
	rig.Require(t)
	s := newSetting(t)
	token, grace := alice(t), rig.Token(t, "alice", -time.Hour, nil)
	for _, c := range []struct {
		name, status, hello string
		sent                params
	}{
		{"authToken", "valid", `{"type":"connection_init","payload":{"room":"1"}}`, params{"authToken": token, "room": "1"}},
		{"Authorization", "valid", `{"type":"connection_init","payload":{}}`, params{"Authorization": "Bearer " + token}},
		{"both", "valid", `{"type":"connection_init","payload":{}}`, params{"Authorization": "Bearer " + token, "authToken": token}},
		{"in grace", "grace", `{"type":"connection_init","payload":{}}`, params{"authToken": grace}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client := s.client(t, nil, 0, c.sent)
			connection, hello := s.subscribed(t, client)
			if connection.Protocol != "graphql-transport-ws" || hello != c.hello {
				t.Errorf("the server got subprotocol %q and %s, want %s", connection.Protocol, hello, c.hello)
			}
			if connection.Headers["x-sync-user-id"] != "alice" || connection.Headers["x-sync-auth-status"] != c.status {
				t.Errorf("the server got the headers %v", connection.Headers)
			}
			text := "said by " + c.name
			client.tell(t, map[string]string{"say": text})
			client.next(t, text, func(e event) bool { return e.Said != nil && *e.Said == text })
		})
	}
	rig.NoToken(t, "what the server got", s.server.Output(), token)
	rig.NoToken(t, "what the server got", s.server.Output(), grace)
	s.side.NoTokenSeen(t, token, grace)
}

// What a token can mend the client tries again, as often as it was told; with
// the next token it is in.
func TestTheClientComesBackWithAnotherToken(t *testing.T) {
	rig.Require(t)
	s := newSetting(t)
	wrong := rig.Sign(t, "not-the-secret-of-the-tests-0123456789", jwt.MapClaims{
		"sub": "mallory", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}, nil)
	expired := rig.Token(t, "alice", -25*time.Hour, nil)
	for _, c := range []struct {
		code string
		sent params
	}{
		{"AUTH_REQUIRED", params{}},
		{"TOKEN_INVALID", params{"authToken": wrong}},
		{"TOKEN_EXPIRED", params{"Authorization": "Bearer " + expired}},
	} {
		t.Run(c.code, func(t *testing.T) {
			never := s.client(t, nil, 2, c.sent)
			never.closes(t, 4403, c.code)
			never.closes(t, 4403, c.code)
			never.closes(t, 4403, c.code)
			never.gaveUp(t, 3, 4403)
			later := s.client(t, nil, 2, c.sent, params{"authToken": alice(t)})
			later.closes(t, 4403, c.code)
			s.subscribed(t, later)
		})
	}
	s.side.NoTokenSeen(t, wrong, expired)
	rig.NoToken(t, "what the server got", s.server.Output(), wrong)
}

// What no token can mend stops the client at once.
func TestTheClientStopsAtWhatIsFinal(t *testing.T) {
	rig.Require(t)
	s := newSetting(t)
	token, bob := alice(t), rig.Token(t, "bob", time.Hour, nil)
	two := s.client(t, map[string]string{"Authorization": "Bearer " + bob}, 3, params{"authToken": token})
	two.closes(t, 4401, "FORBIDDEN")
	two.gaveUp(t, 1, 4401)
	both := s.client(t, nil, 3, params{"authToken": token, "Authorization": "Bearer " + bob})
	both.closes(t, 4400, "BAD_FRAME")
	both.gaveUp(t, 1, 4400)
	if strings.Contains(s.server.Output(), "headers") {
		t.Error("the server was reached")
	}
}

// A connection that outlives its token is closed, and the client comes back
// with the next one, subscriptions and all.
func TestARefreshIsAReconnect(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "JWT_GRACE_PERIOD=0s")
	short := rig.Token(t, "alice", 5*time.Second, nil)
	client := s.client(t, nil, 3, params{"authToken": short}, params{"authToken": alice(t)})
	s.subscribed(t, client)
	client.closes(t, 4403, "TOKEN_EXPIRED")
	s.subscribed(t, client)
	client.tell(t, map[string]string{"say": "still here"})
	client.next(t, "what was said", func(e event) bool { return e.Said != nil && *e.Said == "still here" })
}

// A server with a static token of its own gets that one, where the client had
// put its own.
func TestTheServersOwnTokenTakesThePlace(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "UPSTREAM_AUTH_TOKEN=of-the-server")
	_, hello := s.subscribed(t, s.client(t, nil, 0, params{"Authorization": "Bearer " + alice(t)}))
	if want := `{"type":"connection_init","payload":{"Authorization":"Bearer of-the-server"}}`; hello != want {
		t.Errorf("the server got %s, want %s", hello, want)
	}
	if !slices.Contains(strings.Split(s.side.Get(t, "/metrics"), "\n"), `syncward_connections{state="open"} 1`) {
		t.Error("the connection is not counted as open")
	}
}
