package rig

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Require skips the test unless SYNCWARD_E2E=1: the real parts must have been
// installed first, which `make test` and `make e2e` do.
func Require(t testing.TB) {
	t.Helper()
	if os.Getenv("SYNCWARD_E2E") != "1" {
		t.Skip("needs the real parts: run `make e2e`, which installs them and sets SYNCWARD_E2E=1")
	}
}

// Root returns the repository's top folder.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// E2E returns the path of a file under e2e.
func E2E(elem ...string) string {
	return filepath.Join(append([]string{Root(), "e2e"}, elem...)...)
}

// Node returns the Node 22 that e2e/package.json pins, whatever the machine has.
func Node(t testing.TB) string {
	t.Helper()
	found, _ := filepath.Glob(E2E("node_modules", "node-*", "bin", "node"))
	if len(found) == 0 {
		t.Fatal("no Node under e2e/node_modules: run `make setup`")
	}
	return found[0]
}

// Python returns a Python 3 that has the websockets package: Debian's, or the
// one that `make setup` put into .cache/venv.
func Python(t testing.TB) string {
	t.Helper()
	for _, python := range []string{filepath.Join(Root(), ".cache", "venv", "bin", "python"), "/usr/bin/python3", "python3"} {
		if exec.Command(python, "-c", "import websockets").Run() == nil {
			return python
		}
	}
	t.Fatal("no Python 3 with the websockets package: run `make setup`")
	return ""
}
