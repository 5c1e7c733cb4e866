// Package echo is the upstream of the benchmark: a WebSocket server on one
// epoll loop, which sends each frame back as it came (path /echo) or answers
// each whole message with one byte (path /sink).
//
//	err := echo.Serve(listener) // a non-blocking socket of package poll
//
// It checks no origin, no token and no identity, as the legacy servers do that
// Syncward stands before.
package echo

import (
	"bytes"
	"errors"
	"runtime"
	"strings"

	"github.com/syncward/syncward/bench/internal/poll"
	"github.com/syncward/syncward/bench/internal/wire"
	"golang.org/x/sys/unix"
)

const maxHead = 16 << 10

var errEnd = errors.New("echo: the connection is over")

// conn is one accepted connection.
type conn struct {
	fd      int
	head    []byte // of the request, until it is whole
	open    bool   // the 101 was written
	sink    bool
	ending  bool // a close frame was answered: end when it is written
	scan    wire.Scanner
	control []byte // payload of the control frame that is being read
	out     []byte // what the socket did not take yet
}

// server is the loop's state; the two buffers serve every connection.
type server struct {
	p     *poll.Poller
	conns map[int]*conn
	in    []byte
	out   []byte
}

// Serve accepts and answers until accepting fails, on one locked thread.
func Serve(listener int) error {
	runtime.LockOSThread()
	p, err := poll.New()
	if err != nil {
		return err
	}
	if err := p.Watch(listener, poll.Readable); err != nil {
		return err
	}
	s := &server{p: p, conns: map[int]*conn{}, in: make([]byte, 256<<10)}
	for {
		for _, ev := range p.Wait(-1) {
			if int(ev.Fd) == listener {
				if err := s.accept(listener); err != nil {
					return err
				}
				continue
			}
			if c := s.conns[int(ev.Fd)]; c != nil && s.serve(c) != nil {
				delete(s.conns, c.fd)
				unix.Close(c.fd)
			}
		}
	}
}

func (s *server) accept(listener int) error {
	for {
		fd, ok := poll.Accept(listener)
		if !ok {
			return nil
		}
		if err := s.p.Watch(fd, poll.Readable); err != nil {
			return err
		}
		s.conns[fd] = &conn{fd: fd}
	}
}

// serve does one read of c and writes what follows from it. While c owes
// bytes it is not read.
func (s *server) serve(c *conn) error {
	s.out = s.out[:0]
	if len(c.out) > 0 {
		s.out, c.out = append(s.out, c.out...), nil
		return s.flush(c, true)
	}
	n, again, err := poll.Read(c.fd, s.in)
	switch {
	case again:
		return nil
	case err != nil || n == 0:
		return errEnd
	}
	b := s.in[:n]
	if !c.open {
		if b, err = s.greet(c, b); err != nil {
			return err
		}
	}
	if len(b) > 0 {
		if err := c.scan.Feed(b, func(h wire.Header, at int64, run []byte, end bool) error {
			return s.piece(c, h, at, run, end)
		}); err != nil && !c.ending {
			return err
		}
	}
	return s.flush(c, false)
}

// flush writes s.out; owed says that c was waiting for that.
func (s *server) flush(c *conn, owed bool) error {
	n, err := poll.Write(c.fd, s.out)
	if err != nil {
		return err
	}
	if n < len(s.out) {
		c.out = append([]byte(nil), s.out[n:]...)
		return s.p.Change(c.fd, poll.Writable)
	}
	if c.ending {
		return errEnd
	}
	if owed {
		return s.p.Change(c.fd, poll.Readable)
	}
	return nil
}

// greet collects the request head, answers it and returns what came behind it.
func (s *server) greet(c *conn, b []byte) (rest []byte, err error) {
	c.head = append(c.head, b...)
	end := bytes.Index(c.head, []byte("\r\n\r\n"))
	switch {
	case end < 0 && len(c.head) > maxHead:
		return nil, errEnd
	case end < 0:
		return nil, nil
	}
	head := string(c.head[:end+2])
	rest, c.head = c.head[end+4:], nil
	key := wire.Field(head, "Sec-WebSocket-Key")
	if key == "" {
		return nil, errEnd
	}
	c.open, c.sink = true, sinks(wire.Field(head, ":path"))
	s.out = append(s.out, wire.Response(key)...)
	return rest, nil
}

// piece answers a run of a frame's payload.
func (s *server) piece(c *conn, h wire.Header, at int64, run []byte, end bool) error {
	switch {
	case h.Control():
		return s.answerControl(c, h, at, run, end)
	case c.sink:
		if end && h.Fin {
			s.out = wire.AppendFrame(s.out, wire.Header{Fin: true, Opcode: wire.Text}, []byte{'k'})
		}
		return nil
	}
	if at == 0 {
		s.out = wire.AppendHeader(s.out, wire.Header{Fin: h.Fin, Opcode: h.Opcode, Length: h.Length})
	}
	start := len(s.out)
	s.out = append(s.out, run...)
	if h.Masked {
		wire.Mask(s.out[start:], h.Mask, at)
	}
	return nil
}

// answerControl answers a ping with a pong and a close with the same close.
func (s *server) answerControl(c *conn, h wire.Header, at int64, run []byte, end bool) error {
	start := len(c.control)
	c.control = append(c.control, run...)
	if h.Masked {
		wire.Mask(c.control[start:], h.Mask, at)
	}
	if !end {
		return nil
	}
	switch h.Opcode {
	case wire.Ping:
		s.out = wire.AppendFrame(s.out, wire.Header{Fin: true, Opcode: wire.Pong}, c.control)
	case wire.Close:
		s.out = wire.AppendFrame(s.out, wire.Header{Fin: true, Opcode: wire.Close}, c.control)
		c.ending = true
		return errEnd // nothing behind a close counts
	}
	c.control = c.control[:0]
	return nil
}

// sinks tells whether a request's target is /sink, whatever its query.
func sinks(target string) bool {
	path, _, _ := strings.Cut(target, "?")
	return path == "/sink"
}
