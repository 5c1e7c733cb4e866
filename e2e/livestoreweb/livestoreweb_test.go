package livestoreweb_test

import (
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// cases are what run.mjs does, in its words.
var cases = []string{
	"one store lives through token changes on one connection, in two tabs",
	"one store lives through an expiry: what was written meanwhile arrives once",
	"another tab leads when the leader is closed, and the store of that tab goes on",
	"a log-out ends the connection, and another user's store is refused to whoever comes next",
	"off and back: a server without Syncward is synced with too",
	"two users of one store have a copy each on one device",
}

func TestALiveStoreApplicationInABrowser(t *testing.T) {
	rig.Require(t)
	w := newWorld(t)
	script := rig.Start(t, "run.mjs", rig.E2E("livestoreweb"), nil, rig.Node(t), "run.mjs", w.URL, pages.Chromium(t))
	pages.Cases(t, script, cases)
	noTokenBehind(t, w)
}

// noTokenBehind looks for tokens where none may be: the worker's callbacks and
// the sidecar's output.
func noTokenBehind(t *testing.T, w *world) {
	tokens := w.auth.Tokens()
	if len(tokens) == 0 {
		t.Error("no token was given")
	}
	for _, token := range tokens {
		signature := token[strings.LastIndexByte(token, '.')+1:]
		if strings.Contains(w.worker.Output(), signature) || strings.Contains(w.sidecar.Output(), signature) {
			t.Error("a token's signature was written by the worker or the sidecar")
		}
	}
}
