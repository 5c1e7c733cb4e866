package browser_test

import (
	"slices"
	"testing"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// lifeCases are what life.mjs does, in its words.
var lifeCases = []string{
	"whoever logs in works, and each event bears the name, the time and the connection",
	"what is done offline is there when the network is, in order and once",
	"a token that expires is refreshed on the open socket, and nothing is connected anew",
	"a token that expires beyond grace while offline is refreshed, and what was done is replayed",
	"a logout in one tab ends all connections of all tabs, here and on the server",
	"a page over plain http, which is no secure context, works as any other",
	"a page that goes into the history and comes back sends what waits, and once",
	"a server that is out of reach for a minute logs nobody out, and its clients come back spread",
	"a restart of the sidecar is waited for, and loses nothing",
	"of two users of one machine, neither sends what is the other's",
	"five tabs refresh once, each time for all",
	"the flag flipped to off and back: all go on, without a name and with one",
}

// chromiumAlone are the cases that want a tool which Firefox does not know.
var chromiumAlone = []string{
	"a server that is out of reach for a minute logs nobody out, and its clients come back spread",
}

// TestALifeInABrowser is the whole way, from a login in a browser through a real
// sidecar to a server that would store a repetition.
func TestALifeInABrowser(t *testing.T) {
	rig.Require(t)
	w := newWorld(t, "ATTRIBUTION=inject", "JWT_GRACE_PERIOD=3s")
	run := func(browser, path string, cases []string) {
		t.Run(browser, func(t *testing.T) {
			script := rig.Start(t, "life.mjs", rig.E2E("browser"), nil, rig.Node(t), "life.mjs", w.URL, "ws://"+w.listen+"/sync", browser, path)
			pages.Cases(t, script, cases)
		})
	}
	run("chromium", pages.Chromium(t), lifeCases)
	run("firefox", pages.Firefox(t), slices.DeleteFunc(slices.Clone(lifeCases), func(name string) bool {
		return slices.Contains(chromiumAlone, name)
	}))
}
