package http1

import (
	"errors"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Guard is the client's connection as a net/http.Server sees it: every request
// head on it has passed Parse (and CheckUpgrade, where it asks for an upgrade),
// and every body its framing. The server needs three things:
//
//   - ConnContext as its ConnContext, for RefusedFrom, HeadFrom and Hijack;
//   - a handler that asks RefusedFrom first: a bad head reaches it as a request
//     that no client can send, in its turn behind earlier pipelined requests;
//   - MaxHeaderBytes of at least maxHead, so that it never refuses on its own.
//
// A body that breaks its framing is a read error (*Error) for the handler, and
// the end of the connection. Trailers are dropped. A head that wants an upgrade
// is the last one: bytes behind it stay in the Guard (at most maxHead, beyond
// which the request's context ends) until Hijack hands them over, or until the
// connection is closed after the answer.
//
// A Guard relies on how net/http reads: one goroutine at a time, and of the
// next request at most one byte before the handler has returned (its watch for
// a lost client). Nothing else may read from it.
type Guard struct {
	net.Conn
	stream stream
	buf    []byte // what stream.in grows in
	now    piece  // being given to the server

	// current is the last head that the server was given whole: the one that
	// its handler works on.
	current atomic.Pointer[Head]
	// linger: close only after the client had time to read the answer.
	linger   atomic.Bool
	released atomic.Bool
	closed   atomic.Bool

	headTimeout time.Duration
	mu          sync.Mutex // guards the two deadlines
	deadline    time.Time  // the server's, for reading
	headBy      time.Time  // ours, while a head has begun and not ended
}

// NewGuard guards conn. head0 holds the bytes that were read from it already
// and belongs to the Guard from now on; maxHead bounds a head and a trailer
// section, in bytes. headTimeout bounds the time from a head's first byte to
// its last (refused with 408); 0 = only the server's own deadlines.
func NewGuard(conn net.Conn, head0 []byte, maxHead int, headTimeout time.Duration) *Guard {
	return &Guard{Conn: conn, stream: stream{maxHead: maxHead, in: head0}, headTimeout: headTimeout}
}

// Read gives the server the next bytes that may go on. One call never returns
// bytes of two messages. Errors: those of the connection; io.EOF behind a
// refused head; *Error inside a body that breaks its framing.
func (g *Guard) Read(p []byte) (int, error) {
	if g.released.Load() {
		return 0, net.ErrClosed
	}
	if len(p) == 0 {
		return 0, nil
	}
	for len(g.now.out) == 0 {
		var err error
		if g.now, err = g.stream.next(); err != nil {
			g.linger.Store(true)
			return 0, err
		}
		if g.now.head != nil {
			g.headIs(g.now.head)
		}
		if len(g.now.out) > 0 {
			break
		}
		if s := &g.stream; s.state == inBody { // straight through, unbuffered
			n, err := g.Conn.Read(p[:min(int64(len(p)), s.left)])
			s.left -= int64(n)
			return n, err
		}
		if err := g.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, g.now.out)
	g.now.out = g.now.out[n:]
	if len(g.now.out) == 0 && g.now.head != nil {
		g.current.Store(g.now.head)
		g.now.head = nil
	}
	return n, nil
}

// headIs notes that a head, or the refusal of one, is complete.
func (g *Guard) headIs(h *Head) {
	g.stopClock()
	if h.refusal != nil || h.held {
		g.linger.Store(true)
	}
}

// fill reads from the connection into the stream. A head that is late becomes
// a refusal.
func (g *Guard) fill() error {
	s := &g.stream
	if s.state == atHead && len(s.in) > 0 {
		g.startClock()
	}
	g.makeRoom()
	n, err := g.Conn.Read(s.in[len(s.in):cap(s.in)])
	s.in = s.in[:len(s.in)+n]
	if n > 0 {
		return nil // an error comes again
	}
	if errors.Is(err, os.ErrDeadlineExceeded) && g.late() {
		g.now = s.refuse(&Error{http.StatusRequestTimeout, tooLate})
		g.headIs(g.now.head)
		return nil
	}
	return err
}

// minRead is the least room to read into, in bytes.
const minRead = 512

// makeRoom makes room behind stream.in. No piece is out at this moment, so the
// bytes before stream.in are nobody's.
func (g *Guard) makeRoom() {
	s := &g.stream
	if cap(s.in)-len(s.in) >= minRead {
		return
	}
	if len(s.in)+minRead > cap(g.buf) {
		g.buf = make([]byte, max(4096, 2*len(s.in)))
	}
	s.in = g.buf[:copy(g.buf[:cap(g.buf)], s.in)]
}
