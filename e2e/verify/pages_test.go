package verify_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/e2e/internal/pages"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// pageCases are what pages.mjs does, in its words.
var pageCases = []string{
	"the vectors get the answers that Go gives",
	"so do assertions spoilt by lot",
}

// TestAPageVerifiesAsGoDoes lets the WebCrypto of real browsers answer the shared
// vectors, and thousands of good assertions that were spoilt by lot: neither
// verifier may accept what the other refuses, nor read it as something else.
func TestAPageVerifiesAsGoDoes(t *testing.T) {
	rig.Require(t)
	folder := t.TempDir()
	pages.Bundle(t, "test/verify/vectors.ts", folder, "vectors.js")
	copyFile(t, filepath.Join(rig.Root(), "identity", "testdata", "vectors.json"), filepath.Join(folder, "vectors.json"))
	mutants(t, filepath.Join(folder, "mutants.json"))
	if err := os.WriteFile(filepath.Join(folder, "page.html"), []byte("<!doctype html><link rel=icon href=data:,>"), 0o600); err != nil {
		t.Fatal(err)
	}
	url := pages.Serve(t, folder, pages.NewAuth(t), http.NotFound)
	for _, b := range []struct{ name, path string }{{"chromium", pages.Chromium(t)}, {"firefox", pages.Firefox(t)}} {
		t.Run(b.name, func(t *testing.T) {
			pages.Cases(t, rig.Start(t, "pages.mjs", rig.E2E("verify"), nil, rig.Node(t), "pages.mjs", url, b.name, b.path), pageCases)
		})
	}
}

// mutants has the package identity spoil assertions and write its answers beside them.
func mutants(t *testing.T, path string) {
	t.Helper()
	cmd := exec.Command("go", "test", "./identity", "-count", "1", "-v", "-run", "^TestMutantsOfGoodAssertions",
		"-mutants", path, "-mutants.many", "6000")
	cmd.Dir = rig.Root()
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out) // the seed, and how many got which answer
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
