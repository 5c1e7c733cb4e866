package fleet_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncward/syncward/e2e/internal/broker"
	"github.com/syncward/syncward/e2e/internal/rig"
)

// cluster is three nats-server processes with JetStream.
type cluster struct {
	nodes []*rig.Process
	urls  []string
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	path := broker.Program(t)
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
		broker.Healthy(t, port)
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
