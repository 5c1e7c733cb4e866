// Package livestore_test lets real LiveStore clients sync with a real,
// unchanged LiveStore worker through `syncward serve`.
//
//	make e2e
//
// It does not test LiveStore: what is asserted is what Syncward lets through,
// what it refuses, and what the worker's own callbacks see.
package livestore_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
)

const (
	identitySecret = "an-identity-key-of-the-tests-0123456789"
	audience       = "sync-upstream" // the default of IDENTITY_AUDIENCE
)

// worker is a running LiveStore worker, and what its callbacks reported.
type worker struct {
	*rig.Recorder
	addr string
}

// startWorker runs wrangler on addr with vars (NAME:value) and waits for it.
func startWorker(t *testing.T, addr string, vars ...string) *worker {
	t.Helper()
	w := &worker{Recorder: rig.StartRecorder(t), addr: addr}
	_, port, _ := net.SplitHostPort(addr)
	_, inspector, _ := net.SplitHostPort(rig.FreeAddr(t))
	state := t.TempDir()
	argv := []string{
		rig.Node(t), rig.E2E("node_modules", "wrangler", "bin", "wrangler.js"), "dev", "--local",
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
	p := rig.Start(t, "wrangler dev", rig.E2E("livestore", "worker"), env, argv...)
	rig.WaitHTTP(t, p, "http://"+addr+"/")
	return w
}

// hop is a sidecar with a tap between it and a worker.
type hop struct {
	*rig.Sidecar
	tap *rig.Tap
}

// startHop puts a sidecar and a tap before the worker at addr.
func startHop(t *testing.T, addr string, env ...string) *hop {
	t.Helper()
	tap := rig.StartTap(t, addr)
	side := rig.StartSidecar(t, append([]string{
		"PROTOCOL=livestore", "UPSTREAM_URL=http://" + tap.Addr(),
		"JWT_SECRET=" + rig.Secret, "IDENTITY_KEY=" + identitySecret,
	}, env...)...)
	return &hop{side, tap}
}

// client is a running LiveStore client.
type client struct{ *rig.Process }

// startClient opens a store through the server at addr (host:port, or an http
// URL for LiveStore's other transport); token may be "".
func startClient(t *testing.T, addr, storeID, clientID, token string) *client {
	t.Helper()
	if !strings.HasPrefix(addr, "http://") {
		addr = "ws://" + addr
	}
	env := []string{"SYNC_URL=" + addr, "STORE_ID=" + storeID, "CLIENT_ID=" + clientID, "AUTH_TOKEN=" + token}
	return &client{rig.Start(t, "LiveStore client "+clientID, rig.E2E("livestore"), env, rig.Node(t), "client.mjs")}
}

// commit writes one event.
func (c *client) commit(t *testing.T, text string) {
	t.Helper()
	line, _ := json.Marshal(map[string]string{"commit": text})
	if _, err := c.Stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// sees waits until the store's state holds every one of texts.
func (c *client) sees(t *testing.T, texts ...string) {
	t.Helper()
	c.Line(t, 0, rig.Patience, "state with "+strings.Join(texts, ", "), func(line string) bool {
		var state struct{ Texts []string }
		return json.Unmarshal([]byte(line), &state) == nil &&
			!slices.ContainsFunc(texts, func(text string) bool { return !slices.Contains(state.Texts, text) })
	})
}

// syncURL is the URL that LiveStore's client makes: the payload is encoded twice.
func syncURL(addr, storeID, token string) string {
	u := "ws://" + addr + "/?storeId=" + storeID
	if token != "" {
		payload, _ := json.Marshal(map[string]string{"authToken": token})
		u += "&payload=" + url.QueryEscape(url.QueryEscape(string(payload)))
	}
	return u + "&transport=ws"
}

// dial opens a WebSocket; the connection is nil where the answer is no 101.
func dial(t *testing.T, target string, header http.Header) (*websocket.Conn, *http.Response) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, target, &websocket.DialOptions{HTTPHeader: header})
	if resp == nil {
		t.Fatalf("dial: %v", err)
	}
	if err != nil {
		return nil, resp
	}
	t.Cleanup(func() { conn.CloseNow() })
	return conn, resp
}
