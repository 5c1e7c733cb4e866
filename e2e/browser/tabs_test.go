package browser_test

import (
	"testing"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// tabCases are what tabs.mjs does, in its words.
var tabCases = []string{
	"events outlive the tab that they were pushed in",
	"of five tabs one sends, and another takes over when it is closed",
}

func TestTheClientInABrowser(t *testing.T) {
	rig.Require(t)
	w := newWorld(t)
	script := rig.Start(t, "tabs.mjs", rig.E2E("browser"), nil, rig.Node(t), "tabs.mjs", w.URL, "ws://"+w.listen+"/sync", pages.Chromium(t))
	pages.Cases(t, script, tabCases)
}
