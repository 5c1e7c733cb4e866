package attribution_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
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
		`SESSIONS={"of-ada":["notes"],"of-bob":["notes"],"of-eve":["others"]}`}, rig.Node(t), "backend.js").
		Line(t, 0, rig.Patience, "ready", func(line string) bool { return line == "ready" })

	var pages []*rig.Process
	for _, user := range []string{"ada", "bob"} {
		pages = append(pages, rig.Start(t, "the page of "+user, dir, []string{"SYNC_URL=ws://" + side.Addr, "STORE_ID=notes", "CLIENT_ID=client-of-" + user,
			"AUTH_TOKEN=" + rig.Token(t, user, time.Hour, nil), "BACKEND=" + backend, "SESSION=of-" + user}, rig.Node(t), "page.js"))
	}
	for _, page := range pages {
		page.Line(t, 0, rig.Patience, "both notes with their authors", func(line string) bool {
			var shown []string
			return json.Unmarshal([]byte(line), &shown) == nil && len(shown) == 2 &&
				slices.Contains(shown, "hello from client-of-ada — ada") && slices.Contains(shown, "hello from client-of-bob — bob")
		})
	}

	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, backend+"/api/authors?storeId=notes", nil)
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
