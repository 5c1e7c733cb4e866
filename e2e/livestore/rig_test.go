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
	"net/http"
	"testing"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
)

const (
	identitySecret = "an-identity-key-of-the-tests-0123456789"
	audience       = "sync-upstream" // the default of IDENTITY_AUDIENCE
)

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
