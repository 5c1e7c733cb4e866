package livestoreweb_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// TestTheAdapterFitsLiveStoresOwnTypes: the package is built without LiveStore,
// so an application that has both is what shows that they fit. It finds them by
// package.json's entries, as installed ones.
func TestTheAdapterFitsLiveStoresOwnTypes(t *testing.T) {
	rig.Require(t)
	client, dir := filepath.Join(rig.Root(), "client"), t.TempDir()
	installed := filepath.Join(dir, "node_modules", "@syncward", "client")
	if err := os.MkdirAll(installed, 0o755); err != nil {
		t.Fatal(err)
	}
	copies := map[string]string{
		filepath.Join(client, "package.json"):             filepath.Join(installed, "package.json"),
		rig.E2E("livestoreweb", "types", "app.ts"):        filepath.Join(dir, "app.ts"),
		rig.E2E("livestoreweb", "types", "tsconfig.json"): filepath.Join(dir, "tsconfig.json"),
	}
	for from, to := range copies {
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(rig.E2E("node_modules", "@livestore"), filepath.Join(dir, "node_modules", "@livestore")); err != nil {
		t.Fatal(err)
	}
	tsc := filepath.Join(client, "node_modules", "typescript", "bin", "tsc")
	for _, args := range [][]string{
		{"-p", filepath.Join(client, "tsconfig.json"), "--outDir", filepath.Join(installed, "dist")},
		{"-p", dir},
	} {
		if out, err := exec.Command(rig.Node(t), append([]string{tsc}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("tsc %v: %v\n%s", args, err, out)
		}
	}
}
