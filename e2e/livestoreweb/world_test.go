package livestoreweb_test

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// world is everything that the application lives on: an auth service, a worker,
// a sidecar before it, and the application's pages.
type world struct {
	t       testing.TB
	URL     string
	auth    *pages.Auth
	flags   *pages.Flags
	worker  *worker.Worker
	sidecar *rig.Sidecar
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, auth: pages.NewAuth(t), flags: pages.NewFlags(t), worker: worker.Start(t, worker.V04, rig.FreeAddr(t))}
	w.sidecar = rig.StartSidecar(t, "PROTOCOL=livestore", "UPSTREAM_URL=http://"+w.worker.Addr,
		"JWT_SECRET="+rig.Secret, "JWT_GRACE_PERIOD=0s", "FLAGS_FILE="+w.flags.Path)
	folder := t.TempDir()
	cmd := exec.Command(rig.Node(t), "build.mjs", folder, "ws://"+w.sidecar.Addr+"/")
	cmd.Dir = rig.E2E("livestoreweb")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build.mjs: %v\n%s", err, out)
	}
	w.URL = pages.Serve(t, folder, w.auth, w.control)
	return w
}

// push is one event as the worker's onPush got it.
type push struct {
	User string `json:"user"`
	Text string `json:"text"`
}

// control changes what a script asks for; the answer is how the world stands.
func (w *world) control(out http.ResponseWriter, r *http.Request) {
	var in struct {
		TTL     float64 `json:"ttl"`    // seconds
		Status  int     `json:"status"` // of the auth service
		StoreID string  `json:"storeId"`
		Mode    string  `json:"mode"`
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(out, "no JSON", http.StatusBadRequest)
		return
	}
	switch r.PathValue("what") {
	case "auth":
		w.auth.Tell(time.Duration(in.TTL*float64(time.Second)), in.Status)
	case "flip":
		w.flags.Flip(w.sidecar, in.Mode)
	case "reset":
		w.auth.Tell(time.Hour, 0)
		w.flags.Flip(w.sidecar, "enforce")
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
	pages.Answer(out, map[string]any{
		"asked":    w.auth.Asked(),
		"connects": len(w.worker.Of(in.StoreID, "validatePayload")),
		"pushes":   pushes,
		"metrics":  w.sidecar.Get(w.t, "/metrics"),
	})
}
