package livestore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// staticToken is what an unchanged worker insists on in its validatePayload.
const staticToken = "the-static-token-of-an-unchanged-worker"

// TestOtherVersionsSyncThroughSyncward: LiveStore 0.4 with its events in D1,
// and 0.3.1, each with a worker that insists on a token in the payload.
func TestOtherVersionsSyncThroughSyncward(t *testing.T) {
	rig.Require(t)
	for _, kind := range []worker.Kind{worker.V04D1, worker.V03} {
		t.Run(string(kind), func(t *testing.T) {
			w := worker.Start(t, kind, rig.FreeAddr(t), "EXPECT_TOKEN:"+staticToken, "ADMIN_SECRET:"+adminSecret)
			parts := []part{
				{"two clients sync, and the worker gets the token it insists on", syncsUnderTheStaticToken},
				{"refused clients are refused in the handshake and do not run hot", refusedInTheHandshake},
				{"at the end of the grace the connection ends, and the client waits", theEndOfTheGrace},
				{"a client that closes is answered, though the worker never does", aCloseIsAnswered},
				{"a client that lost its connection syncs on", aLostConnection},
				{"a clientId is its first user's, also for a later process", clientIDsHaveOwners},
				{"what was pushed is known again when it is handed out", whatWasPushedIsKnownAgain},
			}
			if kind == worker.V03 {
				parts = append(parts, part{"admin messages pass only where they are allowed", adminMessages})
			} else {
				parts = append(parts, part{"no store reads another's events after hibernation", noStoreReadsAnothers},
					part{"what the server would answer with a Defect never reaches it", noDefect})
			}
			for _, p := range parts {
				t.Run(p.name, func(t *testing.T) { p.run(t, w) })
			}
		})
	}
}

type part struct {
	name string
	run  func(*testing.T, *worker.Worker)
}

// front puts a sidecar before w that gives it its static token, and a tap
// before the sidecar.
func front(t *testing.T, w *worker.Worker, env ...string) (*hop, *rig.Tap) {
	t.Helper()
	side := startHop(t, w.Addr, append([]string{"UPSTREAM_AUTH_TOKEN=" + staticToken}, env...)...)
	return side, rig.StartTap(t, side.Addr)
}

func syncsUnderTheStaticToken(t *testing.T, w *worker.Worker) {
	tokens := []string{rig.Token(t, "alice", time.Hour, nil), rig.Token(t, "bob", time.Hour, nil)}
	var side *hop
	var tap *rig.Tap
	store, _, _ := twoSync(t, w.Kind, "shared-notes", tokens, func() (string, string) {
		side, tap = front(t, w)
		return tap.Addr(), tap.Addr()
	})

	ping, pong := `{"_tag":"Ping"}`, `{"_tag":"Pong"}`
	push, callback := "SyncWsRpc.Push", "validatePayload"
	if w.Kind == worker.V03 {
		ping, pong = `{"_tag":"WSMessage.Ping","requestId":"ping"}`, `{"_tag":"WSMessage.Pong","requestId":"ping"}`
		push, callback = "WSMessage.PushReq", "fetch"
	}
	for i, sent := range side.tap.Sent() {
		head, frames, err := rig.ClientStream(sent)
		if err != nil {
			t.Fatal(err)
		}
		pings, pushes := 0, 0
		for _, f := range frames {
			switch {
			case string(f.Payload) == ping:
				pings++
			case strings.Contains(string(f.Payload), push):
				pushes++
			}
			for _, token := range tokens {
				rig.NoToken(t, "a frame to the worker", string(f.Payload), token)
			}
		}
		for _, token := range tokens {
			rig.NoToken(t, "the request to the worker", head, token)
		}
		if pings == 0 || pushes == 0 || strings.Contains(strings.ToLower(head), "sec-websocket-extensions") {
			t.Errorf("connection %d: %d pings in the client's own bytes, %d pushes, head\n%s", i, pings, pushes, head)
		}
	}
	for i, f := range received(t, tap, pong) {
		if f == 0 {
			t.Errorf("connection %d: no ping of the client was answered", i)
		}
	}
	for user := range map[string]int{"alice": 0, "bob": 0} {
		if len(of(w, store, callback, user)) == 0 {
			t.Errorf("%s never saw %s", callback, user)
		}
	}
	side.NoTokenSeen(t, append(tokens, staticToken)...)
}

// twoSync has alice and bob write into one store of that name and a number, through the addresses that
// front returns, until each sees what the other wrote; it returns the store.
//
// The worker of 0.4 interrupts the pulls of a store now and then when the first
// push comes, also where nothing stands between it and its clients, and these
// never pull again. Then another store is taken.
func twoSync(t *testing.T, kind worker.Kind, name string, tokens []string, front func() (string, string)) (store string, alice, bob *worker.Client) {
	t.Helper()
	for attempt := range 6 {
		store := fmt.Sprint(name, "-", attempt)
		one, other := front()
		alice := worker.StartClient(t, kind, one, store, "client-a", tokens[0])
		alice.Commit(t, "hello from alice")
		alice.Shows(rig.Patience/4, "hello from alice")
		bob := worker.StartClient(t, kind, other, store, "client-b", tokens[1])
		if bob.Shows(rig.Patience/4, "hello from alice") {
			bob.Commit(t, "hello from bob")
			if alice.Shows(rig.Patience/4, "hello from alice", "hello from bob") {
				return store, alice, bob
			}
		}
		t.Logf("attempt %d: alice sees %q, bob %q", attempt, alice.Texts(), bob.Texts())
		alice.Stop()
		bob.Stop()
	}
	t.Fatal("no two clients of six stores saw each other's events")
	return "", nil, nil
}

// received counts, for each connection, the frames that its client got with
// exactly this payload, and fails at a Defect, which would end the client's sync.
func received(t *testing.T, tap *rig.Tap, payload string) []int {
	t.Helper()
	var counts []int
	for _, bytes := range tap.Received() {
		head, frames, err := rig.ServerStream(bytes)
		if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			continue
		}
		n := 0
		for _, f := range frames {
			if string(f.Payload) == payload {
				n++
			}
			if strings.Contains(string(f.Payload), `"Defect"`) {
				t.Errorf("a client got %s", f.Payload)
			}
		}
		counts = append(counts, n)
	}
	return counts
}

// refusedInTheHandshake: after a 101 that is followed by a close, 0.3.1's client
// connects again at once, over a hundred times a second.
func refusedInTheHandshake(t *testing.T, w *worker.Worker) {
	side, tap := front(t, w)
	wrong := rig.Sign(t, "not-the-secret-of-the-tests-0123456789", map[string]any{"sub": "alice", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}, nil)
	c := worker.StartClient(t, w.Kind, tap.Addr(), "refused-notes", "client-a", wrong)
	c.Commit(t, "never")
	waitsPatiently(t, tap, 0)
	for _, got := range tap.Received() {
		if !strings.HasPrefix(string(got), "HTTP/1.1 401 ") {
			t.Errorf("answered with %.60q", got)
		}
	}
	if sent := side.tap.Sent(); len(sent) != 0 {
		t.Errorf("the sidecar opened %d connections to the worker", len(sent))
	}
	side.NoTokenSeen(t, wrong)
}

// waitsPatiently waits for three dials from connection from on, and then looks
// how many there were in all: a client that runs hot has made thousands by the
// time that a patient one has made three.
func waitsPatiently(t *testing.T, tap *rig.Tap, from int) {
	t.Helper()
	rig.Eventually(t, "three more dials of the client", func() bool { return len(tap.Sent()) >= from+3 })
	time.Sleep(3 * time.Second) // the window that is counted
	if n := len(tap.Sent()) - from; n > 40 {
		t.Errorf("%d dials in a few seconds: the client runs hot", n)
	}
}

// theEndOfTheGrace: the connection ends with its code, the client's dials are
// refused in the handshake, and it neither runs hot nor ends.
func theEndOfTheGrace(t *testing.T, w *worker.Worker) {
	side, tap := front(t, w, "JWT_GRACE_PERIOD=1s")
	token := rig.Token(t, "alice", 15*time.Second, nil)
	c := worker.StartClient(t, w.Kind, tap.Addr(), "expiring-notes", "client-a", token)
	c.Commit(t, "in time")
	rig.Eventually(t, "the event at the worker", func() bool { return arrived(w, "in time") })
	rig.Eventually(t, "the end of the connection", func() bool { return strings.Contains(side.Get(t, "/metrics"), `syncward_connections{state="open"} 0`) })
	live := 0
	for _, got := range tap.Received() {
		head, frames, err := rig.ServerStream(got)
		if err != nil || !strings.HasPrefix(head, "HTTP/1.1 101 ") {
			continue
		}
		live++
		if last := frames[len(frames)-1]; last.Opcode != 8 || string(last.Payload) != "\x11\x31TOKEN_EXPIRED" {
			t.Errorf("the last frame is %d %q, want the close 4401", last.Opcode, last.Payload)
		}
	}
	if live != 1 {
		t.Errorf("%d connections were let in, want 1", live)
	}
	c.Commit(t, "too late")
	waitsPatiently(t, tap, live)
	if c.Exited() || arrived(w, "too late") {
		t.Errorf("the client ended: %v, or wrote on: %v", c.Exited(), arrived(w, "too late"))
	}
	side.NoTokenSeen(t, token)
}

// arrived tells whether an event with this text is among what the worker was
// given to store, by whoever.
func arrived(w *worker.Worker, text string) bool {
	for _, store := range []string{"", "expiring-notes"} {
		for _, s := range w.Of(store, "onPush") {
			if strings.Contains(string(s.Batch), text) {
				return true
			}
		}
	}
	return false
}

func aCloseIsAnswered(t *testing.T, w *worker.Worker) {
	side, _ := front(t, w)
	conn, resp := dial(t, worker.URL(w.Kind, side.Addr, "closing-notes", rig.Token(t, "alice", time.Hour, nil)), nil)
	if conn == nil {
		t.Fatalf("status %d", resp.StatusCode)
	}
	// Close waits for the answering close frame, and reports its lack.
	// (The worker itself leaves it to the connection's end.)
	if err := conn.Close(websocket.StatusNormalClosure, ""); err != nil {
		t.Errorf("the close was not answered: %v", err)
	}
	rig.Eventually(t, "both sockets closed", func() bool { return strings.Contains(side.Get(t, "/metrics"), `syncward_connections{state="open"} 0`) })
}

const adminSecret = "the-admin-secret-of-the-worker"

func adminMessages(t *testing.T, w *worker.Worker) {
	token := rig.Token(t, "alice", time.Hour, nil)
	ask := func(side *hop) (answer string, closed websocket.CloseError) {
		ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
		defer cancel()
		conn, resp := dial(t, worker.URL(w.Kind, side.Addr, "admin-notes", token), nil)
		if conn == nil {
			t.Fatalf("status %d", resp.StatusCode)
		}
		if err := conn.Write(ctx, websocket.MessageText, []byte(`{"_tag":"WSMessage.AdminInfoReq","requestId":"a","adminSecret":"`+adminSecret+`"}`)); err != nil {
			t.Fatal(err)
		}
		_, msg, err := conn.Read(ctx)
		errors.As(err, &closed)
		return string(msg), closed
	}
	allowing, _ := front(t, w, "LIVESTORE_ALLOW_ADMIN=true")
	if answer, closed := ask(allowing); !strings.Contains(answer, "AdminInfoRes") {
		t.Errorf("allowed: %s %v", answer, closed)
	}
	side, _ := front(t, w)
	if answer, closed := ask(side); answer != "" || closed.Code != 4403 || closed.Reason != "FORBIDDEN" {
		t.Errorf("by default: %s %v, want 4403 FORBIDDEN", answer, closed)
	}
	for _, sent := range side.tap.Sent() {
		_, frames, _ := rig.ClientStream(sent)
		for _, f := range frames {
			if strings.Contains(string(f.Payload), adminSecret) {
				t.Errorf("passed on: %s", f.Payload)
			}
		}
	}
}

// pullOf is a pull of 0.4 as the client writes it.
func pullOf(storeID, token string) []byte {
	frame, _ := json.Marshal(map[string]any{
		"_tag": "Request", "id": "0", "tag": "SyncWsRpc.Pull", "traceId": "t", "spanId": "s", "sampled": false, "headers": []any{},
		"payload": map[string]any{"storeId": storeID, "payload": map[string]string{"authToken": token}, "live": false, "cursor": map[string]string{"_tag": "None"}},
	})
	return frame
}

// noStoreReadsAnothers: a 0.4 worker on D1 that slept takes the store out of the
// frame. The test first shows that hole, so that its guard is seen to guard.
func noStoreReadsAnothers(t *testing.T, w *worker.Worker) {
	const own, theirs, secret = "own-notes", "notes-of-others", "nobody else may read this"
	side, _ := front(t, w)
	token := rig.Token(t, "alice", time.Hour, nil)
	worker.StartClient(t, w.Kind, side.Addr, theirs, "client-b", rig.Token(t, "bob", time.Hour, nil)).Commit(t, secret)
	rig.Eventually(t, "the other's event", func() bool { return pushed(w, theirs, "bob", secret) })

	ctx, cancel := context.WithTimeout(t.Context(), 2*rig.Patience)
	defer cancel()
	open := func(addr, token string) *websocket.Conn {
		conn, resp := dial(t, worker.URL(w.Kind, addr, own, token), nil)
		if conn == nil {
			body, _ := io.ReadAll(resp.Body)
			t.Fatalf("status %d: %s", resp.StatusCode, body)
		}
		conn.SetReadLimit(1 << 20)
		return conn
	}
	direct, through := open(w.Addr, staticToken), open(side.Addr, token)
	time.Sleep(16 * time.Second) // hibernation: measured, there is no event to wait for
	for _, conn := range []*websocket.Conn{direct, through} {
		if err := conn.Write(ctx, websocket.MessageText, pullOf(theirs, token)); err != nil {
			t.Fatal(err)
		}
	}
	if _, answer, err := direct.Read(ctx); err != nil || !strings.Contains(string(answer), secret) {
		t.Errorf("without Syncward the worker answers %s, %v: the hole is gone, or this test does not find it", answer, err)
	}
	var closed websocket.CloseError
	if err := readToEnd(ctx, through, &closed); err != nil || closed.Code != 4403 || closed.Reason != "FORBIDDEN" {
		t.Errorf("closed with %v, %v; want 4403 FORBIDDEN", closed, err)
	}
}

// noDefect sends what 0.4's server answers with a Defect, or not at all, in one
// frame, in fragments and as binary.
func noDefect(t *testing.T, w *worker.Worker) {
	side, tap := front(t, w)
	token := rig.Token(t, "alice", time.Hour, nil)
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	send := func(kind websocket.MessageType, pieces ...string) (answer string, closed websocket.CloseError) {
		conn, resp := dial(t, worker.URL(w.Kind, tap.Addr(), "defect-notes", token), nil)
		if conn == nil {
			t.Fatalf("status %d", resp.StatusCode)
		}
		defer conn.CloseNow()
		m, err := conn.Writer(ctx, kind)
		if err != nil {
			t.Fatal(err)
		}
		for _, piece := range pieces { // each a frame of its own
			if _, err := m.Write([]byte(piece)); err != nil {
				t.Fatal(err)
			}
		}
		if err := m.Close(); err != nil {
			t.Fatal(err)
		}
		_, msg, err := conn.Read(ctx)
		if err != nil {
			closed.Code = websocket.CloseStatus(err)
		}
		return string(msg), closed
	}
	good := string(pullOf("defect-notes", token))
	for name, pieces := range map[string][]string{"whole": {good}, "in fragments": {good[:1], good[1:150], good[150:]}} {
		for _, kind := range []websocket.MessageType{websocket.MessageText, websocket.MessageBinary} {
			if answer, closed := send(kind, pieces...); !strings.Contains(answer, `"requestId":"0"`) {
				t.Errorf("a pull %s as %v is answered with %q %v", name, kind, answer, closed)
			}
		}
	}
	request := func(from, to string) string { return strings.Replace(good, from, to, 1) }
	for name, msg := range map[string]string{
		"no JSON": "hello", "an array": "[" + good + "]", "an unknown message": `{"_tag":"Nonsense"}`,
		"an unknown call": request("SyncWsRpc.Pull", "SyncWsRpc.Nonsense"), "a numeric id": request(`"id":"0"`, `"id":0`),
		"an id that is no number": request(`"id":"0"`, `"id":"x"`), "an acknowledgement of such": `{"_tag":"Ack","requestId":"x"}`,
	} {
		for _, pieces := range [][]string{{msg}, {msg[:2], msg[2:]}} {
			if answer, closed := send(websocket.MessageText, pieces...); answer != "" || closed.Code != 4400 {
				t.Errorf("%s in %d frames: %q, close %d, want 4400", name, len(pieces), answer, closed.Code)
			}
		}
	}
	received(t, tap, "")
	for _, sent := range side.tap.Sent() {
		_, frames, err := rig.ClientStream(sent)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			rig.NoToken(t, "a frame to the worker", string(f.Payload), token)
		}
	}
}
