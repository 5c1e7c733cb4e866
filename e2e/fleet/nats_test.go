package fleet_test

import (
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// natsServer builds the server of the version that go.mod pins, once.
var natsServer = sync.OnceValues(func() (string, error) {
	path := filepath.Join(rig.Root(), ".cache", "bin", "nats-server")
	cmd := exec.Command("go", "build", "-o", path, "github.com/nats-io/nats-server/v2")
	cmd.Dir = rig.Root()
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build nats-server: %w\n%s", err, out)
	}
	return path, nil
})

// cluster is three nats-server processes with JetStream.
type cluster struct {
	nodes []*rig.Process
	urls  []string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	path, err := natsServer()
	if err != nil {
		t.Fatal(err)
	}
	const size = 3
	var client, route, monitor []int
	for range size {
		client, route, monitor = append(client, rig.FreePort(t)), append(route, rig.FreePort(t)), append(monitor, rig.FreePort(t))
	}
	var routes []string
	for _, port := range route {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", port))
	}
	c := &cluster{}
	for i := range size {
		name := fmt.Sprint("nats-", i)
		c.nodes = append(c.nodes, rig.Start(t, name, t.TempDir(), nil, path,
			"-a", "127.0.0.1", "-p", fmt.Sprint(client[i]), "-m", fmt.Sprint(monitor[i]), "-js", "-sd", t.TempDir(), "--name", name,
			"--cluster_name", "fleet", "--cluster", routes[i], "--routes", strings.Join(routes, ",")))
		c.urls = append(c.urls, fmt.Sprintf("nats://127.0.0.1:%d", client[i]))
	}
	for _, port := range monitor {
		url := fmt.Sprintf("http://127.0.0.1:%d/healthz", port)
		rig.Eventually(t, "the cluster is whole", func() bool {
			resp, err := http.Get(url)
			if err != nil {
				return false
			}
			resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
	}
	return c
}

// url names all nodes, node first.
func (c *cluster) url(first int) string {
	var all []string
	for i := range c.urls {
		all = append(all, c.urls[(first+i)%len(c.urls)])
	}
	return strings.Join(all, ",")
}
