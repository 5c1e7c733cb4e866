package livestore_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// TestAWorkerThatVerifiesNothing is the upstream before Syncward came, and
// after it was switched off.
func TestAWorkerThatVerifiesNothing(t *testing.T) {
	rig.Require(t)
	w := worker.Start(t, worker.V04, rig.FreeAddr(t))
	token := rig.Token(t, "alice", time.Hour, nil)

	// Without a sidecar: the rig itself works, and the worker does get the token.
	t.Run("syncs without Syncward", func(t *testing.T) {
		writeAndRead(t, w, w.Addr, "direct-notes", token)
	})
	t.Run("gets the token as it came when the mode is off", func(t *testing.T) {
		side := startHop(t, w.Addr, "AUTH_MODE=off")
		writeAndRead(t, w, side.Addr, "off-notes", token)
	})
}

// writeAndRead syncs two clients and asserts that every callback saw the token
// and no identity.
func writeAndRead(t *testing.T, w *worker.Worker, addr, store, token string) {
	t.Helper()
	worker.StartClient(t, worker.V04, addr, store, "client-a", token).Commit(t, "hello")
	worker.Arrives(t, func() *worker.Client { return worker.StartClient(t, worker.V04, addr, store, "client-b", token) }, "hello")
	for _, callback := range []string{"validatePayload", "onPull", "onPush"} {
		seen := w.Of(store, callback)
		if len(seen) == 0 {
			t.Errorf("%s never ran", callback)
		}
		for _, s := range seen {
			if string(s.Payload) != `{"authToken":"`+token+`"}` {
				t.Errorf("%s got the payload %s", callback, s.Payload)
			}
			for name := range s.Headers {
				if strings.HasPrefix(name, "x-sync-") {
					t.Errorf("%s got the header %s", callback, name)
				}
			}
		}
	}
}

// TestAnEd25519AssertionVerifiesInTheWorker lets the worker fetch the public
// key from the sidecar's JWKS.
func TestAnEd25519AssertionVerifiesInTheWorker(t *testing.T) {
	rig.Require(t)
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	addr := rig.FreeAddr(t) // the worker must know the sidecar's JWKS, the sidecar the worker's address
	side := startHop(t, addr, "IDENTITY_KEY="+string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	w := worker.Start(t, worker.V04, addr, "ASSERTION_ALG:EdDSA", "ASSERTION_AUDIENCE:"+audience, "ASSERTION_JWKS_URL:"+side.Admin+"/.well-known/jwks.json")

	syncs(t, side.Addr, w, "ed25519-notes", "alice", rig.Token(t, "alice", time.Hour, nil))
	for _, c := range of(w, "ed25519-notes", "validatePayload", "alice") {
		if c.Refused != "" || c.Claims["sub"] != "alice" {
			t.Errorf("the worker made of it: %v %s", c.Claims, c.Refused)
		}
	}
}

// readToEnd reads until the connection ends and stores the close frame that
// ended it; any other end is an error.
func readToEnd(ctx context.Context, conn *websocket.Conn, closed *websocket.CloseError) error {
	for {
		if _, _, err := conn.Read(ctx); err != nil {
			if errors.As(err, closed) {
				return nil
			}
			return err
		}
	}
}
