package engine

import (
	"net"
	"sync"
	"syscall"
)

// bufferSize is what one read takes at most: two full TLS records, and large
// enough that bigger ones no longer show in a loopback benchmark.
const bufferSize = 32 << 10

// smallSize is what a connection holds while it is idle if it cannot be waited
// for without a buffer (TLS).
const smallSize = 1 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

// source reads one side of a connection.
type source struct {
	conn net.Conn
	buf  *[bufferSize]byte // held while data is in flight

	// Where the system tells when there is something to read (source_unix.go).
	raw   syscall.RawConn
	ready func(fd uintptr) bool
	rest  []byte
	n     int
	err   error

	// Elsewhere: a small buffer to wait with, or buf while data comes in bulk.
	small []byte
	bulk  bool
}

func (s *source) init(c net.Conn) {
	s.conn = c
	s.initRaw()
}

// read waits for data and returns it behind rest, in memory that is valid until
// release. An error may come with data, and rest comes with it always.
func (s *source) read(rest []byte) ([]byte, error) {
	if s.raw != nil {
		return s.readRaw(rest)
	}
	if s.bulk {
		s.hold()
		k := copy(s.buf[:], rest)
		n, err := s.conn.Read(s.buf[k:])
		s.bulk = n >= smallSize
		return s.buf[:k+n], err
	}
	if s.small == nil {
		s.small = make([]byte, smallSize+maxRest)
	}
	k := copy(s.small, rest)
	n, err := s.conn.Read(s.small[k : k+smallSize])
	s.bulk = n == smallSize
	return s.small[:k+n], err
}

// maxRest is the most that framing.Machine leaves unused: a control frame less
// its last byte.
const maxRest = 131

func (s *source) hold() {
	if s.buf == nil {
		s.buf = buffers.Get().(*[bufferSize]byte)
	}
}

// release gives the buffer back.
func (s *source) release() {
	if s.buf != nil {
		buffers.Put(s.buf)
		s.buf = nil
	}
}
