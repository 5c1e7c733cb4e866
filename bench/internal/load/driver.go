package load

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/syncward/syncward/bench/internal/poll"
	"github.com/syncward/syncward/bench/internal/wire"
	"golang.org/x/sys/unix"
)

// conn is one connection of a driver.
type conn struct {
	fd      int
	scan    wire.Scanner
	got     int64       // bytes of the message that is arriving
	queued  int         // frames still to be sent, the one begun included
	rest    []byte      // of the frame that the socket has begun to take
	waiting bool        // for the socket to take more
	sent    []time.Time // of the messages without an answer, oldest first
}

// driver sends one frame over and over on many connections and hears the
// answers, on one thread with one buffer.
type driver struct {
	p      *poll.Poller
	conns  []*conn
	byFD   map[int]*conn
	in     []byte
	frame  []byte              // what is sent
	answer []byte              // what every answer's payload must be
	done   func(c *conn) error // an answer is whole
	open   int                 // messages without an answer
	timed  bool                // keep the times of sending
	heard  time.Time           // when something last came
}

func newDriver(fds Conns, payload, answer []byte) (*driver, error) {
	p, err := poll.New()
	if err != nil {
		return nil, err
	}
	d := &driver{p: p, byFD: map[int]*conn{}, in: make([]byte, 256<<10), frame: frame(payload), answer: answer, heard: time.Now()}
	for _, fd := range fds {
		c := &conn{fd: fd}
		d.conns, d.byFD[fd] = append(d.conns, c), c
		if err := p.Watch(fd, poll.Readable); err != nil {
			p.Close()
			return nil, err
		}
	}
	return d, nil
}

// close leaves the connections open.
func (d *driver) close() { d.p.Close() }

// send queues a message on c and writes what the socket takes.
func (d *driver) send(c *conn) error {
	c.queued++
	d.open++
	if d.timed {
		c.sent = append(c.sent, time.Now())
	}
	return d.push(c)
}

// push writes c's queue as far as the socket takes it.
func (d *driver) push(c *conn) error {
	for c.queued > 0 {
		if len(c.rest) == 0 {
			c.rest = d.frame
		}
		n, err := poll.Write(c.fd, c.rest)
		if err != nil {
			return fmt.Errorf("load: write: %w", err)
		}
		if c.rest = c.rest[n:]; len(c.rest) > 0 {
			return d.await(c, true)
		}
		c.queued--
	}
	return d.await(c, false)
}

// await says whether to wait for the socket to take more.
func (d *driver) await(c *conn, more bool) error {
	if c.waiting == more {
		return nil
	}
	c.waiting = more
	ready := poll.Readable
	if more {
		ready |= poll.Writable
	}
	return d.p.Change(c.fd, ready)
}

// turn waits once, at most for the time given, and handles what is ready.
func (d *driver) turn(wait time.Duration) error {
	events := d.p.Wait(wait)
	for _, ev := range events {
		c := d.byFD[int(ev.Fd)]
		if ev.Events&unix.EPOLLOUT != 0 {
			if err := d.push(c); err != nil {
				return err
			}
		}
		if ev.Events&^unix.EPOLLOUT != 0 {
			if err := d.hear(c); err != nil {
				return err
			}
		}
	}
	switch now := time.Now(); {
	case len(events) > 0:
		d.heard = now
	case d.open > 0 && now.Sub(d.heard) > patience:
		return fmt.Errorf("load: %d messages without an answer for %v", d.open, patience)
	}
	return nil
}

// hear reads c once and takes note of answers.
func (d *driver) hear(c *conn) error {
	n, again, err := poll.Read(c.fd, d.in)
	switch {
	case again:
		return nil
	case err != nil:
		return fmt.Errorf("load: read: %w", err)
	case n == 0:
		return fmt.Errorf("load: a connection ended: %w", io.ErrUnexpectedEOF)
	}
	return c.scan.Feed(d.in[:n], func(h wire.Header, _ int64, run []byte, end bool) error {
		if h.Control() {
			return fmt.Errorf("load: a control frame with opcode %d came", h.Opcode)
		}
		to := c.got + int64(len(run))
		if to > int64(len(d.answer)) || !bytes.Equal(run, d.answer[c.got:to]) {
			return errors.New("load: an answer is not what was sent")
		}
		if c.got = to; !end || !h.Fin {
			return nil
		}
		if to < int64(len(d.answer)) {
			return errors.New("load: an answer is shorter than what was sent")
		}
		c.got = 0
		d.open--
		return d.done(c)
	})
}

// drain waits for the answers that are still due.
func (d *driver) drain() error {
	for d.open > 0 {
		if err := d.turn(time.Second); err != nil {
			return err
		}
	}
	return nil
}
