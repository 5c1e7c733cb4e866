package rig

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// natsServer builds the server of the version that go.mod pins, once.
var natsServer = sync.OnceValues(func() (string, error) {
	path := filepath.Join(Root(), ".cache", "bin", "nats-server")
	cmd := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2")
	cmd.Dir = Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build nats-server: %w\n%s", err, out)
	}
	return path, nil
})

// NATS is a nats-server process with JetStream.
type NATS struct {
	*Process
	URL string

	dir           string
	port, monitor int
}

// NATSServer returns the path of the nats-server that go.mod pins.
func NATSServer(t testing.TB) string {
	t.Helper()
	path, err := natsServer()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// StartNATS runs one server until the test ends.
func StartNATS(t testing.TB) *NATS {
	t.Helper()
	n := &NATS{dir: t.TempDir(), port: FreePort(t), monitor: FreePort(t)}
	n.URL = fmt.Sprintf("nats://127.0.0.1:%d", n.port)
	n.Restart(t)
	return n
}

// Restart runs the server again, with what it has kept; it must have ended.
func (n *NATS) Restart(t testing.TB) {
	t.Helper()
	n.Process = Start(t, "nats-server", n.dir, nil, NATSServer(t), "-a", "127.0.0.1", "-p", fmt.Sprint(n.port), "-m", fmt.Sprint(n.monitor), "-js", "-sd", n.dir)
	Healthy(t, n.monitor)
}

// Healthy waits until the server with this monitor port says that all of its
// JetStream is there.
func Healthy(t testing.TB, monitor int) {
	t.Helper()
	Eventually(t, "nats-server is healthy", func() bool {
		resp, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/healthz", monitor))
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}
