package rig

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// TestATapShowsWhatAClientSent holds tap and splitter against a client and a
// server that are not ours, with all three length forms of RFC 6455 §5.2.
func TestATapShowsWhatAClientSent(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		c.SetReadLimit(1 << 20)
		for {
			kind, msg, err := c.Read(r.Context())
			if err != nil || c.Write(r.Context(), kind, msg[:1]) != nil {
				return
			}
		}
	}))
	defer server.Close()
	tap := StartTap(t, server.Listener.Addr().(*net.TCPAddr).String())

	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	c, _, err := websocket.Dial(ctx, "ws://"+tap.Addr()+"/a?b=c", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	sizes := []int{5, 300, 70_000}
	for _, n := range sizes {
		if err := c.Write(ctx, websocket.MessageBinary, bytes.Repeat([]byte{'x'}, n)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.Read(ctx); err != nil { // the server has it, so the tap had it
			t.Fatal(err)
		}
	}
	sent := tap.Sent()
	if len(sent) != 1 {
		t.Fatalf("%d connections, want 1", len(sent))
	}
	head, frames, err := ClientStream(sent[0])
	if err != nil || !strings.HasPrefix(head, "GET /a?b=c HTTP/1.1\r\n") || len(frames) != len(sizes) {
		t.Fatalf("%d frames, head %q, %v", len(frames), head, err)
	}
	for i, f := range frames {
		if f.Opcode != 2 || !f.Fin || f.RSV1 || !bytes.Equal(f.Payload, bytes.Repeat([]byte{'x'}, sizes[i])) {
			t.Errorf("frame %d: opcode %d, fin %v, rsv1 %v, %d bytes", i, f.Opcode, f.Fin, f.RSV1, len(f.Payload))
		}
	}
}
