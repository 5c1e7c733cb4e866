package livestore_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// aLostConnection: both versions come back by themselves, and what is written
// from then on arrives on both sides. What was written meanwhile reaches a
// client of 0.4 too.
func aLostConnection(t *testing.T, w *worker.Worker) {
	side, tap := front(t, w)
	tokens := []string{rig.Token(t, "alice", time.Hour, nil), rig.Token(t, "bob", time.Hour, nil)}
	_, alice, bob := twoSync(t, w.Kind, "lost-notes", tokens, func() (string, string) { return tap.Addr(), side.Addr })
	dials := len(tap.Sent())
	tap.Cut()
	if w.Kind != worker.V03 {
		bob.Commit(t, "meanwhile")
		alice.Sees(t, "hello from bob", "meanwhile")
	}
	// The worker knows of a connection when it has answered: what is written
	// before that is "meanwhile".
	rig.Eventually(t, "another connection", func() bool {
		got := tap.Received()
		return len(got) > dials && strings.HasPrefix(string(got[len(got)-1]), "HTTP/1.1 101 ")
	})
	bob.Commit(t, "afterwards")
	alice.Sees(t, "hello from bob", "afterwards")
	alice.Commit(t, "and back")
	bob.Sees(t, "afterwards", "and back")
}

// clientIDsHaveOwners: the second sidecar learns from the journal of the first
// whose the clientId is.
func clientIDsHaveOwners(t *testing.T, w *worker.Worker) {
	const store = "owned-notes"
	journal := "file://" + filepath.Join(t.TempDir(), "events.ndjson")
	owning := []string{"CLIENT_ID_OWNERSHIP=true", "ATTRIBUTION=journal", "JOURNAL_URL=" + journal}
	start := func(addr, user string) *worker.Client {
		return worker.StartClient(t, w.Kind, addr, store, "one-browser", rig.Token(t, user, time.Hour, nil))
	}
	first, tap := front(t, w, owning...)
	alice := start(tap.Addr(), "alice")
	alice.Commit(t, "alice was here")
	alice.Sees(t, "alice was here")
	reader := worker.StartClient(t, w.Kind, first.Addr, store, "client-r", rig.Token(t, "alice", time.Hour, nil))
	reader.Sees(t, "alice was here")
	reader.Stop()
	alice.Stop()
	first.Stop()

	second, tap := front(t, w, owning...)
	bob := start(tap.Addr(), "bob")
	bob.Commit(t, "bob in the same browser")
	rig.Eventually(t, "the refusal", func() bool {
		for _, got := range tap.Received() {
			if _, frames, err := rig.ServerStream(got); err == nil && len(frames) > 0 {
				if last := frames[len(frames)-1]; last.Opcode == 8 && string(last.Payload) == "\x11\x33FORBIDDEN" {
					return true
				}
			}
		}
		return false
	})
	bob.Stop()
	worker.StartClient(t, w.Kind, second.Addr, store, "client-c", rig.Token(t, "cyd", time.Hour, nil)).Sees(t, "alice was here")
	for _, s := range append(w.Of(store, "onPush"), w.Of("", "onPush")...) {
		if strings.Contains(string(s.Batch), "bob in the same browser") {
			t.Error("the worker was given what bob wrote under alice's clientId")
		}
	}
}
