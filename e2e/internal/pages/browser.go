package pages

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Chromium returns the browser: the machine's, or the one that `make setup` put
// into .cache/browsers.
func Chromium(t testing.TB) string {
	t.Helper()
	return browser(t, "Chromium", []string{"chromium", "chromium-browser", "google-chrome"},
		"chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
}

// Firefox returns the other browser, likewise.
func Firefox(t testing.TB) string {
	t.Helper()
	return browser(t, "Firefox", []string{"firefox-esr", "firefox"},
		"firefox/linux*/firefox/firefox", "firefox/mac*/Firefox*.app/Contents/MacOS/firefox")
}

func browser(t testing.TB, what string, names []string, patterns ...string) string {
	t.Helper()
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	for _, pattern := range patterns {
		if found, _ := filepath.Glob(filepath.Join(rig.Root(), ".cache", "browsers", pattern)); len(found) > 0 {
			return found[0]
		}
	}
	t.Fatalf("no %s: run `make setup`", what)
	return ""
}
