package pages

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Serve serves a folder until the test ends, and returns its URL. /auth/token is
// auth's; POST /control/{what} is control, where a script asks for what a user
// cannot do.
func Serve(t testing.TB, folder string, auth *Auth, control http.HandlerFunc) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir(folder)))
	mux.Handle("POST /auth/token", auth)
	mux.HandleFunc("POST /control/{what}", control)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// Answer writes body as JSON, for scripts of any origin.
func Answer(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Access-Control-Allow-Origin", "*")
	_ = json.NewEncoder(w).Encode(body) // the script is gone: nobody to tell
}

// Bundle makes one file, below folder, of a source below client/ and all that it imports.
func Bundle(t testing.TB, source, folder, name string) {
	t.Helper()
	cmd := exec.Command(rig.Node(t), "node_modules/esbuild/bin/esbuild", source, "--bundle", "--format=esm",
		"--sourcemap=inline", "--outfile="+filepath.Join(folder, name))
	cmd.Dir = filepath.Join(rig.Root(), "client")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("esbuild %s: %v\n%s", source, err, out)
	}
}
