package rig

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// Sidecar is a running `syncward serve`.
type Sidecar struct {
	*Process
	Addr  string // client side, host:port
	Admin string // base URL of the admin side

	killed bool
}

// Kill ends it with -9.
func (s *Sidecar) Kill() {
	s.killed = true
	s.Process.Kill()
}

// Syncward runs another command than serve, and returns what it wrote on
// standard output. It fails the test where the exit code is not 0.
func Syncward(t testing.TB, env []string, args ...string) string {
	t.Helper()
	path, err := raceBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			out = append(out, exit.Stderr...)
		}
		t.Fatalf("syncward %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// raceBinary builds the sidecar once per test binary, with the race detector: a
// race in it shows in its output, which every sidecar's clean-up reads.
var raceBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(Root(), ".cache", "bin", "syncward-race")
	cmd := exec.Command("go", "build", "-race", "-o", path, "./cmd/syncward")
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build ./cmd/syncward: %w\n%s", err, out)
	}
	return path, nil
})

// StartSidecar runs `syncward serve` with the variables in env and returns when
// /readyz says ready. When the test ends it must stop by SIGTERM with status 0,
// and must have shown neither a data race nor a panic.
func StartSidecar(t testing.TB, env ...string) *Sidecar {
	t.Helper()
	path, err := raceBinary()
	if err != nil {
		t.Fatal(err)
	}
	s := &Sidecar{Addr: FreeAddr(t)}
	admin := FreeAddr(t)
	s.Admin = "http://" + admin
	env = append([]string{"LISTEN_ADDR=" + s.Addr, "ADMIN_ADDR=" + admin, "DRAIN_DELAY=0s", "DRAIN_PERIOD=0s",
		"GORACE=atexit_sleep_ms=50"}, env...)
	s.Process = Start(t, "syncward serve", t.TempDir(), env, path, "serve")
	t.Cleanup(func() { s.checkEnd(t) }) // before the clean-up of Start
	WaitHTTP(t, s.Process, s.Admin+"/readyz")
	return s
}

// checkEnd stops the sidecar and looks at how it went.
func (s *Sidecar) checkEnd(t testing.TB) {
	s.Stop()
	if err := s.Wait(t, time.Second); err != nil && !s.killed {
		t.Errorf("syncward serve ended with %v after SIGTERM", err)
	}
	for _, bad := range []string{"WARNING: DATA RACE", "panic:", "goroutine 1 ["} {
		if strings.Contains(s.Output(), bad) {
			t.Errorf("syncward serve wrote %q", bad)
		}
	}
}

// URL returns the WebSocket URL of path (with its query) on the client side.
func (s *Sidecar) URL(path string) string { return "ws://" + s.Addr + path }

// Get returns the body of a GET on the admin side.
func (s *Sidecar) Get(t testing.TB, path string) string {
	t.Helper()
	client := http.Client{Timeout: 10 * time.Second}
	resp, err := client.Get(s.Admin + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: status %d, %v", path, resp.StatusCode, err)
	}
	return string(body)
}

// NoTokenSeen fails the test if a part of one of the tokens is in the sidecar's
// logs or metrics.
func (s *Sidecar) NoTokenSeen(t testing.TB, tokens ...string) {
	t.Helper()
	metrics := s.Get(t, "/metrics")
	for _, token := range tokens {
		NoToken(t, "the sidecar's log", s.Output(), token)
		NoToken(t, "the sidecar's metrics", metrics, token)
	}
}
