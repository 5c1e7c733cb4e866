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
	failures *throttle
	renewals *renewals
	plain    *plainServer

	mu        sync.Mutex
	listeners map[net.Listener]struct{} // closed by drain
	conns     sync.WaitGroup            // accept loops, and connections until they are admitted
	draining  atomic.Bool               // new upgrades are refused
	stopped   atomic.Bool               // the listeners are closed
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
		sessions: newSessions(cfg.MaxConnections, cfg.MaxPerUser),
		failures: newThrottle(cfg.FailuresPerMinute, cfg.Now),
		renewals: newRenewals(),

		listeners: map[net.Listener]struct{}{},
	}
	s.plain = newPlainServer(s)
	return s, nil
}

// Serve accepts connections from ln until the server is drained; then it
// returns nil. Any other end of the listener is an error.
func (s *Server) Serve(ln net.Listener) error {
	if !s.begin(ln) { // drained before it began
		return ln.Close()
	}
	defer s.conns.Done()
	for {
		c, err := ln.Accept()
		switch {
		case err == nil:
			s.conns.Add(1) // ours is still in there, so nobody has stopped waiting
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

// begin has the drain wait for one more, and close ln where that is not nil;
// false where it is over already.
func (s *Server) begin(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped.Load() {
		return false
	}
	s.conns.Add(1)
	if ln != nil {
		s.listeners[ln] = struct{}{}
	}
	return true
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
	d = s.cfg.Decide(ctx, token)
	if d.Allow {
		if code, reason := s.revoked(d); code != "" {
			return refused(d, authz.Refuse(code, reason))
		}
	}
	return d
}
