package livestore_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// httpTransportSyncs: LiveStore's other transport carries the token in the URL
// and in each body, and each request is a dial of its own.
func httpTransportSyncs(t *testing.T, w *worker.Worker) {
	const store = "http-notes"
	side := startHop(t, w.Addr)
	token := rig.Token(t, "dave", time.Hour, nil)
	syncs(t, "http://"+side.Addr, w, store, "dave", token)
	for _, seen := range w.Of(store, "") {
		if strings.Contains(string(seen.Payload), "authToken") {
			t.Errorf("%s got a payload with the token", seen.Callback)
		}
	}
	sent := bytes.Join(side.tap.Sent(), nil)
	if !bytes.Contains(sent, []byte("SyncHttpRpc.Push")) || !bytes.Contains(sent, []byte("written by dave")) {
		t.Error("the recorded bytes do not hold the push, so the search for tokens proves nothing")
	}
	rig.NoToken(t, "the wire to the worker", string(sent), token)
	side.NoTokenSeen(t, token)
}

// httpBodiesAreJudged sends single requests of that transport by hand.
func httpBodiesAreJudged(t *testing.T, w *worker.Worker) {
	const store, other = "http-own-notes", "http-notes-of-others"
	side := startHop(t, w.Addr)
	alice, bob := rig.Token(t, "alice", time.Hour, nil), rig.Token(t, "bob", time.Hour, nil)
	body := func(storeID, token string) string {
		return fmt.Sprintf(`{"_tag":"Request","id":"0","tag":"SyncHttpRpc.Ping","payload":{"storeId":%q,"payload":{"authToken":%q}},`+
			`"traceId":"t","spanId":"s","sampled":false,"headers":[]}`, storeID, token)
	}
	target := strings.Replace(worker.URL(worker.V04, side.Addr, store, alice), "ws://", "http://", 1)
	target = strings.Replace(target, "transport=ws", "transport=http", 1)
	client := http.Client{Timeout: rig.Patience}
	for _, c := range []struct {
		name, body, header, value string
		status                    int
	}{
		{"the own store", body(store, alice), "X-Livestore-Store-Id", store, http.StatusOK},
		{"another store in the body", body(other, alice), "X-Livestore-Store-Id", store, http.StatusForbidden},
		{"another store in the header", body(store, alice), "X-Livestore-Store-Id", other, http.StatusForbidden},
		{"another user's token in the body", body(store, bob), "X-Livestore-Store-Id", store, http.StatusForbidden},
		{"an encoding that cannot be judged", body(store, alice), "Content-Encoding", "gzip", http.StatusUnsupportedMediaType},
		{"no JSON", "hello", "X-Livestore-Store-Id", store, http.StatusBadRequest},
	} {
		before := len(bytes.Join(side.tap.Sent(), nil))
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set(c.header, c.value)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.name, resp.StatusCode, c.status, answer)
		}
		if reached := len(bytes.Join(side.tap.Sent(), nil)) > before; reached != (c.status == http.StatusOK) {
			t.Errorf("%s: reached the worker: %v", c.name, reached)
		}
	}
	side.NoTokenSeen(t, alice, bob)
}
