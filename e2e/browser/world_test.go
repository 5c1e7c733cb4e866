package browser_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// world is everything that a page lives on. Its HTTP server has
//
//	/                 the pages folder; /client.js is the package, in one file
//	/auth/token       POST {"user"} answers {"token"}, or 401, or 503, as /control/auth says
//	/control/…        POST: what only the world can do; the list is in control
type world struct {
	t       testing.TB
	URL     string // of the pages, the auth service and the controls
	legacy  *legacy
	bare    string // WebSocket URL of the legacy server without a sidecar
	listen  string // host:port of the sidecar, the same through restarts
	flags   string // FLAGS_FILE
	env     []string
	pages   string
	sidecar *rig.Sidecar

	mu     sync.Mutex
	ttl    time.Duration // of tokens
	status int           // what the auth service answers instead of a token; 0: nothing
	asked  int           // how often it was asked
}

// newWorld starts all of it; env is for the sidecar.
func newWorld(t testing.TB, env ...string) *world {
	t.Helper()
	w := &world{t: t, legacy: newLegacy(), listen: rig.FreeAddr(t), pages: t.TempDir(), ttl: time.Hour}
	w.flags = filepath.Join(t.TempDir(), "flags.yaml")
	w.writeFlags("enforce")
	up := httptest.NewServer(w.legacy)
	t.Cleanup(func() { w.legacy.cut(); up.Close() })
	w.bare = "ws://" + up.Listener.Addr().String() + "/sync"
	w.env = append([]string{"LISTEN_ADDR=" + w.listen, "UPSTREAM_URL=" + up.URL, "JWT_SECRET=" + rig.Secret,
		"IDENTITY_KEY=an-identity-key-of-the-tests-0123456789", "FLAGS_FILE=" + w.flags}, env...)
	w.bundle("src/index.ts", "client.js")
	w.bundle("src/tabs/shared-worker.ts", "shared-worker.js")
	w.start()

	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(w.pages)))
	mux.HandleFunc("POST /auth/token", w.token)
	mux.HandleFunc("POST /control/{what}", w.control)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// bundle makes one file of a part of the package, below the pages.
func (w *world) bundle(source, name string) {
	w.t.Helper()
	client := filepath.Join(rig.Root(), "client")
	cmd := exec.Command(rig.Node(w.t), "node_modules/esbuild/bin/esbuild", source, "--bundle", "--format=esm",
		"--sourcemap=inline", "--outfile="+filepath.Join(w.pages, name))
	cmd.Dir = client
	if out, err := cmd.CombinedOutput(); err != nil {
		w.t.Fatalf("esbuild %s: %v\n%s", source, err, out)
	}
}

// page puts a file of this folder among the pages.
func (w *world) page(name string) {
	w.t.Helper()
	text, err := os.ReadFile(rig.E2E("browser", name))
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.pages, name), text, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// start runs the sidecar.
func (w *world) start() { w.sidecar = rig.StartSidecar(w.t, w.env...) }

// flip changes the sidecar's mode through its flags file, as a ConfigMap does,
// and returns when that is in force.
func (w *world) flip(mode string) {
	w.writeFlags(mode)
	rig.Eventually(w.t, "mode "+mode, func() bool {
		return strings.Contains(w.sidecar.Get(w.t, "/metrics"), `syncward_auth_mode{mode="`+mode+`"} 1`)
	})
}

func (w *world) writeFlags(mode string) {
	next := w.flags + ".next"
	if err := os.WriteFile(next, []byte("authMode: "+mode+"\n"), 0o600); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Rename(next, w.flags); err != nil {
		w.t.Fatal(err)
	}
}

// token is the auth service: it believes whoever asks.
func (w *world) token(out http.ResponseWriter, r *http.Request) {
	var in struct{ User string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(out, "no JSON", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	ttl, status := w.ttl, w.status
	w.asked++
	w.mu.Unlock()
	if status != 0 {
		http.Error(out, "as it was told", status)
		return
	}
	answer(out, map[string]string{"token": mint(w.t, in.User, ttl)})
}

// mint makes a token that was issued now, whatever its lifetime: one that has
// expired was issued an hour before that.
func mint(t testing.TB, user string, ttl time.Duration) string {
	now := time.Now()
	claims := map[string]any{"iat": now.Unix(), "jti": user + now.String()}
	if ttl < 0 {
		claims["iat"] = now.Add(ttl - time.Hour).Unix()
	}
	return rig.Token(t, user, ttl, claims)
}

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
		w.setAuth(time.Hour, 0)
		if w.sidecar.Exited() {
			w.start()
		}
		w.flip("enforce")
		w.legacy.reset()
	case "auth": // {ttl, status}: what the auth service answers
		w.setAuth(time.Duration(in.TTL*float64(time.Second)), in.Status)
	case "mint": // {user, ttl}: a token, whatever the auth service is told
		answer(out, map[string]string{"token": mint(w.t, in.User, time.Duration(in.TTL*float64(time.Second)))})
		return
	case "flip": // {mode}
		w.flip(in.Mode)
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
	w.mu.Lock()
	asked := w.asked
	w.mu.Unlock()
	answer(out, struct {
		legacyState
		Asked int `json:"asked"` // of the auth service, so far
	}{w.legacy.state(), asked})
}

func (w *world) setAuth(ttl time.Duration, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if ttl != 0 {
		w.ttl = ttl
	}
	w.status = status
}

func answer(out http.ResponseWriter, body any) {
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("Access-Control-Allow-Origin", "*")
	_ = json.NewEncoder(out).Encode(body) // the script is gone: nobody to tell
}
