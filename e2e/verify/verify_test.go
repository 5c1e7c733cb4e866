// Package verify_test tries @syncward/client/verify on real platforms: a worker
// (workerd, by wrangler) checks the assertions of a real sidecar, and pages in
// Chromium and Firefox answer what Go has answered.
//
//	make e2e
//
// What the verifier accepts and refuses is held by the vectors that it shares with
// the Go package, also in client/test/verify.
package verify_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
)

const secret = "an-identity-key-of-the-tests-0123456789"

// startWorker runs the worker with vars (NAME:value) on addr.
func startWorker(t *testing.T, addr string, vars ...string) {
	t.Helper()
	state := t.TempDir()
	_, port, _ := net.SplitHostPort(addr)
	_, inspector, _ := net.SplitHostPort(rig.FreeAddr(t))
	argv := []string{
		rig.Node(t), rig.E2E("node_modules", "wrangler", "bin", "wrangler.js"), "dev", "--local", "--ip", "127.0.0.1", "--port", port,
		"--inspector-port", inspector, "--persist-to", state, "--show-interactive-dev-session=false",
	}
	for _, v := range vars {
		argv = append(argv, "--var", v)
	}
	env := []string{
		"HOME=" + state, "WRANGLER_LOG_PATH=" + state, "CI=1", "NO_COLOR=1",
		"WRANGLER_SEND_METRICS=false", "CLOUDFLARE_CF_FETCH_ENABLED=false",
	}
	p := rig.Start(t, "wrangler dev", rig.E2E("verify"), env, argv...)
	rig.Eventually(t, "the worker answers", func() bool {
		if p.Exited() {
			t.Fatal("wrangler ended")
		}
		resp, err := http.Get("http://" + addr)
		if err != nil {
			return false
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusUnauthorized
	})
}

// claims is what the worker says that it verified.
type claims struct{ UserID, Status, InstanceID, Method string }

func TestAWorkerVerifiesWhatASidecarSigns(t *testing.T) {
	rig.Require(t)
	for _, c := range []struct {
		name, key string
		shared    bool
	}{
		{name: "Ed25519, by JWKS"},
		{name: "P-256, by JWKS", key: p256(t)},
		{name: "HMAC", key: secret, shared: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			addr := rig.FreeAddr(t)
			env := []string{"PROTOCOL=opaque", "UPSTREAM_URL=http://" + addr, "JWT_SECRET=" + rig.Secret}
			if c.key != "" {
				file := filepath.Join(t.TempDir(), "identity")
				if err := os.WriteFile(file, []byte(c.key), 0o600); err != nil {
					t.Fatal(err)
				}
				env = append(env, "IDENTITY_KEY_FILE="+file)
			}
			side := rig.StartSidecar(t, env...)
			vars := "JWKS_URL:" + side.Admin + "/.well-known/jwks.json"
			if c.shared {
				vars = "SECRET:" + secret
			}
			startWorker(t, addr, vars)
			manyAtOnce(t, side) // first: all of them wait for the keys
			verifiedAtTheUpgrade(t, side)
			refusedWhatWasNotSigned(t, addr)
		})
	}
}

func p256(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func verifiedAtTheUpgrade(t *testing.T, side *rig.Sidecar) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	header := http.Header{"Authorization": {"Bearer " + rig.Token(t, "alice", time.Hour, nil)}}
	conn, _, err := websocket.Dial(ctx, side.URL("/notes?x=%7C"), &websocket.DialOptions{HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	if err := conn.Write(ctx, websocket.MessageText, []byte("who am I")); err != nil {
		t.Fatal(err)
	}
	_, data, err := conn.Read(ctx)
	if err != nil {
		t.Fatal(err)
	}
	check(t, data, claims{UserID: "alice", Status: "valid", Method: "GET"})
}

// manyAtOnce: in Workers, what one request waits for another may not await.
func manyAtOnce(t *testing.T, side *rig.Sidecar) {
	t.Helper()
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			req, _ := http.NewRequest(http.MethodPost, "http://"+side.Addr+"/notes", http.NoBody)
			req.Header.Set("Authorization", "Bearer "+rig.Token(t, "bob", time.Hour, nil))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer resp.Body.Close()
			data, err := io.ReadAll(resp.Body)
			if err != nil || resp.StatusCode != http.StatusOK {
				t.Errorf("status %d, %q, %v", resp.StatusCode, data, err)
				return
			}
			check(t, data, claims{UserID: "bob", Status: "valid", Method: "POST"})
		})
	}
	all.Wait()
}

func check(t *testing.T, data []byte, want claims) {
	t.Helper()
	var got claims
	if err := json.Unmarshal(data, &got); err != nil || got != want {
		t.Errorf("the worker verified %s, want %+v (%v)", data, want, err)
	}
}

func refusedWhatWasNotSigned(t *testing.T, addr string) {
	t.Helper()
	req, _ := http.NewRequest(http.MethodGet, "http://"+addr+"/notes", nil)
	req.Header.Set("X-Sync-User-Id", "mallory")
	req.Header.Set("X-Sync-Assertion", "eyJhbGciOiJub25lIn0.e30.")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if data, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusUnauthorized || string(data) != "identity: type" {
		t.Errorf("a forged assertion: status %d, %q", resp.StatusCode, data)
	}
}
