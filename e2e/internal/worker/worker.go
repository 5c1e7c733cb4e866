package worker

import (
	"net"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Kind is a version of LiveStore and where its worker keeps the events.
type Kind string

// The kinds that the tests know.
const (
	V04   Kind = "0.4"        // in the Durable Object's own SQLite
	V04D1 Kind = "0.4 on D1"  // in a D1 database that all stores share
	V03   Kind = "0.3.1 (D1)" // always in D1
)

// V03 is another npm tree: the two versions want other versions of Effect.
func (k Kind) client() (dir string) {
	if k == V03 {
		return "livestore031"
	}
	return "livestore"
}

func (k Kind) config() (dir, file string) {
	switch k {
	case V03:
		return rig.E2E("livestore031"), "wrangler.toml"
	case V04D1:
		return rig.E2E("livestore", "worker"), "wrangler.d1.toml"
	default:
		return rig.E2E("livestore", "worker"), "wrangler.toml"
	}
}

// Worker is a running LiveStore worker, and what its callbacks reported.
type Worker struct {
	*Recorder
	*rig.Process
	Kind Kind
	Addr string // host:port
	// State is the folder in which it keeps the events; one that is started
	// again with it knows them.
	State string
}

// Start runs a worker of this kind on addr (host:port) with vars (NAME:value)
// in its environment, and waits until it answers. It ends with the test.
func Start(t testing.TB, kind Kind, addr string, vars ...string) *Worker {
	t.Helper()
	return Restart(t, kind, addr, t.TempDir(), vars...)
}

// Restart is Start with the state of an earlier worker, which must have ended.
func Restart(t testing.TB, kind Kind, addr, state string, vars ...string) *Worker {
	t.Helper()
	w := &Worker{Recorder: StartRecorder(t), Kind: kind, Addr: addr, State: state}
	_, port, _ := net.SplitHostPort(addr)
	_, inspector, _ := net.SplitHostPort(rig.FreeAddr(t))
	dir, config := kind.config()
	argv := []string{
		rig.Node(t), rig.E2E("node_modules", "wrangler", "bin", "wrangler.js"), "dev", "--local", "--config", config,
		"--ip", "127.0.0.1", "--port", port, "--inspector-port", inspector,
		"--persist-to", state, "--show-interactive-dev-session=false",
	}
	for _, v := range append(vars, "RECORDER_URL:"+w.URL) {
		argv = append(argv, "--var", v)
	}
	env := []string{
		"HOME=" + state, "WRANGLER_LOG_PATH=" + state, "CI=1", "NO_COLOR=1",
		"WRANGLER_SEND_METRICS=false", "CLOUDFLARE_CF_FETCH_ENABLED=false",
	}
	w.Process = rig.Start(t, "wrangler dev, LiveStore "+string(kind), dir, env, argv...)
	rig.WaitHTTP(t, w.Process, "http://"+addr+"/")
	return w
}
