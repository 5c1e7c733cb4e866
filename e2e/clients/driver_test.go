// Package clients_test lets WebSocket clients that are not ours (npm `ws`,
// Python's websockets) sync with a legacy server through `syncward serve`.
//
//	make e2e
//
// It does not test the wire byte by byte: framing and proxy do that.
package clients_test

import (
	"encoding/json"
	"testing"

	"github.com/syncward/syncward/e2e/internal/rig"
)

// drivers are the clients, each started by a command line.
var drivers = map[string]func(*testing.T) []string{
	"npm ws":            func(t *testing.T) []string { return []string{rig.Node(t), "client.mjs"} },
	"Python websockets": func(t *testing.T) []string { return []string{rig.Python(t), "client.py"} },
}

// request is how a client opens its connection.
type request struct {
	URL       string            `json:"url"`
	Protocols []string          `json:"protocols,omitempty"`
	Headers   map[string]string `json:"headers,omitempty"`
}

// event is one line of a client's output; exactly one of its pointers is set.
type event struct {
	Open    *string // the subprotocol
	Message *string
	Close   *int
	Reason  string
	Refused *int // the HTTP status of an answer that is no 101
}

// client is a running client process.
type client struct {
	*rig.Process
	read int // how much of its output the test has consumed
}

// connect starts a client and lets it open r.
func connect(t *testing.T, argv []string, r request) *client {
	t.Helper()
	c := &client{Process: rig.Start(t, argv[len(argv)-1], rig.E2E("clients"), nil, argv...)}
	c.tell(t, r)
	return c
}

// tell writes one command.
func (c *client) tell(t *testing.T, command any) {
	t.Helper()
	line, err := json.Marshal(command)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Stdin.Write(append(line, '\n')); err != nil {
		t.Fatal(err)
	}
}

// send sends one text message.
func (c *client) send(t *testing.T, text string) {
	t.Helper()
	c.tell(t, map[string]string{"send": text})
}

// next waits for the client's next event.
func (c *client) next(t *testing.T, what string) event {
	t.Helper()
	var e event
	_, c.read = c.Line(t, c.read, rig.Patience, what, func(line string) bool {
		e = event{}
		return json.Unmarshal([]byte(line), &e) == nil
	})
	return e
}

// opens waits for the open connection and asserts its subprotocol.
func (c *client) opens(t *testing.T, subprotocol string) {
	t.Helper()
	if e := c.next(t, "open connection"); e.Open == nil || *e.Open != subprotocol {
		t.Fatalf("the connection opened with %s, want subprotocol %q", show(e), subprotocol)
	}
}

// gets waits for the next message and asserts it.
func (c *client) gets(t *testing.T, want string) {
	t.Helper()
	if e := c.next(t, "message "+want); e.Message == nil || *e.Message != want {
		t.Fatalf("got %s, want the message %s", show(e), want)
	}
}

// closes waits for the close and asserts its code and reason.
func (c *client) closes(t *testing.T, code int, reason string) {
	t.Helper()
	if e := c.next(t, "close"); e.Close == nil || *e.Close != code || e.Reason != reason {
		t.Fatalf("got %s, want a close with %d %s", show(e), code, reason)
	}
}

func show(e event) string {
	text, _ := json.Marshal(e)
	return string(text)
}
