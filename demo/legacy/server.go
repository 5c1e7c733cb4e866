package legacy

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"

	"github.com/coder/websocket"
)

// UserIDHeader is the request header that says who is connected.
const UserIDHeader = "X-Sync-User-Id"

// maxMessage bounds a client's message, in bytes.
const maxMessage = 64 << 10

// Kind says what was seen.
type Kind string

// The closed list of kinds.
const (
	Connected Kind = "connected" // a connection was opened
	Message   Kind = "message"   // a message came on it
	Gone      Kind = "gone"      // it has ended
)

// Sighting is something that reached the server.
type Sighting struct {
	Kind       Kind
	Connection int           // 1, 2, 3… in the order of their coming
	Request    *http.Request // of Connected: the upgrade request; not to be changed
	Text       string        // of Message: as it came
}

// Server is the sync server: an http.Handler that takes WebSocket upgrades on
// every path.
type Server struct {
	watch func(Sighting)
	stop  context.Context // ends with Close
	close context.CancelFunc
	alive sync.WaitGroup

	mu    sync.Mutex
	rooms map[string]*room
	count int // of connections so far
}

// New returns a server with no rooms. It tells watch of everything that reaches
// it, in order for each connection and from many goroutines; nil: nobody.
func New(watch func(Sighting)) *Server {
	if watch == nil {
		watch = func(Sighting) {}
	}
	s := &Server{watch: watch, rooms: map[string]*room{}}
	s.stop, s.close = context.WithCancel(context.Background())
	return s
}

// Close ends all connections and returns when their handlers have ended. Close
// the listener first.
func (s *Server) Close() {
	s.close()
	s.alive.Wait()
}

// ServeHTTP upgrades the request and serves the connection until it ends.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.alive.Add(1)
	defer s.alive.Done()
	// Any origin: it is as careless as its kind.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxMessage)
	ctx, leave := context.WithCancel(s.stop)
	defer leave()
	n := s.number()
	m := &member{userID: r.Header.Get(UserIDHeader), out: make(chan []byte, maxQueue), leave: leave}
	s.watch(Sighting{Kind: Connected, Connection: n, Request: r})
	defer s.watch(Sighting{Kind: Gone, Connection: n})
	s.alive.Go(func() { m.write(ctx, conn) })
	defer s.part(m)
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return
		}
		s.watch(Sighting{Kind: Message, Connection: n, Text: string(text)})
		s.handle(m, text)
	}
}

func (s *Server) number() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	return s.count
}

// handle does what one message asks for.
func (s *Server) handle(m *member, text []byte) {
	var in incoming
	var e eventID
	if json.Unmarshal(text, &in) != nil {
		m.send(sorry("not understood"))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case in.Type == "init" && in.InstanceID != "":
		s.join(m, in.InstanceID, in.Since)
	case in.Type == "event" && m.room == nil:
		m.send(sorry("init first"))
	case in.Type == "event" && json.Unmarshal(in.Event, &e) == nil && e.ID != "":
		m.room.add(m, e.ID, in.Event)
	default:
		m.send(sorry("not understood"))
	}
}

// join moves m into a room. The caller holds the lock.
func (s *Server) join(m *member, id string, since int) {
	r := s.rooms[id]
	if r == nil && len(s.rooms) == maxRooms {
		m.send(sorry("too many rooms"))
		return
	}
	if r == nil {
		r = newRoom(id)
		s.rooms[id] = r
	}
	if m.room != nil {
		delete(m.room.members, m)
	}
	r.join(m, since)
}

// part takes m out of its room. The events stay.
func (s *Server) part(m *member) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.room != nil {
		delete(m.room.members, m)
	}
}
