package engine

import (
	"crypto/rand"
	"time"

	"github.com/syncward/syncward/framing"
)

// End implements Conn.
func (c *conn) End(e Ending) { c.end(e, e.ToClient.Code, nil) }

// end is the door. When it returns no client byte will be handed to the
// upstream's socket any more: a write that waits for room there is interrupted,
// and later ones fail on their deadline before they start.
func (c *conn) end(e Ending, code int, cause error) {
	c.mu.Lock()
	if c.ending || c.closed {
		c.mu.Unlock()
		return
	}
	c.ending = true
	c.decide(BySyncward, code)
	if c.result.Cause == nil {
		c.result.Cause = cause
	}
	if c.passed[ToClient] {
		c.await(&c.answer, c.times.Answer, c.goneByTime) // it has its close frame
	} else {
		c.await(&c.boundary, c.times.Boundary, c.noBoundary)
	}
	c.mu.Unlock()

	c.cut.Store(true)
	c.pipe.Upstream.SetWriteDeadline(time.Unix(1, 0))
	// The client's first: the upstream may answer its close at once, and that
	// answer must find the client's close frame queued ahead of it.
	c.down.post(func() {
		c.down.machine.Insert(e.Before)
		c.down.machine.End(e.ToClient.Frame(nil))
	})
	c.up.post(func() { c.up.endUpstream(e.ToUpstream) })
}

// endUpstream sends the upstream its close frame, if what it has been sent so
// far ends with a whole frame. wmu is held.
func (h *half) endUpstream(cl framing.Close) {
	h.dst.SetWriteDeadline(time.Now().Add(h.c.times.Boundary))
	h.machine.Cut()
	var key [4]byte
	rand.Read(key[:])
	frame := cl.Frame(&key)
	if h.unsent {
		// The machine counts the batch as gone; the socket knows better.
		h.write(frame, true)
		h.c.endWent(h, true)
		return
	}
	h.machine.End(frame)
}

// broken ends the connection of a sender that broke the protocol.
func (c *conn) broken(d Direction, sender framing.Close) {
	other := framing.Close{Code: framing.CodeInternalError}
	if sender.Code == framing.CodeTooBig {
		other = sender
	}
	e := Ending{ToClient: sender, ToUpstream: other}
	if d == ToClient {
		e = Ending{ToClient: other, ToUpstream: sender}
	}
	c.end(e, sender.Code, nil)
}

// refused ends the connection of a client whose message a Look refused.
func (c *conn) refused(cause error) {
	e := Ending{
		ToClient:   framing.Close{Code: framing.CodeInternalError},
		ToUpstream: framing.Close{Code: framing.CodeInternalError},
	}
	if c.pipe.Refused != nil {
		e = c.pipe.Refused(cause)
	}
	c.end(e, e.ToClient.Code, cause)
}

// endWent notes that the last frame of Syncward's own is out in h's direction,
// or can never be where whole is false.
func (c *conn) endWent(h *half, whole bool) {
	whole = whole && !h.failed
	c.mu.Lock()
	c.told[h.dir] = true
	drained := c.drained[ToClient] // both sides wait for a FIN then
	answered := h.dir == ToClient && c.clientClosed
	ending := c.ending
	if h.dir == ToClient {
		stop(c.boundary)
		c.await(&c.answer, c.times.Answer, c.goneByTime)
	}
	c.mu.Unlock()
	switch {
	case answered && !ending:
		hangUp(c.pipe.Upstream, false) // it never answered the client's close
		closeWrite(h.dst)
	case answered || !whole || drained:
		closeWrite(h.dst)
	}
}

// noBoundary is the end of a client that no close frame can reach in time.
func (c *conn) noBoundary() {
	c.mu.Lock()
	late := !c.told[ToClient] && !c.closed
	if late {
		c.result.TimedOut = true
	}
	c.mu.Unlock()
	if late {
		c.shutdown(true, false)
	}
}

// goneByTime ends what nobody ended in time.
func (c *conn) goneByTime() { c.shutdown(false, false) }

// await starts or restarts the timer in t. c.mu is held.
func (c *conn) await(t **time.Timer, d time.Duration, f func()) {
	stop(*t)
	if !c.closed {
		*t = time.AfterFunc(d, f)
	}
}

func stop(t *time.Timer) {
	if t != nil {
		t.Stop()
	}
}
