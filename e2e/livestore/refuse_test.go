package livestore_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// theWorkerRefusesAForgedAssertion takes the identity headers of a real
// connection and dials the worker with them, past the sidecar: unchanged they
// open it, and each single change closes it.
func theWorkerRefusesAForgedAssertion(t *testing.T, w *worker.Worker) {
	const store = "forged-notes"
	side := startHop(t, w.Addr)
	if conn, resp := dial(t, worker.URL(worker.V04, side.Addr, store, rig.Token(t, "alice", time.Hour, nil)), nil); conn == nil {
		t.Fatalf("status %d through the sidecar", resp.StatusCode)
	}
	seen := of(w, store, "validatePayload", "alice")
	if len(seen) != 1 || seen[0].Claims == nil {
		t.Fatalf("validatePayload saw %v", seen)
	}
	genuine := http.Header{}
	for name, value := range seen[0].Headers {
		if strings.HasPrefix(name, "x-sync-") {
			genuine.Set(name, value)
		}
	}
	knock := func(h http.Header) int {
		conn, resp := dial(t, worker.URL(worker.V04, w.Addr, store, ""), h)
		if conn == nil {
			io.Copy(io.Discard, resp.Body)
		}
		return resp.StatusCode
	}
	if status := knock(genuine); status != http.StatusSwitchingProtocols {
		t.Fatalf("unchanged headers: status %d", status)
	}
	if status := knock(resign(t, genuine, seen[0].Claims, nil, nil)); status != http.StatusSwitchingProtocols {
		t.Fatalf("unchanged claims, signed again by the test: status %d", status)
	}
	for name, forged := range forgeries(t, genuine, seen[0].Claims) {
		if status := knock(forged); status != http.StatusBadRequest {
			t.Errorf("%s: status %d, want 400", name, status)
		}
	}
}

// resign signs claims with change, and a header with header, as the sidecar would.
func resign(t *testing.T, genuine http.Header, claims, change jwt.MapClaims, header map[string]any) http.Header {
	t.Helper()
	claims = maps.Clone(claims)
	maps.Copy(claims, change)
	all := map[string]any{"typ": "sync-identity+jwt"}
	maps.Copy(all, header)
	h := genuine.Clone()
	h.Set("X-Sync-Assertion", rig.Sign(t, identitySecret, claims, all))
	return h
}

// forgeries returns headers that differ from genuine ones in one thing each.
func forgeries(t *testing.T, genuine http.Header, claims map[string]any) map[string]http.Header {
	t.Helper()
	with := func(name, value string) http.Header {
		h := genuine.Clone()
		h.Set(name, value)
		return h
	}
	parts := strings.Split(genuine.Get("X-Sync-Assertion"), ".")
	resigned := func(change jwt.MapClaims, header map[string]any) http.Header {
		return resign(t, genuine, claims, change, header)
	}
	past := time.Now().Add(-time.Minute).Unix()
	none := genuine.Clone()
	none.Del("X-Sync-Assertion")
	forged := map[string]http.Header{
		"another user in the plain header": with("X-Sync-User-Id", "mallory"),
		"another status in the header":     with("X-Sync-Auth-Status", "grace"),
		"no assertion":                     none,
		"expired, rightly signed":          resigned(jwt.MapClaims{"iat": past - 60, "exp": past}, nil),
		"valid for an hour":                resigned(jwt.MapClaims{"exp": past + 3600}, nil),
		"another audience":                 resigned(jwt.MapClaims{"aud": "another"}, nil),
		"an access token's type":           resigned(nil, map[string]any{"typ": "JWT"}),
		"no algorithm": with("X-Sync-Assertion",
			base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"sync-identity+jwt"}`))+"."+parts[1]+"."),
	}
	for claim, value := range claims {
		changed := maps.Clone(claims)
		changed[claim] = fmt.Sprint(value, "1")
		if n, ok := value.(float64); ok {
			changed[claim] = n + 1
		}
		body, err := json.Marshal(changed)
		if err != nil {
			t.Fatal(err)
		}
		forged["the claim "+claim+" changed"] = with("X-Sync-Assertion",
			parts[0]+"."+base64.RawURLEncoding.EncodeToString(body)+"."+parts[2])
	}
	return forged
}

func aWrongTokenNeverReachesTheWorker(t *testing.T, w *worker.Worker) {
	const store = "refused-notes"
	side := startHop(t, w.Addr)
	wrong := rig.Sign(t, "not-the-secret-of-the-tests-0123456789", jwt.MapClaims{
		"sub": "alice", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}, nil)
	expired := rig.Token(t, "alice", -25*time.Hour, nil)
	for name, c := range map[string]struct{ token, code string }{
		"no token":             {"", "AUTH_REQUIRED"},
		"no JWT":               {"not-a-token", "TOKEN_INVALID"},
		"another's signature":  {wrong, "TOKEN_INVALID"},
		"expired beyond grace": {expired, "TOKEN_EXPIRED"},
	} {
		conn, resp := dial(t, worker.URL(worker.V04, side.Addr, store, c.token), nil)
		if conn != nil || resp.StatusCode != http.StatusUnauthorized {
			t.Errorf("%s: status %d, want 401", name, resp.StatusCode)
			continue
		}
		body, _ := io.ReadAll(resp.Body)
		if !strings.Contains(string(body), `"code":"`+c.code+`"`) {
			t.Errorf("%s: body %s, want %s", name, body, c.code)
		}
	}

	// A real client keeps trying, and gets nowhere.
	before := strings.Count(side.Output(), "TOKEN_INVALID")
	worker.StartClient(t, worker.V04, side.Addr, store, "client-a", wrong).Commit(t, "never")
	rig.Eventually(t, "three more refusals", func() bool { return strings.Count(side.Output(), "TOKEN_INVALID") >= before+3 })
	if sent := side.tap.Sent(); len(sent) != 0 {
		t.Errorf("the sidecar opened %d connections to the worker", len(sent))
	}
	if seen := w.Of(store, ""); len(seen) != 0 {
		t.Errorf("the worker's callbacks saw %v", seen)
	}
	side.NoTokenSeen(t, wrong, expired)
}

func aFrameForAnotherStoreIsRefused(t *testing.T, w *worker.Worker) {
	const store, other = "own-notes", "notes-of-others"
	side := startHop(t, w.Addr)
	token := rig.Token(t, "alice", time.Hour, nil)
	pull := func(storeID string) []byte {
		frame, _ := json.Marshal(map[string]any{
			"_tag": "Request", "id": "0", "tag": "SyncWsRpc.Pull", "traceId": "t", "spanId": "s", "sampled": false, "headers": []any{},
			"payload": map[string]any{"storeId": storeID, "payload": map[string]string{"authToken": token}, "live": false, "cursor": map[string]string{"_tag": "None"}},
		})
		return frame
	}
	for kind, opcode := range map[string]websocket.MessageType{"text": websocket.MessageText, "binary": websocket.MessageBinary} {
		ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
		defer cancel()
		conn, resp := dial(t, worker.URL(worker.V04, side.Addr, store, token), nil)
		if conn == nil {
			t.Fatalf("%s: status %d", kind, resp.StatusCode)
		}
		if err := conn.Write(ctx, opcode, pull(store)); err != nil {
			t.Fatal(err)
		}
		if _, answer, err := conn.Read(ctx); err != nil || !strings.Contains(string(answer), `"requestId":"0"`) {
			t.Fatalf("%s: a pull of the own store answered %s, %v", kind, answer, err)
		}
		if err := conn.Write(ctx, opcode, pull(other)); err != nil {
			t.Fatal(err)
		}
		var closed websocket.CloseError
		if err := readToEnd(ctx, conn, &closed); err != nil || closed.Code != 4403 || closed.Reason != "FORBIDDEN" {
			t.Errorf("%s: closed with %v, %v; want 4403 FORBIDDEN", kind, closed, err)
		}
	}
	for _, sent := range side.tap.Sent() {
		_, frames, err := rig.ClientStream(sent)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			if strings.Contains(string(f.Payload), other) {
				t.Errorf("the sidecar passed on %s", f.Payload)
			}
		}
	}
	if seen := w.Of(other, ""); len(seen) != 0 {
		t.Errorf("the worker's callbacks saw %v", seen)
	}
}
