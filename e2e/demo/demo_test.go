// Package demo_test plays with the page of `syncward demo` as a visitor would,
// in a headless Chromium.
//
//	make e2e
//
// It also follows client/README.md, whose first application stands on the demo. It
// does not test what the sidecar decides: those are the tests of proxy and authz.
// SYNCWARD_SHOTS=folder keeps the pictures it takes.
package demo_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// cases are what the visitor does, in the words of cases.mjs and looks.mjs.
var cases = []string{
	"two clients on a page see each other's events with the user that the server was told",
	"a second tab is another client",
	"a late client is told of what it has missed",
	"the token is gone where the server looks, and a verified name is there",
	"Break my token is refused with TOKEN_INVALID",
	"a stranger without a token is refused with AUTH_REQUIRED",
	"Expire past grace is refused with TOKEN_EXPIRED",
	"Expire my token is accepted in grace",
	"Refresh goes up the open connection, and the server hears nothing of it",
	"what is refused for its token is mended by the client",
	"offline, events wait; back, they are there in order and once",
	"expired past grace while offline: refreshed, then replayed",
	"Reconnect misses nothing and repeats nothing",
	"Log in makes anyone of you, but for names that no header can hold",
	"Be someone else is another user from then on",
	"Log out ends all tabs and devices of that user, and no token, new or old, is a way in",
	"the switch to observe lets in as anonymous what enforce would refuse",
	"the switch to off is a plain relay, and the page shows the token that arrives",
	"left alone a token expires, falls into grace, and ends its connection; one that is refreshed lives",
	"a page whose demo has stopped says so",
	"the first connection snippet works when it is pasted into the console",
	"whoever opens the page again is who they were, and what waits is sent",
	"no width scrolls sideways",
	"every control has a name and every text its contrast, light and dark",
	"a press of a button moves no button",
	"pictures of it are taken",
}

func TestTheDemoInABrowser(t *testing.T) {
	rig.Require(t)
	demo, url := startDemo(t)
	shots := os.Getenv("SYNCWARD_SHOTS")
	if shots == "" {
		shots = t.TempDir()
	}
	browser := rig.Start(t, "the visitor", rig.E2E("demo"), nil, rig.Node(t), "run.mjs", url, pages.Chromium(t), shots)
	pages.Cases(t, browser, cases)
	for _, name := range []string{"phone-light", "phone-dark", "desktop-light", "desktop-dark"} {
		if info, err := os.Stat(filepath.Join(shots, name+".png")); err != nil || info.Size() < 10_000 {
			t.Errorf("%s.png is missing or empty", name)
		}
	}
	demo.Stop()
	if err := demo.Wait(t, rig.Patience); err != nil {
		t.Errorf("the demo ended with %v", err)
	}
	for _, bad := range []string{"DATA RACE", "panic:"} {
		if strings.Contains(demo.Output(), bad) {
			t.Errorf("the demo wrote %q", bad)
		}
	}
}

// startDemo builds the demo with the race detector, runs it, and returns the
// address that it prints.
func startDemo(t *testing.T) (*rig.Process, string) {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "syncward")
	build := exec.Command("go", "build", "-race", "-o", binary, "./cmd/syncward")
	build.Dir = rig.Root()
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	address := regexp.MustCompile(`^Syncward demo: (http://\S+)$`)
	demo := rig.Start(t, "syncward demo", t.TempDir(), []string{"GORACE=atexit_sleep_ms=50"}, binary, "demo", "--listen", rig.FreeAddr(t))
	url := ""
	demo.Line(t, 0, rig.Patience, "its address", func(line string) bool {
		if m := address.FindStringSubmatch(line); m != nil {
			url = m[1]
		}
		return url != ""
	})
	return demo, url
}
