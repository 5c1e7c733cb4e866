// Package broker runs nats-server processes, for the tests of e2e.
//
//	b := broker.Start(t)
//	b.Kill(); b.Restart(t)
//	broker.Healthy(t, monitorPort)
//
// It knows nothing of Syncward, and of what is kept in the servers.
package broker

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// build builds the server of the version that go.mod pins, once.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(rig.Root(), ".cache", "bin", "nats-server")
	cmd := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2")
	cmd.Dir = rig.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build nats-server: %w\n%s", err, out)
	}
	return path, nil
})

// Server is a nats-server process with JetStream.
type Server struct {
	*rig.Process
	URL string

	dir           string
	port, monitor int
}

// Program returns the path of the nats-server that go.mod pins.
func Program(t testing.TB) string {
	t.Helper()
	path, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// Start runs one server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	n := &Server{dir: t.TempDir(), port: rig.FreePort(t), monitor: rig.FreePort(t)}
	n.URL = fmt.Sprintf("nats://127.0.0.1:%d", n.port)
	n.Restart(t)
	return n
}

// Restart runs the server again, with what it has kept; it must have ended.
func (n *Server) Restart(t testing.TB) {
	t.Helper()
	n.Process = rig.Start(t, "nats-server", n.dir, nil, Program(t), "-a", "127.0.0.1", "-p", fmt.Sprint(n.port), "-m", fmt.Sprint(n.monitor), "-js", "-sd", n.dir)
	Healthy(t, n.monitor)
}

// Healthy waits until the server with this monitor port says that all of its
// JetStream is there.
func Healthy(t testing.TB, monitor int) {
	t.Helper()
	rig.Eventually(t, "nats-server is healthy", func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", monitor))
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
