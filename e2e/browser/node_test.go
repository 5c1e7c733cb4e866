package browser_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// nodeCases are what node.mjs does, in its words.
var nodeCases = []string{
	"what was pushed offline is stored in order, once, as its user",
	"a token that expires is refreshed on the open socket",
	"connections that are cut lose nothing and change no order",
	"a restart of the sidecar is waited for, and loses nothing",
	"off and back: the same client goes on, without a user and with one",
	"a bare legacy server is a plain WebSocket",
	"a token that expired beyond grace while away is refreshed, and the queue replayed",
	"a session that cannot be refreshed keeps its events for the same user",
	"a log-out ends the user's connections everywhere, and its token",
	"a server that acknowledges nothing blocks nothing for ever",
}

// TestTheClientAgainstARealSidecar runs the package under Node, with Node's own
// WebSocket and an IndexedDB in memory.
func TestTheClientAgainstARealSidecar(t *testing.T) {
	rig.Require(t)
	w := newWorld(t, "JWT_GRACE_PERIOD=1h")
	script := rig.Start(t, "node.mjs", rig.E2E("browser"), nil, rig.Node(t), "--enable-source-maps", "node.mjs",
		w.URL, "ws://"+w.listen+"/sync", w.bare, w.pages)
	expect(t, script, nodeCases)
}

// expect reads what a script says of its cases, in their order, and its end.
func expect(t *testing.T, script *rig.Process, cases []string) {
	t.Helper()
	read := 0
	for _, name := range cases {
		t.Run(name, func(t *testing.T) {
			var result struct{ Case, Error string }
			_, read = script.Line(t, read, 5*time.Minute, name, func(line string) bool {
				return json.Unmarshal([]byte(line), &result) == nil && result.Case != ""
			})
			if result.Case != name {
				t.Fatalf("the script did %q", result.Case)
			}
			if result.Error != "" {
				t.Error(result.Error)
			}
		})
	}
	if err := script.Wait(t, rig.Patience); err != nil {
		t.Errorf("the script ended with %v", err)
	}
}
