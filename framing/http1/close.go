package http1

import (
	"io"
	"net"
	"time"
)

// Bounds of a lingering close: how long, and how many bytes.
const (
	lingerTime  = 500 * time.Millisecond
	lingerBytes = 256 << 10
)

type closeWriter interface{ CloseWrite() error }

// CloseWrite closes the sending half, where the connection can.
func (g *Guard) CloseWrite() error {
	if c, ok := g.Conn.(closeWriter); ok {
		return c.CloseWrite()
	}
	return nil
}

// NetConn returns the connection below the Guard, to ask about its kind.
func (g *Guard) NetConn() net.Conn { return g.Conn }

// Close closes the connection. After a refusal it returns at once and lets the
// client read the answer first: closing a socket with unread bytes in it resets
// it, and the reset would overtake this answer and those before it. A second
// call closes now.
func (g *Guard) Close() error {
	if !g.linger.Load() || g.closed.Swap(true) {
		return g.Conn.Close()
	}
	if c, ok := g.Conn.(closeWriter); !ok || c.CloseWrite() != nil {
		return g.Conn.Close()
	}
	go g.drain()
	return nil
}

// drain reads what the client still sends, until it closes, the time or the
// bytes are used up, or Close is called again; then it closes the connection.
func (g *Guard) drain() {
	_ = g.Conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.CopyN(io.Discard, g.Conn, lingerBytes)
	_ = g.Conn.Close()
}
