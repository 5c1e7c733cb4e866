package worker

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// Client is a running LiveStore client with one open store, in memory.
type Client struct{ *rig.Process }

// StartClient opens a store through the server at addr (host:port, or an http
// URL for the HTTP transport of 0.4); token may be "". It ends with the test.
func StartClient(t testing.TB, kind Kind, addr, storeID, clientID, token string) *Client {
	t.Helper()
	if !strings.HasPrefix(addr, "http://") {
		addr = "ws://" + addr
	}
	env := []string{"SYNC_URL=" + addr, "STORE_ID=" + storeID, "CLIENT_ID=" + clientID, "AUTH_TOKEN=" + token}
	return &Client{rig.Start(t, "LiveStore client "+clientID, rig.E2E(kind.client()), env, rig.Node(t), "client.mjs")}
}

// Commit writes one event.
func (c *Client) Commit(t testing.TB, text string) {
	t.Helper()
	line, _ := json.Marshal(map[string]string{"commit": text})
	if _, err := c.Stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// Sees waits until the store's state holds every one of texts.
func (c *Client) Sees(t testing.TB, texts ...string) {
	t.Helper()
	c.Line(t, 0, rig.Patience, "state with "+strings.Join(texts, ", "), func(line string) bool {
		state, ok := stateOf(line)
		return ok && holds(state, texts)
	})
}

// Shows tells whether the store's state holds every one of texts within d.
func (c *Client) Shows(d time.Duration, texts ...string) bool {
	return Within(d, func() bool { return holds(c.Texts(), texts) })
}

// Within polls until ok or for d, since other processes tell of nothing; false:
// it never was.
func Within(d time.Duration, ok func() bool) bool {
	for deadline := time.Now().Add(d); !ok(); time.Sleep(50 * time.Millisecond) { // between two looks
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// holds tells whether all of texts are in state.
func holds(state, texts []string) bool {
	return !slices.ContainsFunc(texts, func(text string) bool { return !slices.Contains(state, text) })
}

// Arrives starts clients, one after the other, until one shows texts. The worker
// of 0.4 interrupts the pulls of a store now and then when the first push comes,
// also where nothing stands before it, and its client never pulls again.
func Arrives(t testing.TB, start func() *Client, texts ...string) {
	t.Helper()
	for range 4 {
		c := start()
		if c.Shows(rig.Patience/4, texts...) {
			return
		}
		t.Logf("a client that started shows %q", c.Texts())
		c.Stop()
	}
	t.Fatalf("no client shows %q", texts)
}

// Texts returns the store's state as the client showed it last.
func (c *Client) Texts() []string {
	var last []string
	for line := range strings.Lines(c.Output()) {
		if state, ok := stateOf(line); ok {
			last = state
		}
	}
	return last
}

// stateOf reads a line that the client wrote; ok is false for one of a library.
func stateOf(line string) (texts []string, ok bool) {
	var state struct{ Texts []string }
	ok = json.Unmarshal([]byte(line), &state) == nil && state.Texts != nil
	return state.Texts, ok
}

// URL is the URL that this version's client makes of addr (host:port): the
// payload is encoded twice. Without a token there is no payload.
func URL(kind Kind, addr, storeID, token string) string {
	u := "ws://" + addr + "/?storeId=" + storeID
	if kind == V03 {
		u = "ws://" + addr + "/websocket?storeId=" + storeID
	}
	if token != "" {
		payload, _ := json.Marshal(map[string]string{"authToken": token})
		u += "&payload=" + url.QueryEscape(url.QueryEscape(string(payload)))
	}
	if kind != V03 {
		u += "&transport=ws"
	}
	return u
}
