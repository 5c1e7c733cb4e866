package demo_test

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

var update = flag.Bool("update", false, "write what is compared")

// built are the scripts of the package that the page loads, by their entries.
var built = map[string]string{"client.js": "src/index.ts", "shared-worker.js": "src/tabs/shared-worker.ts"}

// The demo is built by Go alone, so the package is kept built beside its page.
func TestThePageHasTheClientAsItIsBuiltNow(t *testing.T) {
	rig.Require(t)
	folder := filepath.Join(rig.Root(), "demo", "page", "vendor")
	for name, entry := range built {
		cmd := exec.Command(rig.Node(t), "node_modules/esbuild/bin/esbuild", entry, "--bundle", "--minify", "--format=esm", "--target=es2022",
			"--banner:js=// @syncward/client, built by `make demo-client`: not to be edited.")
		cmd.Dir = filepath.Join(rig.Root(), "client")
		cmd.Stderr = os.Stderr
		want, err := cmd.Output()
		if err != nil {
			t.Fatalf("esbuild %s: %v", entry, err)
		}
		path := filepath.Join(folder, name)
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("demo/page/vendor/%s is not %s as it is built now (%v): run `make demo-client`", name, entry, err)
		}
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != len(built) {
		t.Errorf("demo/page/vendor has %d files (%v), want %d", len(files), err, len(built))
	}
}
