package attribution_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

const adminToken = "an-admin-token-of-the-tests-0123456789"

// TestAPageShowsTheAuthorBesideEachNote runs the example: pages of two users,
// and the application's backend, which alone may ask Syncward.
func TestAPageShowsTheAuthorBesideEachNote(t *testing.T) {
	rig.Require(t)
	w := worker.Start(t, worker.V04, rig.FreeAddr(t))
	side := rig.StartSidecar(t, "PROTOCOL=livestore", "UPSTREAM_URL=http://"+w.Addr, "JWT_SECRET="+rig.Secret, "ADMIN_TOKEN="+adminToken,
		"IDENTITY_KEY=an-identity-key-of-the-tests-0123456789", "ATTRIBUTION=journal", "JOURNAL_URL=file://"+filepath.Join(t.TempDir(), "events"))
	dir, port := rig.E2E("attribution", "example"), rig.FreePort(t)
	backend := fmt.Sprint("http://127.0.0.1:", port)
	rig.Start(t, "the backend", dir, []string{"SYNCWARD_ADMIN=" + side.Admin, "ADMIN_TOKEN=" + adminToken, fmt.Sprint("LISTEN_PORT=", port),
		`SESSIONS={"of-ada":["notes-0","notes-1","notes-2","notes-3"],"of-bob":["notes-0","notes-1","notes-2","notes-3"],"of-eve":["others"]}`}, rig.Node(t), "backend.js").
		Line(t, 0, rig.Patience, "ready", func(line string) bool { return line == "ready" })

	page := func(user, store string) *rig.Process {
		return rig.Start(t, "the page of "+user, dir, []string{"SYNC_URL=ws://" + side.Addr, "STORE_ID=" + store, "CLIENT_ID=client-of-" + user,
			"AUTH_TOKEN=" + rig.Token(t, user, time.Hour, nil), "BACKEND=" + backend, "SESSION=of-" + user}, rig.Node(t), "page.js")
	}
	// Another store where the worker has interrupted the pulls of this one: its
	// clients do not hear of their own events then (docs/livestore.md).
	shown := false
	for attempt := 0; attempt < 4 && !shown; attempt++ {
		store := fmt.Sprint("notes-", attempt)
		ada := page("ada", store)
		ada.Line(t, 0, rig.Patience, "a note", func(line string) bool { return strings.Contains(line, "hello from client-of-ada") })
		bob := page("bob", store)
		shown = bothAuthors(ada) && bothAuthors(bob)
		ada.Stop()
		bob.Stop()
	}
	if !shown {
		t.Fatal("no pages of four stores showed both notes with their authors")
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, backend+"/api/authors?storeId=notes-0", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Session", "of-eve")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("who may not read a store is told its authors: %d", resp.StatusCode)
	}
}

// bothAuthors waits until a page shows both notes, each with its author.
func bothAuthors(page *rig.Process) bool {
	return worker.Within(rig.Patience/4, func() bool {
		for line := range strings.Lines(page.Output()) {
			var shown []string
			if json.Unmarshal([]byte(line), &shown) == nil && len(shown) == 2 &&
				slices.Contains(shown, "hello from client-of-ada — ada") && slices.Contains(shown, "hello from client-of-bob — bob") {
				return true
			}
		}
		return false
	})
}
