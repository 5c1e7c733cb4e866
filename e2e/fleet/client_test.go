package fleet_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
)

const adminToken = "an-admin-token-of-the-tests-0123456789"

// echo is an upstream that knows nothing of users: it sends back what it gets.
func echo(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for {
			kind, msg, err := ws.Read(r.Context())
			if err != nil || ws.Write(r.Context(), kind, msg) != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// sidecar starts one more replica.
func sidecar(t *testing.T, upstream string, c *cluster, node int) *rig.Sidecar {
	t.Helper()
	return rig.StartSidecar(t, "UPSTREAM_URL="+upstream, "JWT_SECRET="+rig.Secret, "IDENTITY_KEY=an-identity-key-of-the-tests-0123456789",
		"ADMIN_TOKEN="+adminToken, "REVOCATION_STORE=nats", "NATS_URL="+c.url(node))
}

// client is one JSON client. Its messages are read by a goroutine that ends
// with the connection.
type client struct {
	t    *testing.T
	ws   *websocket.Conn
	got  chan string
	over chan struct{} // closed when the connection has ended
	at   time.Time     // when, after over
	how  error         // how, after over
}

// dial connects and sends the first sync frame.
func dial(t *testing.T, side *rig.Sidecar, token string) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	ws, _, err := websocket.Dial(ctx, side.URL("/sync"), nil)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{t: t, ws: ws, got: make(chan string, 64), over: make(chan struct{})}
	t.Cleanup(func() { ws.CloseNow() })
	go c.read()
	c.send(fmt.Sprintf(`{"type":"init","instanceId":"i","authToken":%q,"authProtocol":1}`, token))
	return c
}

func (c *client) read() {
	defer close(c.over)
	for {
		_, msg, err := c.ws.Read(context.Background())
		if err != nil {
			c.at, c.how = time.Now(), err
			return
		}
		select {
		case c.got <- string(msg):
		default: // nobody looks at that many
		}
	}
}

func (c *client) send(text string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), rig.Patience)
	defer cancel()
	if err := c.ws.Write(ctx, websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// sees waits for a message that holds text.
func (c *client) sees(text string) {
	c.t.Helper()
	late := time.After(rig.Patience)
	for {
		select {
		case msg := <-c.got:
			if strings.Contains(msg, text) {
				return
			}
		case <-c.over:
			c.t.Fatalf("ended with %v instead of %s", c.how, text)
		case <-late:
			c.t.Fatalf("never came: %s", text)
		}
	}
}

// admitted connects somebody who gets in.
func admitted(t *testing.T, side *rig.Sidecar, token string) *client {
	t.Helper()
	c := dial(t, side, token)
	c.sees("auth.ok")
	c.sees(`"instanceId":"i"`) // the upstream's echo of the first frame
	return c
}

// ends waits for the close and says with what.
func (c *client) ends() string {
	c.t.Helper()
	select {
	case <-c.over:
	case <-time.After(rig.Patience):
		c.t.Fatal("still open")
	}
	var closed websocket.CloseError
	if !errors.As(c.how, &closed) {
		return c.how.Error()
	}
	return fmt.Sprint(int(closed.Code), " ", closed.Reason)
}

// lives shows that a connection is relayed as before.
func (c *client) lives() {
	c.t.Helper()
	c.send(`{"type":"event","id":"still here"}`)
	c.sees("still here")
}

// admin calls the admin API of a replica.
func admin(t *testing.T, side *rig.Sidecar, method, path string, body any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, side.Admin+path, strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}
