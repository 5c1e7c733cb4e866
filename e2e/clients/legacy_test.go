package clients_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"

	"github.com/coder/websocket"
)

// legacy is a sync server from before there were users: rooms by instanceId,
// each event acknowledged to its sender and relayed to the rest of the room. It
// knows nothing of tokens, and keeps what it got.
type legacy struct {
	addr string

	mu    sync.Mutex
	conns []*member
}

// member is one connection of the legacy server.
type member struct {
	conn   *websocket.Conn
	header http.Header // of the upgrade request
	target string      // its path and query
	room   string
	frames []string // messages as they came
}

// startLegacy serves on 127.0.0.1 until the test ends.
func startLegacy(t *testing.T) *legacy {
	t.Helper()
	l := &legacy{}
	server := httptest.NewServer(l)
	l.addr = server.Listener.Addr().String()
	t.Cleanup(func() {
		l.mu.Lock()
		for _, m := range l.conns {
			m.conn.CloseNow()
		}
		l.mu.Unlock()
		server.Close()
	})
	return l
}

func (l *legacy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{"sync.v1"}})
	if err != nil {
		return
	}
	defer conn.CloseNow()
	m := &member{conn: conn, header: r.Header, target: r.URL.RequestURI()}
	l.mu.Lock()
	l.conns = append(l.conns, m)
	l.mu.Unlock()
	for {
		_, msg, err := conn.Read(r.Context())
		if err != nil || l.handle(r.Context(), m, msg) != nil {
			return
		}
	}
}

// handle answers one message: an init joins a room, anything else is an event.
func (l *legacy) handle(ctx context.Context, m *member, msg []byte) error {
	var in struct{ Type, InstanceID, ID string }
	if err := json.Unmarshal(msg, &in); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m.frames = append(m.frames, string(msg))
	if in.Type == "init" {
		m.room = in.InstanceID
		return m.conn.Write(ctx, websocket.MessageText, []byte(`{"type":"ready","instanceId":"`+m.room+`"}`))
	}
	for _, other := range l.conns {
		if other != m && other.room == m.room {
			_ = other.conn.Write(ctx, websocket.MessageText, msg) // gone: its own loop notices
		}
	}
	return m.conn.Write(ctx, websocket.MessageText, []byte(`{"type":"ack","ids":["`+in.ID+`"]}`))
}

// connections returns what the server knows of each connection so far.
func (l *legacy) connections() []member {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []member
	for _, m := range l.conns {
		all = append(all, member{header: m.header, target: m.target, room: m.room, frames: slices.Clone(m.frames)})
	}
	return all
}
