package browser_test

import (
	"encoding/json"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// legacy is a sync server from before there were users: it takes an init with
// an instanceId, stores each event as often as it comes, acknowledges it to its
// sender and sends it to the rest of the room. It does not tell a repetition.
type legacy struct {
	mu     sync.Mutex
	conns  map[*member]struct{}
	opened int
	stored []storedEvent
	mute   bool // stores, and acknowledges nothing
}

type member struct {
	conn *websocket.Conn
	user string
	room string
}

// storedEvent is an event as the server got it.
type storedEvent struct {
	ID       string          `json:"id"`
	User     string          `json:"user"` // as the request's header says; "" without
	Instance string          `json:"instance"`
	Event    json.RawMessage `json:"event"`
}

func newLegacy() *legacy { return &legacy{conns: map[*member]struct{}{}} }

func (l *legacy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // any origin, as its kind does
	if err != nil {
		return
	}
	defer conn.CloseNow()
	m := &member{conn: conn, user: r.Header.Get("X-Sync-User-Id")}
	l.mu.Lock()
	l.conns[m] = struct{}{}
	l.opened++
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.conns, m)
		l.mu.Unlock()
	}()
	for {
		_, text, err := conn.Read(r.Context())
		if err != nil {
			return
		}
		l.handle(r, m, text)
	}
}

// handle does what one message asks for.
func (l *legacy) handle(r *http.Request, m *member, text []byte) {
	var in struct {
		Type, InstanceID string
		Event            json.RawMessage
	}
	var event struct{ ID string }
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case json.Unmarshal(text, &in) != nil:
		l.write(r, m, map[string]any{"type": "error", "message": "no JSON"})
	case in.Type == "init":
		m.room = in.InstanceID
		l.write(r, m, map[string]any{"type": "ready", "instanceId": m.room})
	case in.Type == "event" && json.Unmarshal(in.Event, &event) == nil:
		l.stored = append(l.stored, storedEvent{event.ID, m.user, m.room, in.Event})
		for other := range l.conns {
			if other != m && other.room == m.room {
				l.write(r, other, map[string]any{"type": "event", "event": in.Event})
			}
		}
		if !l.mute {
			l.write(r, m, map[string]any{"type": "ack", "ack": []string{event.ID}})
		}
	default:
		l.write(r, m, map[string]any{"type": "error", "message": "not understood"})
	}
}

// write sends one message; whoever is gone notices by itself.
func (l *legacy) write(r *http.Request, m *member, message map[string]any) {
	text, _ := json.Marshal(message) // strings and JSON alone
	_ = m.conn.Write(r.Context(), websocket.MessageText, text)
}

// cut drops all connections without a word.
func (l *legacy) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for m := range l.conns {
		m.conn.CloseNow()
	}
}

// legacyState is what a script is told of the server.
type legacyState struct {
	Open   int           `json:"open"`   // connections now
	Opened int           `json:"opened"` // connections so far
	Stored []storedEvent `json:"stored"`
}

func (l *legacy) state() legacyState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return legacyState{len(l.conns), l.opened, append([]storedEvent{}, l.stored...)}
}

// reset forgets what was stored.
func (l *legacy) reset() {
	l.cut()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stored, l.mute = nil, false
}
