package browser_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// world is everything that a page lives on: an auth service, the legacy server, a
// sidecar before it, and a folder with page.html and the package, in one file.
type world struct {
	t       testing.TB
	URL     string // of the pages, the auth service and the controls
	auth    *pages.Auth
	flags   *pages.Flags
	legacy  *legacy
	bare    string // WebSocket URL of the legacy server without a sidecar
	listen  string // host:port of the sidecar, the same through restarts
	folder  string // of the pages
	env     []string
	sidecar *rig.Sidecar
}

// newWorld starts all of it; env is for the sidecar.
func newWorld(t testing.TB, env ...string) *world {
	t.Helper()
	w := &world{t: t, auth: pages.NewAuth(t), flags: pages.NewFlags(t), legacy: newLegacy(), listen: rig.FreeAddr(t), folder: t.TempDir()}
	up := httptest.NewServer(w.legacy)
	t.Cleanup(func() { w.legacy.cut(); up.Close() })
	w.bare = "ws://" + up.Listener.Addr().String() + "/sync"
	w.env = append([]string{"LISTEN_ADDR=" + w.listen, "UPSTREAM_URL=" + up.URL, "JWT_SECRET=" + rig.Secret,
		"IDENTITY_KEY=an-identity-key-of-the-tests-0123456789", "FLAGS_FILE=" + w.flags.Path}, env...)
	pages.Bundle(t, "src/index.ts", w.folder, "client.js")
	pages.Bundle(t, "src/tabs/shared-worker.ts", w.folder, "shared-worker.js")
	w.copy("page.html")
	w.start()
	w.URL = pages.Serve(t, w.folder, w.auth, w.control)
	return w
}

// copy puts a file of this folder among the pages.
func (w *world) copy(name string) {
	w.t.Helper()
	text, err := os.ReadFile(rig.E2E("browser", name))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.folder, name), text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// start runs the sidecar.
func (w *world) start() { w.sidecar = rig.StartSidecar(w.t, w.env...) }

// order is the body of every control; each reads its own fields.
type order struct {
	User   string  `json:"user"`
	TTL    float64 `json:"ttl"`    // seconds; negative: expired
	Status int     `json:"status"` // HTTP
	Mode   string  `json:"mode"`
	Mute   bool    `json:"mute"`
}

// control does what a script asks for; the answer is the legacy server's state,
// or a token.
func (w *world) control(out http.ResponseWriter, r *http.Request) {
	var in order
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(out, "no JSON", http.StatusBadRequest)
		return
	}
	switch what := r.PathValue("what"); what {
	case "state": // look only
	case "reset": // as at the beginning, with an empty server
		w.auth.Tell(time.Hour, 0)
		if w.sidecar.Exited() {
			w.start()
		}
		w.flags.Flip(w.sidecar, "enforce")
		w.legacy.reset()
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second))) // a log-out of the case before ends what is issued within its second
	case "auth": // {ttl, status}: what the auth service answers
		w.auth.Tell(time.Duration(in.TTL*float64(time.Second)), in.Status)
	case "mint": // {user, ttl}: a token, whatever the auth service is told
		pages.Answer(out, map[string]string{"token": pages.Mint(w.t, in.User, time.Duration(in.TTL*float64(time.Second)))})
		return
	case "flip": // {mode}
		w.flags.Flip(w.sidecar, in.Mode)
	case "cut": // the legacy server drops all connections
		w.legacy.cut()
	case "mute": // {mute}: it acknowledges nothing
		w.legacy.mu.Lock()
		w.legacy.mute = in.Mute
		w.legacy.mu.Unlock()
	case "stop": // SIGTERM to the sidecar
		w.sidecar.Stop()
	case "start":
		w.start()
	default:
		http.NotFound(out, r)
		return
	}
	pages.Answer(out, struct {
		legacyState
		Asked int `json:"asked"` // of the auth service, so far
	}{w.legacy.state(), w.auth.Asked()})
}
