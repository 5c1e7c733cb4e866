package browser_test

import (
	"testing"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// nodeCases are what node.mjs does, in its words: what no case in a browser is.
var nodeCases = []string{
	"what was pushed offline is stored in order, once, as its user",
	"connections that are cut lose nothing and change no order",
	"a bare legacy server is a plain WebSocket",
	"a session that cannot be refreshed keeps its events for the same user",
	"a log-out ends the user's connections everywhere, and its token",
	"a server that acknowledges nothing blocks nothing for ever",
}

// TestTheClientAgainstARealSidecar runs the package under Node, with Node's own
// WebSocket and an IndexedDB in memory. What a user lives through is life.mjs.
func TestTheClientAgainstARealSidecar(t *testing.T) {
	rig.Require(t)
	w := newWorld(t, "JWT_GRACE_PERIOD=1h")
	script := rig.Start(t, "node.mjs", rig.E2E("browser"), nil, rig.Node(t), "--enable-source-maps", "node.mjs",
		w.URL, "ws://"+w.listen+"/sync", w.bare, w.folder)
	pages.Cases(t, script, nodeCases)
}
