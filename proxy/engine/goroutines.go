package engine

import (
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncward/syncward/framing"
)

// Goroutines is the portable Engine: two goroutines for each connection, one a
// direction (half.pump). An idle TCP or Unix connection holds no buffer. The
// zero value is ready for use; the times are for tests to shorten.
type Goroutines struct {
	// Boundary is how long an End may wait for a frame boundary towards the
	// client before it is reset. 0: 1 s.
	Boundary time.Duration
	// Answer is how long a close frame may wait for its answer: a client's
	// before Syncward answers it, Syncward's own and the last of two before the
	// sockets are closed. 0: 2 s.
	Answer time.Duration
	// Linger is how long a connection may outlive the first close frame or FIN
	// on it. 0: 10 s.
	Linger time.Duration
}

// conn is one running connection. Lock order: half.wmu, then conn.mu, then
// half.qmu; none is held while another goroutine is waited for.
type conn struct {
	times    Goroutines
	pipe     Pipe
	up, down half
	pumps    atomic.Int32 // that still run; the last one out reports
	cut      atomic.Bool  // no client byte goes to the upstream any more
	over     chan struct{}

	mu      sync.Mutex // of all below
	closed  bool       // both sockets are
	decided bool       // result says who ended it
	result  Result
	ending  bool // the door was used
	// What has gone by: a close frame relayed in a direction, a close frame of
	// Syncward's own written in it, the sender of it come to its end.
	passed, told, drained [2]bool
	clientClosed          bool // the client's close frame came, relayed or not
	reset                 [2]bool
	boundary, answer      *time.Timer
	linger                *time.Timer
}

// Start implements Engine.
func (g Goroutines) Start(p Pipe) Conn {
	for _, t := range []struct {
		d   *time.Duration
		def time.Duration
	}{{&g.Boundary, time.Second}, {&g.Answer, 2 * time.Second}, {&g.Linger, 10 * time.Second}} {
		if *t.d == 0 {
			*t.d = t.def
		}
	}
	c := &conn{times: g, pipe: p, over: make(chan struct{})}
	c.up.init(c, ToUpstream, p.Client, p.Upstream, p.Up)
	c.down.init(c, ToClient, p.Upstream, p.Client, p.Down)
	c.pipe.FromClient, c.pipe.FromUpstream = nil, nil // the pumps' to forget
	c.pumps.Store(2)
	if p.Started != nil {
		p.Started(c)
	}
	go c.up.pump(p.FromClient)
	go c.down.pump(p.FromUpstream)
	return c
}

// half returns the half that writes in direction d.
func (c *conn) half(d Direction) *half {
	if d == ToClient {
		return &c.down
	}
	return &c.up
}

// Insert implements Conn.
func (c *conn) Insert(d Direction, frames []byte) {
	h := c.half(d)
	h.post(func() { h.machine.Insert(frames) })
}

// Resume implements Conn.
func (c *conn) Resume(d Direction, v framing.Verdict) {
	h := c.half(d)
	h.post(func() { h.carryOut(h.machine.Resume(v), true) })
}

// guard is deferred by every goroutine of the connection that runs funcs of the
// pipe: one broken connection must not take the others down.
func (c *conn) guard() {
	if recover() == nil {
		return
	}
	err := &PanicError{Stack: debug.Stack()}
	c.mu.Lock()
	c.decide(BySyncward, 0)
	c.result.Cause = err
	c.mu.Unlock()
	c.shutdown(true, true)
}

// leave is what a pump does last; the last pump reports the result.
func (c *conn) leave() {
	if c.pumps.Add(-1) > 0 {
		return
	}
	c.shutdown(false, false)
	c.mu.Lock()
	result := c.result
	c.mu.Unlock()
	result.BytesUp, result.FramesUp = c.up.total()
	result.BytesDown, result.FramesDown = c.down.total()
	if c.pipe.Done != nil {
		c.pipe.Done(result)
	}
}

// decide notes who ended the connection; the first one did. c.mu is held.
func (c *conn) decide(by By, code int) {
	if !c.decided {
		c.decided = true
		c.result.By, c.result.Code = by, code
	}
}

// shutdown closes both sockets, by reset where told so, and lets everything
// that waits go.
func (c *conn) shutdown(resetClient, resetUpstream bool) {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	close(c.over)
	for _, t := range []*time.Timer{c.boundary, c.answer, c.linger} {
		if t != nil {
			t.Stop()
		}
	}
	c.mu.Unlock()
	hangUp(c.pipe.Client, resetClient)
	hangUp(c.pipe.Upstream, resetUpstream)
}

// hangUp closes a socket; by reset, what the peer has not read yet is lost. TLS
// is passed by: it would say goodbye first and wait seconds for room to do so.
// Where there was time for that, closeWrite has said it.
func hangUp(n net.Conn, reset bool) {
	n = beneath(n)
	if t, ok := n.(*net.TCPConn); ok && reset {
		t.SetLinger(0)
	}
	n.Close()
}

// beneath returns the socket under a TLS connection.
func beneath(n net.Conn) net.Conn {
	if t, ok := n.(interface{ NetConn() net.Conn }); ok {
		return t.NetConn()
	}
	return n
}

// closeWrite passes a FIN on.
func closeWrite(n net.Conn) {
	if w, ok := n.(interface{ CloseWrite() error }); ok {
		w.CloseWrite()
		return
	}
	n.Close()
}
