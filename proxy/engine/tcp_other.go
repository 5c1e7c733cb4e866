//go:build !linux

package engine

import (
	"net"
	"time"
)

const deadAfter = time.Minute

// Tune sets TCP keepalive of c, or of the connection under its TLS, to 60 s and
// switches Nagle's algorithm off; the user time-out is Linux's. Other kinds of
// connections are left as they are.
func Tune(c net.Conn) error {
	t, ok := beneath(c).(*net.TCPConn)
	if !ok {
		return nil
	}
	return keepAlive(t)
}
