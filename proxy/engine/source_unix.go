//go:build unix

package engine

import (
	"io"
	"net"
	"os"
	"syscall"
)

// initRaw finds out whether the socket can be waited for without a buffer. Only
// these two types: any other may do more in its Read than read.
func (s *source) initRaw() {
	var err error
	switch c := s.conn.(type) {
	case *net.TCPConn:
		s.raw, err = c.SyscallConn()
	case *net.UnixConn:
		s.raw, err = c.SyscallConn()
	}
	if err != nil {
		s.raw = nil // a closed socket: Read will say so
	}
	s.ready = s.readReady
}

// readRaw lets the runtime's poller wait and takes a buffer only when there is
// something to put in it.
func (s *source) readRaw(rest []byte) ([]byte, error) {
	s.rest, s.n, s.err = rest, 0, nil
	err := s.raw.Read(s.ready)
	switch {
	case err != nil:
		return rest, err
	case s.err != nil:
		return rest, os.NewSyscallError("read", s.err)
	case s.n == 0:
		return rest, io.EOF
	}
	return s.buf[:len(rest)+s.n], nil
}

// readReady tries once; false makes the poller wait.
func (s *source) readReady(fd uintptr) bool {
	s.hold()
	k := copy(s.buf[:], s.rest)
	for {
		n, err := syscall.Read(int(fd), s.buf[k:])
		switch {
		case err == syscall.EINTR:
			continue
		case err == syscall.EAGAIN:
			s.release()
			return false
		case err != nil:
			s.release()
			s.err = err
		default:
			s.n = n
		}
		return true
	}
}
