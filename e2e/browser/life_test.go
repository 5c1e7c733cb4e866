package browser_test

import (
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// lifeCases are what life.mjs does, in its words.
var lifeCases = []string{
	"whoever logs in works, and each event bears the name, the time and the connection",
	"what is done offline is there when the network is, in order and once",
	"a token that expires is refreshed on the open socket, and nothing is connected anew",
	"a token that expires beyond grace while offline is refreshed, and what was done is replayed",
	"a logout in one tab ends all connections of all tabs, here and on the server",
	"a server that is out of reach for a minute logs nobody out, and its clients come back spread",
	"a restart of the sidecar is waited for, and loses nothing",
	"of two users of one machine, neither sends what is the other's",
	"five tabs refresh once, each time for all",
	"the flag flipped to off and back: all go on, without a name and with one",
}

// TestALifeInABrowser is the whole way, from a login in Chromium through a real
// sidecar to a server that would store a repetition.
func TestALifeInABrowser(t *testing.T) {
	rig.Require(t)
	w := newWorld(t, "ATTRIBUTION=inject", "JWT_GRACE_PERIOD=3s")
	w.page("page.html")
	script := rig.Start(t, "life.mjs", rig.E2E("browser"), nil, rig.Node(t), "life.mjs", w.URL, "ws://"+w.listen+"/sync", rig.Chromium(t))
	expect(t, script, lifeCases)
}
