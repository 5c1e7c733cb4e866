package livestoreweb_test

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
	"github.com/syncward/syncward/e2e/internal/worker"
)

// world is everything that the application lives on. Its HTTP server has
//
//	/                 the application
//	/auth/token       POST {"user"} answers {"token"}, or 503, as /control/auth says
//	/control/…        POST: what only the world can do
type world struct {
	t       testing.TB
	URL     string
	worker  *worker.Worker
	sidecar *rig.Sidecar
	flags   string // FLAGS_FILE

	mu     sync.Mutex
	ttl    time.Duration // of tokens
	down   bool          // the auth service
	asked  int           // how often it gave a token
	tokens []string
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, worker: worker.Start(t, worker.V04, rig.FreeAddr(t)), flags: filepath.Join(t.TempDir(), "flags.yaml")}
	w.writeFlags("enforce")
	w.sidecar = rig.StartSidecar(t, "PROTOCOL=livestore", "UPSTREAM_URL=http://"+w.worker.Addr,
		"JWT_SECRET="+rig.Secret, "JWT_GRACE_PERIOD=0s", "FLAGS_FILE="+w.flags)
	pages := t.TempDir()
	cmd := exec.Command(rig.Node(t), "build.mjs", pages, "ws://"+w.sidecar.Addr+"/")
	cmd.Dir = rig.E2E("livestoreweb")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build.mjs: %v\n%s", err, out)
	}
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(pages)))
	mux.HandleFunc("POST /auth/token", w.token)
	mux.HandleFunc("POST /control/{what}", w.control)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	w.URL = server.URL
	return w
}

// flip changes the sidecar's mode and returns when that is in force.
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
	defer w.mu.Unlock()
	if w.down {
		http.Error(out, "as it was told", http.StatusServiceUnavailable)
		return
	}
	w.asked++
	now := time.Now()
	token := rig.Token(w.t, in.User, w.ttl, map[string]any{"iat": now.Unix(), "jti": in.User + now.String()})
	w.tokens = append(w.tokens, token)
	answer(out, map[string]string{"token": token})
}

// push is one event as the worker's onPush got it.
type push struct {
	User string `json:"user"`
	Text string `json:"text"`
}

// control changes what a script asks for; the answer is how the world stands.
func (w *world) control(out http.ResponseWriter, r *http.Request) {
	var in struct {
		TTL     float64 `json:"ttl"` // seconds
		Down    bool    `json:"down"`
		StoreID string  `json:"storeId"`
		Mode    string  `json:"mode"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(out, "no JSON", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch r.PathValue("what") {
	case "auth":
		w.ttl, w.down = time.Duration(in.TTL*float64(time.Second)), in.Down
	case "flip":
		w.flip(in.Mode)
	case "reset":
		w.ttl, w.down = time.Hour, false
		w.flip("enforce")
	}
	pushes := []push{}
	for _, seen := range w.worker.Of(in.StoreID, "onPush") {
		var batch []struct{ Args struct{ Text string } }
		if err := json.Unmarshal(seen.Batch, &batch); err != nil {
			w.t.Errorf("a batch that cannot be read: %v", err)
		}
		for _, event := range batch {
			pushes = append(pushes, push{seen.Headers["x-sync-user-id"], event.Args.Text})
		}
	}
	answer(out, map[string]any{
		"asked":    w.asked,
		"connects": len(w.worker.Of(in.StoreID, "validatePayload")),
		"pushes":   pushes,
		"metrics":  w.sidecar.Get(w.t, "/metrics"),
	})
}

func answer(out http.ResponseWriter, body any) {
	out.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(out).Encode(body) // the script is gone: nobody to tell
}
