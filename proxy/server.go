package proxy

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/syncward/syncward/authz"
)

// Server accepts client connections, admits them and relays them to the
// upstream. Its methods may be called from any goroutine.
type Server struct {
	cfg      Config
	dialer   *dialer
	pending  *pending
	sessions *sessions
	plain    *plainServer

	listeners sync.Map // net.Listener → nothing, closed by drain
	conns     sync.WaitGroup
	draining  atomic.Bool // new upgrades are refused
	stopped   atomic.Bool // the listeners are closed
}

// New returns a server for cfg, or an error that says what is missing.
func New(cfg Config) (*Server, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	s := &Server{
		cfg:      cfg,
		dialer:   newDialer(cfg),
		pending:  newPending(cfg.MaxPending),
		sessions: newSessions(cfg.MaxConnections),
	}
	s.plain = newPlainServer(s)
	return s, nil
}

// Serve accepts connections from ln until the server is drained; then it
// returns nil. Any other end of the listener is an error.
func (s *Server) Serve(ln net.Listener) error {
	s.listeners.Store(ln, nil)
	defer s.listeners.Delete(ln)
	if s.stopped.Load() { // drained before it began
		return ln.Close()
	}
	for {
		c, err := ln.Accept()
		switch {
		case err == nil:
			s.conns.Add(1)
			go s.accept(c)
		case s.stopped.Load():
			return nil
		case isTemporary(err):
			pauseAccept()
		default:
			return err
		}
	}
}

// isTemporary tells of accept errors that pass: out of descriptors, a client
// that was gone before it was accepted.
func isTemporary(err error) bool {
	var t interface{ Temporary() bool }
	return errors.As(err, &t) && t.Temporary()
}

// Connections returns how many admitted WebSocket connections are open.
func (s *Server) Connections() int { return s.sessions.len() }

// newConnectionID returns a UUIDv7 (RFC 9562 §5.7).
func newConnectionID() string { return uuid.Must(uuid.NewV7()).String() }

// decide asks for a decision and takes a panic there for no answer: deny.
func (s *Server) decide(ctx context.Context, token string) (d authz.Decision) {
	start := s.cfg.Now()
	defer func() {
		if recover() != nil {
			d = authz.Decision{}
		}
		s.stage(StageDecide, s.cfg.Now().Sub(start))
	}()
	return s.cfg.Decide(ctx, token)
}
