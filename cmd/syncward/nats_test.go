package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
)

// broker is an embedded nats-server at an address that it keeps over a restart.
type broker struct {
	t   *testing.T
	o   server.Options
	s   *server.Server
	url string
}

// newBroker reserves an address; start runs a server there.
func newBroker(t *testing.T, with func(*server.Options)) *broker {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	port := ln.Addr().(*net.TCPAddr).Port
	must(t, ln.Close())
	b := &broker{t: t, url: fmt.Sprintf("nats://127.0.0.1:%d", port)}
	b.o = server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: t.TempDir(), NoLog: true, NoSigs: true}
	if with != nil {
		with(&b.o)
	}
	return b
}

func (b *broker) start() *broker {
	b.t.Helper()
	o := b.o
	s, err := server.NewServer(&o)
	must(b.t, err)
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		b.t.Fatal("the server does not start")
	}
	b.s = s
	b.t.Cleanup(b.stop)
	return b
}

func (b *broker) stop() {
	b.s.Shutdown()
	b.s.WaitForShutdown()
}

// fleetOf starts a sidecar whose store is at a broker.
func fleetOf(t *testing.T, url string, more ...string) *sidecar {
	t.Helper()
	up := httptest.NewServer(echo(t))
	t.Cleanup(up.Close)
	return startSidecar(t, up.URL, append([]string{"REVOCATION_STORE=nats", "NATS_URL=" + url, "ADMIN_TOKEN=" + adminToken}, more...)...)
}

// readiness returns what /readyz says.
func (s *sidecar) readiness(t *testing.T) (int, string) {
	t.Helper()
	return fetch(t, "http://"+s.admin+"/readyz")
}

func fetch(t *testing.T, url string) (int, string) {
	t.Helper()
	res, err := http.Get(url)
	must(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	must(t, err)
	return res.StatusCode, string(body)
}

// waitFor polls: there is no event to wait for. The time is a safety net.
func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never: %s", what)
		}
	}
}

func (s *sidecar) becomesReady(t *testing.T) *sidecar {
	t.Helper()
	waitFor(t, "ready", func() bool { code, _ := s.readiness(t); return code == http.StatusOK })
	return s
}

// shows wants a line in the metrics, sooner or later.
func (s *sidecar) shows(t *testing.T, line string) {
	t.Helper()
	waitFor(t, line, func() bool {
		_, page := fetch(t, "http://"+s.admin+"/metrics")
		return strings.Contains(page, "\n"+line+"\n")
	})
}

// refuses wants a user's new connection to be refused; the token is older than
// whatever the test has revoked.
func (s *sidecar) refuses(t *testing.T, user string, code int, reason string) {
	t.Helper()
	ctx, ws := dial(t, "ws://"+s.addr+"/sync", nil)
	token := tokenBy(t, goodSecret, jwt.MapClaims{"sub": user, "iat": time.Now().Add(-time.Minute).Unix()})
	must(t, ws.Write(ctx, websocket.MessageText, []byte(`{"authToken":"`+token+`"}`)))
	endsWith(t, ws, code, reason)
}

// Nothing is known before the first catch-up, whatever was said meanwhile: no
// token may be blamed, and nobody let in.
func TestAttack23WhileTheStoreIsDownNobodyComesInAndNoTokenIsBlamed(t *testing.T) {
	b := newBroker(t, nil)
	s := fleetOf(t, b.url)
	if code, body := s.readiness(t); code != http.StatusServiceUnavailable || !strings.Contains(body, `"store"`) {
		t.Errorf("readiness: %d %s", code, body)
	}
	s.refuses(t, "ada", 1013, "AUTH_UNAVAILABLE")
	if code, body := s.call(t, "POST", "revocations", `{"userId":"ada"}`); code != http.StatusServiceUnavailable || !strings.Contains(body, "this replica alone") {
		t.Errorf("a revocation that nobody learns of: %d %s", code, body)
	}
	if code, body := s.call(t, "DELETE", "revocations/ada", ""); code != http.StatusServiceUnavailable || !strings.Contains(body, "nothing was removed") {
		t.Errorf("a removal that nobody learns of: %d %s", code, body)
	}
	s.refuses(t, "ada", 1013, "AUTH_UNAVAILABLE")
	s.shows(t, "syncward_revocation_store_up 0")

	b.start()
	s.becomesReady(t)
	s.shows(t, "syncward_revocation_store_up 1")
	s.refuses(t, "ada", 4403, "SESSION_REVOKED")
	s.admitted(t, "bob")
}

// A logout of before it was started.
func TestAttack23AReplicaThatJoinsLateKnowsTheLogout(t *testing.T) {
	b := newBroker(t, nil).start()
	one, two := fleetOf(t, b.url).becomesReady(t), fleetOf(t, b.url).becomesReady(t)
	there := two.admitted(t, "ada")
	bob := two.admitted(t, "bob")
	ctx, ws := dial(t, "ws://"+one.addr+"/sync", nil)
	token := tokenBy(t, goodSecret, jwt.MapClaims{"sub": "ada", "iat": time.Now().Add(-time.Second).Unix()})
	must(t, ws.Write(ctx, websocket.MessageText, []byte(`{"authToken":"`+token+`","authProtocol":1}`)))
	_, ok, err := ws.Read(ctx)
	must(t, err)
	if !strings.Contains(string(ok), "auth.ok") {
		t.Fatalf("%s", ok)
	}
	must(t, ws.Write(ctx, websocket.MessageText, []byte(`{"type":"auth.logout"}`)))
	endsWith(t, there, 4403, "SESSION_REVOKED")
	late := fleetOf(t, b.url).becomesReady(t)
	late.refuses(t, "ada", 4403, "SESSION_REVOKED")
	say(t, t.Context(), bob, `{"still":"here"}`, `bob {"still":"here"}`)
	late.shows(t, `syncward_revocations_total{kind="user"} 0`) // what it read at the start was counted elsewhere
	two.shows(t, `syncward_revocations_total{kind="user"} 1`)
}

func TestModesThatRefuseNobodyDoNotNeedTheStore(t *testing.T) {
	b := newBroker(t, nil)
	off := fleetOf(t, b.url, "AUTH_MODE=off")
	off.becomesReady(t)
	ctx, ws := dial(t, "ws://"+off.addr+"/sync", nil)
	say(t, ctx, ws, `{}`, ` {}`)
	for _, broken := range [][]string{{"NATS_URL=http://user:hunter2@h"}, {"NATS_URL="}, {"NATS_CA_FILE=/nonexistent"}, {"NATS_CREDS_FILE=/nonexistent"}, {"NATS_BUCKET=a.b"}} {
		fleetOf(t, b.url, append(broken, "AUTH_MODE=off")...).becomesReady(t)
	}
	observe := fleetOf(t, b.url, "AUTH_MODE=observe")
	observe.becomesReady(t)
	ctx, ws = dial(t, "ws://"+observe.addr+"/sync", nil)
	say(t, ctx, ws, `{"authToken":"`+tokenBy(t, goodSecret, nil)+`"}`, `anonymous {}`)
	observe.shows(t, `syncward_auth_observed_refusals_total{code="AUTH_UNAVAILABLE"} 1`)
}

// The 30 s are counted by a clock in the test's hand.
func TestAfterThirtySecondsWithoutTheStoreRevocationFailureCounts(t *testing.T) {
	b := newBroker(t, nil).start()
	conn, err := nats.Connect(b.url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	must(t, err)
	defer conn.Close()
	var passed atomic.Int64
	fleet := natskv.New(natskv.Options{Conn: conn, Bucket: "b", Keep: time.Hour, Now: func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }})
	ctx, cancel := context.WithCancel(t.Context())
	var side sync.WaitGroup
	side.Go(func() { fleet.Run(ctx) })
	defer side.Wait()
	defer cancel()
	allow, deny := revocations{fleet, fleet, nil, false}, revocations{fleet, fleet, nil, true}
	waitFor(t, "caught up", fleet.CaughtUp)
	must(t, fleet.Add(revocation.Entry{UserID: "ada", Before: time.Now()}))
	says := func(r revocations, user string, want authz.Code) {
		t.Helper()
		if got, _ := r.Check(authz.Decision{UserID: user, IssuedAt: time.Now().Add(-time.Minute)}); got != want {
			t.Errorf("%s, deny %t: %q, want %q", user, r.deny, got, want)
		}
	}
	b.stop()
	waitFor(t, "out of reach", func() bool { return fleet.Out() > 0 })
	passed.Store(int64(20 * time.Second))
	says(deny, "bob", "")
	passed.Store(int64(31 * time.Second))
	says(allow, "bob", "")
	says(deny, "bob", authz.AuthUnavailable)
	says(allow, "ada", authz.SessionRevoked)
	says(deny, "ada", authz.SessionRevoked) // known is known
	b.start()
	waitFor(t, "in reach", func() bool { return fleet.Out() == 0 })
	says(deny, "bob", "")
}
