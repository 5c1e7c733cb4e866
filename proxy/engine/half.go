package engine

import (
	"errors"
	"net"
	"os"
	"sync"

	"github.com/syncward/syncward/framing"
)

// half is one direction of a connection. Whoever holds wmu owns the machine and
// the writing side of dst: the pump for each batch that it read, or serve for
// what others have posted. Blocking writes under it are the back-pressure.
type half struct {
	c        *conn
	dir      Direction
	src, dst net.Conn
	in       source
	rest     []byte        // an unfinished header or control frame
	woken    chan struct{} // what was posted may have ended a pause

	wmu     sync.Mutex
	machine *framing.Machine
	failed  bool // a write to dst did: it holds an unknown part of a frame
	unsent  bool // End stopped the last batch before any of it was written
	counted struct{ bytes, frames int64 }

	qmu     sync.Mutex
	posted  []func()
	serving bool // a serve is on its way to wmu and will see posted
}

func (h *half) init(c *conn, d Direction, src, dst net.Conn, o framing.Options) {
	h.c, h.dir, h.src, h.dst = c, d, src, dst
	h.machine = framing.New(o)
	h.in.init(src)
	h.woken = make(chan struct{}, 1)
}

// pump is the goroutine that reads one side and writes to the other until the
// side it reads has come to its end.
func (h *half) pump(first []byte) {
	defer h.c.leave()
	defer h.c.guard()
	for in, err := first, error(nil); ; in, err = h.in.read(h.rest) {
		alive := h.relay(in)
		h.in.release()
		if err != nil {
			h.drained(err)
			return
		}
		if !alive {
			return
		}
	}
}

// relay walks in to its end and keeps what needs more behind it. It reports
// false where the connection went down while the direction was paused.
func (h *half) relay(in []byte) bool {
	for {
		s := h.turn(in)
		in = in[s.N:]
		if s.Event == framing.EventPaused {
			select {
			case <-h.woken:
			case <-h.c.over:
				return false
			}
		} else if s.Idle() {
			h.rest = append(h.rest[:0], in...)
			return true
		}
	}
}

// turn lets the machine make one step and writes what it hands out.
func (h *half) turn(in []byte) framing.Step {
	h.wmu.Lock()
	defer h.wmu.Unlock()
	h.runPosted()
	atBoundary := h.machine.AtFrameBoundary()
	s := h.machine.Feed(in)
	h.carryOut(s, atBoundary)
	if s.Idle() {
		h.count()
	}
	return s
}

// post has f run under wmu, soon, and what it leaves in the machine flushed. It
// never blocks: the goroutine that a blocked writer would hold up is serve.
func (h *half) post(f func()) {
	select {
	case <-h.c.over:
		return
	default:
	}
	h.qmu.Lock()
	h.posted = append(h.posted, f)
	start := !h.serving
	h.serving = true
	h.qmu.Unlock()
	if start {
		go h.serve()
	}
}

// serve is the short-lived goroutine that does what was posted, if the pump has
// not done it meanwhile. There is at most one waiting for each half, and it
// ends with the write in front of it: at the latest when the sockets close.
func (h *half) serve() {
	defer h.c.guard()
	h.wmu.Lock()
	defer h.wmu.Unlock()
	h.qmu.Lock()
	h.serving = false // from here on a new post starts a new serve
	h.qmu.Unlock()
	h.runPosted()
	h.count()
	select {
	case h.woken <- struct{}{}:
	default:
	}
}

// runPosted does what was posted. wmu is held.
func (h *half) runPosted() {
	h.qmu.Lock()
	posted := h.posted
	h.posted = nil
	h.qmu.Unlock()
	if posted == nil {
		return
	}
	for _, f := range posted {
		f()
	}
	atBoundary := h.machine.AtFrameBoundary()
	h.carryOut(h.machine.Flush(), atBoundary)
}

// carryOut writes a step's bytes and acts on its event. wmu is held.
func (h *half) carryOut(s framing.Step, atBoundary bool) {
	if s.Event == framing.EventClose && len(s.Out) > 0 {
		h.c.closeFirst(h.dir, s.Close)
	}
	if len(s.Out) > 0 {
		h.write(s.Out, atBoundary)
	}
	switch s.Event {
	case framing.EventClose:
		h.c.closeCame(h.dir, s.Close, len(s.Out) > 0)
	case framing.EventBroken:
		h.c.broken(h.dir, s.Close)
	case framing.EventRefused:
		h.c.refused(s.Cause)
	case framing.EventEnded:
		h.c.endWent(h, len(s.Out) > 0)
	}
}

// write writes out, which begins at a frame boundary or not. wmu is held.
func (h *half) write(out []byte, atBoundary bool) {
	if h.failed {
		return
	}
	n, err := h.dst.Write(out)
	if err == nil {
		return
	}
	h.machine.Cut()
	if h.dir == ToUpstream && h.c.cut.Load() && errors.Is(err, os.ErrDeadlineExceeded) {
		h.unsent = n == 0 && atBoundary
		h.failed = !h.unsent
		return // the door's doing, not the upstream's
	}
	h.failed = true
	h.c.writeFailed(h.dir, err)
}

// count tells the pipe what went through. wmu is held.
func (h *half) count() {
	bytes, frames := h.machine.Bytes()-h.counted.bytes, h.machine.Frames()-h.counted.frames
	if h.c.pipe.Count == nil || bytes == 0 && frames == 0 {
		return
	}
	h.counted.bytes += bytes
	h.counted.frames += frames
	h.c.pipe.Count(h.dir, bytes, frames)
}

// total is the sum of what went through, once the pumps are gone.
func (h *half) total() (bytes, frames int64) {
	h.wmu.Lock()
	defer h.wmu.Unlock()
	h.count()
	return h.machine.Bytes(), h.machine.Frames()
}
