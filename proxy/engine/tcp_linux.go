package engine

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// deadAfter is how long a peer may be out of reach before its connection is
// given up: without a sign of life while idle, or with data not acknowledged.
const deadAfter = time.Minute

// Tune sets TCP keepalive and the user time-out of c, or of the connection
// under its TLS, to 60 s and switches Nagle's algorithm off. Other kinds of
// connections are left as they are.
func Tune(c net.Conn) error {
	t, ok := beneath(c).(*net.TCPConn)
	if !ok {
		return nil
	}
	if err := keepAlive(t); err != nil {
		return err
	}
	raw, err := t.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadAfter.Milliseconds()))
	})
	if err != nil {
		return err
	}
	return set
}
