package peers

import (
	"net/netip"
	"runtime"
	"time"

	"github.com/syncward/syncward/bench/internal/poll"
	"golang.org/x/sys/unix"
)

// side is one socket of a relayed pair.
type side struct {
	fd    int
	other *side
	owed  []byte // what the socket did not take yet; meanwhile other is not read
	over  bool
}

// loop is the raw floor: one thread, one buffer, and for each connection two
// sockets. It reads no HTTP, no frame and no token.
type loop struct {
	p        *poll.Poller
	upstream netip.AddrPort
	sides    map[int]*side
	buf      []byte
	ended    []*side
}

// epoll serves on one event loop.
func epoll(cfg Config) error {
	runtime.LockOSThread()
	listener, err := poll.Listen(cfg.Listen)
	if err != nil {
		return err
	}
	p, err := poll.New()
	if err != nil {
		return err
	}
	if err := p.Watch(listener, poll.Readable); err != nil {
		return err
	}
	l := &loop{p: p, upstream: cfg.Upstream, sides: map[int]*side{}, buf: make([]byte, 64<<10)}
	for {
		events := p.WaitRaw(2 * time.Millisecond)
		if len(events) == 0 {
			events = p.Wait(-1) // quiet: let the Go runtime know that this thread sleeps
		}
		for _, ev := range events {
			if int(ev.Fd) == listener {
				l.accept(listener)
			} else if s := l.sides[int(ev.Fd)]; !s.over && !l.move(s, ev.Events) {
				s.over, s.other.over = true, true
				l.ended = append(l.ended, s, s.other)
			}
		}
		// Only now: a later event of the same batch may name a socket that was
		// closed, or a new one with its number.
		for _, s := range l.ended {
			unix.Close(s.fd)
			delete(l.sides, s.fd)
		}
		l.ended = l.ended[:0]
	}
}

func (l *loop) accept(listener int) {
	for range 16 {
		fd, ok := poll.Accept(listener)
		if !ok {
			return
		}
		upstream, err := poll.Dial(l.upstream)
		if err != nil {
			unix.Close(fd)
			continue
		}
		a, b := &side{fd: fd}, &side{fd: upstream}
		a.other, b.other = b, a
		l.sides[a.fd], l.sides[b.fd] = a, b
		if l.p.Watch(a.fd, poll.Readable) != nil || l.p.Watch(b.fd, poll.Readable) != nil {
			a.over, b.over = true, true
			l.ended = append(l.ended, a, b)
		}
	}
}

// move does one read of s and one write to its other side; false: the pair is
// over.
func (l *loop) move(s *side, ready uint32) bool {
	if ready&unix.EPOLLERR != 0 {
		return false
	}
	if ready&poll.Writable != 0 && len(s.owed) > 0 && !l.settle(s) {
		return false
	}
	if ready&(poll.Readable|unix.EPOLLHUP) == 0 || len(s.other.owed) > 0 {
		return true
	}
	n, again, err := poll.Read(s.fd, l.buf)
	if again {
		return true
	}
	if err != nil || n == 0 {
		return false
	}
	wrote, err := poll.Write(s.other.fd, l.buf[:n])
	if err == unix.ENOTCONN { // it is still connecting
		wrote, err = 0, nil
	}
	if err != nil {
		return false
	}
	if wrote == n {
		return true
	}
	s.other.owed = append([]byte(nil), l.buf[wrote:n]...)
	return l.await(s)
}

// await says what both sides wait for: to take what they are owed, and to be
// read where the other side is owed nothing.
func (l *loop) await(s *side) bool {
	for _, s := range []*side{s, s.other} {
		var ready uint32
		if len(s.owed) > 0 {
			ready |= poll.Writable
		}
		if len(s.other.owed) == 0 {
			ready |= poll.Readable
		}
		if l.p.Change(s.fd, ready) != nil {
			return false
		}
	}
	return true
}

// settle writes what s is owed and, when that is done, reads its other side
// again.
func (l *loop) settle(s *side) bool {
	n, err := poll.Write(s.fd, s.owed)
	if err != nil {
		return false
	}
	if s.owed = s.owed[n:]; len(s.owed) > 0 {
		return true
	}
	s.owed = nil
	return l.await(s)
}
