package main

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// policyToken is a token in one state.
type policyToken struct{ name, text string }

// policyTokens is every state of a token; all but the forged ones are alice's.
func policyTokens(t *testing.T) []policyToken {
	now := time.Now().Unix()
	with := func(other jwt.MapClaims) string {
		claims := jwt.MapClaims{"typ": "JWT", "sub": "alice", "iss": "me", "aud": "us", "iat": now - 60}
		for name, value := range other {
			claims[name] = value
		}
		return tokenBy(t, goodSecret, claims)
	}
	raw := func(header, more string) string {
		claims := fmt.Sprintf(`{"sub":"alice","iss":"me","aud":"us","iat":%d,"exp":%d%s}`, now-60, now+3600, more)
		text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
		mac := hmac.New(sha256.New, []byte(goodSecret))
		mac.Write([]byte(text))
		return text + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	graced, past := jwt.MapClaims{"iat": now - 7200, "exp": now - 3600}, jwt.MapClaims{"iat": now - 30*3600, "exp": now - 25*3600}
	also := func(claims jwt.MapClaims, name string, value any) jwt.MapClaims {
		more := jwt.MapClaims{name: value}
		for name, value := range claims {
			more[name] = value
		}
		return more
	}
	return []policyToken{
		{"none", ""},
		{"good", with(nil)},
		{"in grace", with(graced)},
		{"past grace", with(past)},
		{"in grace, other issuer", with(also(graced, "iss", "x"))},
		{"past grace, other issuer", with(also(past, "iss", "x"))},
		{"no JWT", "not.a.token"},
		{"longer than 16 KiB", strings.Repeat("a", 20<<10)},
		{"`alg` none", raw(`{"alg":"none","typ":"JWT"}`, "")},
		{"`crit` or `b64` in the header", raw(`{"alg":"HS256","typ":"JWT","crit":["x"]}`, "")},
		{"other signature", tokenBy(t, otherSecret, jwt.MapClaims{"typ": "JWT", "sub": "alice", "iss": "me", "aud": "us"})},
		{"other `typ`", with(jwt.MapClaims{"typ": "rt+jwt"})},
		{"Syncward's own assertion", with(jwt.MapClaims{"typ": "sync-identity+jwt"})},
		{"a claim twice", raw(`{"alg":"HS256","typ":"JWT"}`, `,"sub":"bob"`)},
		{"no `exp`", with(jwt.MapClaims{"exp": nil})},
		{"no `iat`", with(jwt.MapClaims{"iat": nil})},
		{"`exp` is no date", with(jwt.MapClaims{"exp": "soon"})},
		{"other issuer", with(jwt.MapClaims{"iss": "x"})},
		{"other audience", with(jwt.MapClaims{"aud": "x"})},
		{"`nbf` ahead", with(jwt.MapClaims{"nbf": now + 3600})},
		{"`iat` ahead", with(jwt.MapClaims{"iat": now + 3600, "exp": now + 7200})},
		{"lives too long", with(jwt.MapClaims{"exp": now + 721*3600})},
		{"no userId", with(jwt.MapClaims{"sub": nil})},
		{"the anonymous userId", with(jwt.MapClaims{"sub": "anonymous"})},
		{"its key cannot be asked for", raw(`{"alg":"RS256","kid":"new","typ":"JWT"}`, "")},
	}
}

// userState is what the directory says: its HTTP status, 0 where there is none,
// and what an absent answer means.
type userState struct {
	name    string
	status  int
	failure string
}

var userStates = []userState{
	{"exists", http.StatusNoContent, "deny"},
	{"not asked", 0, "deny"},
	{"unknown", http.StatusNotFound, "allow"},
	{"no answer, `deny`", http.StatusInternalServerError, "deny"},
	{"no answer, `allow`", http.StatusInternalServerError, "allow"},
}

// policyModes are the modes, and the two ends of ENFORCE_PERCENT.
var policyModes = []policyMode{
	{"enforce", "authMode: enforce\nenforcePercent: 100"},
	{"enforce for nobody", "authMode: enforce\nenforcePercent: 0"},
	{"observe", "authMode: observe\nenforcePercent: 100"},
	{"off", "authMode: off\nenforcePercent: 100"},
}

type policyMode struct{ name, flags string }

func (r rule) admits() bool { return r.enforce == "valid" || r.enforce == "grace" }

// wants is what a sidecar in this mode does under a rule, in the words of ask.
func (m policyMode) wants(r rule, token string) string {
	switch {
	case m.name == "off":
		return strings.TrimSpace("passes as it came " + token)
	case r.admits():
		return fmt.Sprintf("admitted as alice, %s (%s)", r.enforce, r.reason)
	case m.name == "enforce":
		return fmt.Sprintf("refused with %s (%s)", r.enforce, r.reason)
	}
	return fmt.Sprintf("admitted as anonymous, anonymous (%s), counts %s", r.reason, r.enforce)
}

// world is a sidecar with a directory and a store in one state each.
type world struct {
	l     *live
	addr  string
	close func()

	mu   sync.Mutex
	last proxy.Attempt // of the connection that is being asked for
}

func newWorld(t *testing.T, user userState, store proxy.Revocations) *world {
	t.Helper()
	directory := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(user.status) }))
	legacy := httptest.NewServer(http.HandlerFunc(showWhatCame))
	env := []string{
		"UPSTREAM_URL=" + legacy.URL, "PROTOCOL=opaque", "AUTH_FAILURES_PER_MINUTE=0", "JWT_ISSUER=me", "JWT_AUDIENCE=us", "JWT_TYPE=JWT",
		"JWT_JWKS_URL=file:///nonexistent/jwks.json", "DRAIN_DELAY=0s", "DRAIN_PERIOD=0s",
	}
	if user.status != 0 {
		env = append(env, "USER_DIRECTORY_URL="+directory.URL+"/{userId}", "USER_DIRECTORY_FAILURE="+user.failure)
	}
	c, r := load(minimal(env...))
	must(t, r.err())
	w := &world{}
	var err error
	w.l, err = newLive(c)
	must(t, err)
	users := c.users(proxy.Hooks{})
	srv, err := newServer(c, w.l, users, store, books{}, proxy.Hooks{Auth: w.attempted})
	must(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w.addr = ln.Addr().String()
	stop, cancel := context.WithCancel(context.Background())
	var side sync.WaitGroup
	side.Go(func() { w.l.remote.Run(stop) })
	side.Go(func() { _ = srv.Serve(ln) })
	w.close = func() {
		cancel()
		must(t, srv.Drain(ended()))
		side.Wait()
		users.Close()
		legacy.Close()
		directory.Close()
	}
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) attempted(a proxy.Attempt) { w.mu.Lock(); defer w.mu.Unlock(); w.last = a }

// turn sets the mode, as FLAGS_FILE does.
func (w *world) turn(t *testing.T, m policyMode) {
	t.Helper()
	f, err := parseFlags([]byte(m.flags))
	must(t, err)
	must(t, w.l.setFlags(f))
}

// showWhatCame is an upstream whose 101 says what its request carried.
func showWhatCame(w http.ResponseWriter, r *http.Request) {
	for _, name := range []string{"X-Sync-User-Id", "X-Sync-Auth-Status", "Authorization"} {
		w.Header()["Saw-"+name] = r.Header[name]
	}
	ws, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer ws.CloseNow()
	_, _, _ = ws.Read(r.Context())
}

// ask connects with a token, and says in words what came of it at the client, at
// the upstream and in the hooks; where these differ, the words are of no rule.
func (w *world) ask(t *testing.T, token string) string {
	t.Helper()
	w.attempted(proxy.Attempt{})
	c, err := net.Dial("tcp", w.addr)
	must(t, err)
	defer c.Close()
	must(t, c.(*net.TCPConn).SetLinger(0)) // thousands of these would fill the table of ports
	must(t, c.SetDeadline(time.Now().Add(20*time.Second)))
	credential := ""
	if token != "" {
		credential = "Authorization: Bearer " + token + "\r\n"
	}
	_, err = fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n", credential)
	must(t, err)
	res, err := http.ReadResponse(bufio.NewReader(c), nil)
	must(t, err)
	w.mu.Lock()
	at := w.last
	w.mu.Unlock()
	if res.StatusCode != http.StatusSwitchingProtocols {
		var body struct{ Error struct{ Code authz.Code } }
		must(t, json.NewDecoder(res.Body).Decode(&body))
		if body.Error.Code != at.Code || at.Observed != "" || at.Status != "" {
			return fmt.Sprintf("refused with %s, but told of as %+v", body.Error.Code, at)
		}
		return fmt.Sprintf("refused with %s (%s)", at.Code, at.Reason)
	}
	user, status, passed := res.Header.Get("Saw-X-Sync-User-Id"), res.Header.Get("Saw-X-Sync-Auth-Status"), res.Header.Get("Saw-Authorization")
	if user == "" && status == "" && at == (proxy.Attempt{}) {
		return strings.TrimSpace("passes as it came " + strings.TrimPrefix(passed, "Bearer "))
	}
	said := fmt.Sprintf("admitted as %s, %s (%s)", user, status, at.Reason)
	if at.Observed != "" {
		said += ", counts " + string(at.Observed)
	}
	if passed != "" || at.Code != "" || string(at.Status) != status {
		said += ", but the upstream saw a token, or the hooks something else"
	}
	return said
}
