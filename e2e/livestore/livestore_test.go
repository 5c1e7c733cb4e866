package livestore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// TestLiveStoreSyncsThroughSyncward shares one worker, which lets nobody in
// without a good assertion; each part has a store of its own.
func TestLiveStoreSyncsThroughSyncward(t *testing.T) {
	rig.Require(t)
	w := worker.Start(t, worker.V04, rig.FreeAddr(t), "ASSERTION_ALG:HS256", "ASSERTION_SECRET:"+identitySecret, "ASSERTION_AUDIENCE:"+audience)
	for _, part := range []struct {
		name string
		run  func(*testing.T, *worker.Worker)
	}{
		{"events reach the worker and the other client under their users' names", eventsArriveUnderTheirUsersNames},
		{"the worker refuses an assertion that was changed or is too old", theWorkerRefusesAForgedAssertion},
		{"a wrong token is refused in the handshake and the worker sees nothing", aWrongTokenNeverReachesTheWorker},
		{"a frame for another store is refused and the worker never sees it", aFrameForAnotherStoreIsRefused},
		{"a token in grace still syncs", aTokenInGraceSyncs},
		{"the HTTP transport syncs under the user's name", httpTransportSyncs},
		{"bodies of the HTTP transport are judged as frames are", httpBodiesAreJudged},
		{"observe admits a client without a token as anonymous", observeAdmitsAsAnonymous},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, w) })
	}
}

func eventsArriveUnderTheirUsersNames(t *testing.T, w *worker.Worker) {
	tokens := map[string]string{"alice": rig.Token(t, "alice", time.Hour, nil), "bob": rig.Token(t, "bob", time.Hour, nil)}
	var side *hop
	store, _, _ := twoSync(t, worker.V04, "shared-notes", []string{tokens["alice"], tokens["bob"]}, func() (string, string) {
		side = startHop(t, w.Addr)
		return side.Addr, side.Addr
	})

	for user, text := range map[string]string{"alice": "hello from alice", "bob": "hello from bob"} {
		rig.Eventually(t, "a push of "+user+" with its event", func() bool { return pushed(w, store, user, text) })
		if n := len(of(w, store, "onPull", user)); n == 0 {
			t.Errorf("onPull never saw %s", user)
		}
		connects := of(w, store, "validatePayload", user)
		if len(connects) == 0 {
			t.Errorf("validatePayload never saw %s", user)
		}
		for _, c := range connects {
			if c.Claims["sub"] != user || c.Claims["iid"] != store || c.Claims["status"] != "valid" {
				t.Errorf("validatePayload verified %v for %s", c.Claims, user)
			}
		}
	}
	for _, seen := range w.Of(store, "") {
		if strings.Contains(string(seen.Payload), "authToken") {
			t.Errorf("%s got the payload %s", seen.Callback, seen.Payload)
		}
	}
	noTokenOnTheWire(t, side, tokens["alice"], tokens["bob"])
}

// noTokenOnTheWire reads what the sidecar sent to the worker. It first shows
// that the reading would find something: the bytes are not compressed and hold
// the events.
func noTokenOnTheWire(t *testing.T, side *hop, tokens ...string) {
	t.Helper()
	var all strings.Builder
	for i, sent := range side.tap.Sent() {
		head, frames, err := rig.ClientStream(sent)
		if err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
		if strings.Contains(strings.ToLower(head), "sec-websocket-extensions") {
			t.Errorf("connection %d offers an extension:\n%s", i, head)
		}
		all.Write(sent)
		for _, f := range frames {
			if f.RSV1 {
				t.Errorf("connection %d has a compressed frame", i)
			}
			all.Write(f.Payload)
		}
	}
	for _, text := range []string{"hello from alice", "hello from bob", "SyncWsRpc.Push", "SyncWsRpc.Pull"} {
		if !strings.Contains(all.String(), text) {
			t.Errorf("the recorded bytes do not hold %q, so the search for tokens proves nothing", text)
		}
	}
	for _, token := range tokens {
		rig.NoToken(t, "the wire to the worker", all.String(), token)
	}
	side.NoTokenSeen(t, tokens...)
}

func aTokenInGraceSyncs(t *testing.T, w *worker.Worker) {
	const store = "grace-notes"
	side := startHop(t, w.Addr)
	syncs(t, side.Addr, w, store, "carol", rig.Token(t, "carol", -time.Hour, nil))
	for _, c := range of(w, store, "validatePayload", "carol") {
		if c.Claims["status"] != "grace" {
			t.Errorf("the assertion says %v", c.Claims)
		}
	}
}

func observeAdmitsAsAnonymous(t *testing.T, w *worker.Worker) {
	side := startHop(t, w.Addr, "AUTH_MODE=observe")
	syncs(t, side.Addr, w, "observed-notes", "anonymous", "")
	for _, c := range of(w, "observed-notes", "validatePayload", "anonymous") {
		if c.Claims["status"] != "anonymous" {
			t.Errorf("the assertion says %v", c.Claims)
		}
	}
	syncs(t, side.Addr, w, "observed-bad-token", "anonymous", rig.Sign(t, "not-the-secret-of-the-tests-0123456789", nil, nil))
}

// syncs lets one client write and a second one read, and waits for the worker
// to have seen the write under user.
func syncs(t *testing.T, addr string, w *worker.Worker, store, user, token string) {
	t.Helper()
	text := "written by " + user
	worker.StartClient(t, worker.V04, addr, store, "client-a", token).Commit(t, text)
	worker.Arrives(t, func() *worker.Client { return worker.StartClient(t, worker.V04, addr, store, "client-b", token) }, text)
	rig.Eventually(t, "a push of "+user, func() bool { return pushed(w, store, user, text) })
}

// of returns what a callback saw of one user in a store.
func of(w *worker.Worker, store, callback, user string) []worker.Seen {
	var seen []worker.Seen
	for _, s := range w.Of(store, callback) {
		if s.Headers["x-sync-user-id"] == user {
			seen = append(seen, s)
		}
	}
	return seen
}

// pushed tells whether onPush saw an event with text from user.
func pushed(w *worker.Worker, store, user, text string) bool {
	for _, s := range of(w, store, "onPush", user) {
		if strings.Contains(string(s.Batch), text) {
			return true
		}
	}
	return false
}
