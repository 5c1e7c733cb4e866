package engine

import (
	"errors"
	"io"
	"syscall"

	"github.com/syncward/syncward/framing"
)

// closeFirst notes who closes before the frame goes out: its answer could
// otherwise overtake it here.
func (c *conn) closeFirst(d Direction, cl framing.Close) {
	c.mu.Lock()
	c.decide(sender(d), cl.Code)
	c.mu.Unlock()
}

// closeCame notes the close frame of a direction's sender. relayed: it went on
// to the other side; else it answers, or crossed, one of Syncward's own.
func (c *conn) closeCame(d Direction, cl framing.Close, relayed bool) {
	c.mu.Lock()
	if d == ToUpstream {
		c.clientClosed = true
	}
	if !relayed {
		over := d == ToUpstream && c.told[ToClient]
		c.mu.Unlock()
		if over {
			closeWrite(c.pipe.Client)
			hangUp(c.pipe.Client, false) // RFC 6455 §7.1.1: the server closes first
		}
		return
	}
	c.passed[d] = true
	c.startLinger()
	switch {
	case c.clientClosed && (c.passed[ToClient] || c.told[ToClient]), c.ending && d == ToClient:
		// Both have said goodbye, or been told to; the upstream should hang up.
		c.await(&c.answer, c.times.Answer, c.goneByTime)
	case d == ToUpstream && !c.ending:
		c.await(&c.answer, c.times.Answer, func() { c.answerClient(cl) })
	}
	if d == ToClient {
		stop(c.boundary) // an End behind it has nothing to add
	}
	c.mu.Unlock()
}

// answerClient answers a client's close frame in the place of an upstream that
// does not.
func (c *conn) answerClient(cl framing.Close) {
	c.mu.Lock()
	if c.closed || c.ending || c.passed[ToClient] {
		c.mu.Unlock()
		return
	}
	c.await(&c.boundary, c.times.Boundary, c.noBoundary)
	c.mu.Unlock()
	c.down.post(func() { c.down.machine.End(cl.Frame(nil)) })
}

// drained is the end of a pump: err says how the side that it read came to its
// end. A FIN is passed on; a lost connection ends the other side at once,
// unless goodbyes were on their way already: then they may arrive.
func (h *half) drained(err error) {
	h.wmu.Lock()
	defer h.wmu.Unlock()
	h.runPosted()
	c := h.c
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.drained[h.dir] = true
	c.decide(sender(h.dir), 0)
	c.startLinger()
	closing := c.ending || c.passed[ToUpstream] || c.passed[ToClient]
	reset := errors.Is(err, syscall.ECONNRESET) || c.reset[1-h.dir]
	finished := err == io.EOF && !c.reset[1-h.dir]
	waiting := c.boundaryAwaited() && h.dir == ToClient
	c.mu.Unlock()
	switch {
	case !finished && !closing:
		c.shutdown(reset, reset)
	case !waiting:
		closeWrite(h.dst)
	case !h.machine.AtFrameBoundary():
		c.noBoundary() // what would have finished the frame never comes
	}
}

// boundaryAwaited tells whether a close frame of Syncward's own is still to go
// out to the client. c.mu is held.
func (c *conn) boundaryAwaited() bool {
	return c.boundary != nil && !c.told[ToClient] && !c.passed[ToClient]
}

// writeFailed notes that nothing can be written in direction d any more. What
// the lost side had sent before is still relayed: its reader will come upon the
// end itself, or is gone already.
func (c *conn) writeFailed(d Direction, err error) {
	c.mu.Lock()
	c.reset[d] = errors.Is(err, syscall.ECONNRESET)
	c.startLinger()
	gone := c.drained[1-d]
	if gone {
		c.decide(sender(1-d), 0)
	}
	reset := c.reset[d]
	c.mu.Unlock()
	if gone {
		c.shutdown(reset, reset)
	}
}

// startLinger bounds the connection's remaining life, once. c.mu is held.
func (c *conn) startLinger() {
	if c.linger == nil {
		c.await(&c.linger, c.times.Linger, c.goneByTime)
	}
}

// sender names who sends in direction d.
func sender(d Direction) By {
	if d == ToClient {
		return ByUpstream
	}
	return ByClient
}
