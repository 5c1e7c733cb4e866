package rig

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// Chromium returns the browser: the machine's, or the one that `make setup` put
// into .cache/browsers.
func Chromium(t testing.TB) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	for _, pattern := range []string{"chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*"} {
		if found, _ := filepath.Glob(filepath.Join(Root(), ".cache", "browsers", pattern)); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatal("no Chromium: run `make setup`")
	return ""
}
