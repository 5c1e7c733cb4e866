package proxy

import (
	"net"
	"net/http"
	"strings"
	"sync"

	"github.com/syncward/syncward/framing/http1"
)

// handover is the net.Listener through which accepted connections reach the
// HTTP server.
type handover struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func newHandover() *handover {
	return &handover{conns: make(chan net.Conn), closed: make(chan struct{})}
}

// give hands c over; false where the server has stopped.
func (h *handover) give(c net.Conn) bool {
	select {
	case h.conns <- c:
		return true
	case <-h.closed:
		return false
	}
}

// Accept waits for the next connection.
func (h *handover) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

// Addr is nobody's: the real listener is the Server's.
func (h *handover) Addr() net.Addr { return &net.TCPAddr{} }

// plainConn is a client connection at the HTTP server: it knows its client,
// gives first what was read of it before, and counts as pending until its first
// admitted request.
type plainConn struct {
	net.Conn
	s      *Server
	mu     sync.Mutex
	client client
}

// Read gives what was read before, then what comes.
func (c *plainConn) Read(p []byte) (int, error) {
	if len(c.client.read) == 0 {
		return c.Conn.Read(p)
	}
	n := copy(p, c.client.read)
	c.client.read = c.client.read[n:]
	return n, nil
}

// settle says that a request of the connection was admitted, or that it is
// gone.
func (c *plainConn) settle() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.settled(&c.client)
}

// Close closes the connection.
func (c *plainConn) Close() error {
	c.settle()
	return c.Conn.Close()
}

// CloseWrite closes the sending half, where the connection can.
func (c *plainConn) CloseWrite() error {
	if h, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return h.CloseWrite()
	}
	return nil
}

// plainConnOf finds the plainConn of a connection that the HTTP server has.
func plainConnOf(c net.Conn) *plainConn {
	if g, ok := c.(*http1.Guard); ok {
		c = g.NetConn()
	}
	own, _ := c.(*plainConn)
	return own
}

// headOf writes the head of a request anew that net/http alone has read, in
// mode off.
func headOf(r *http.Request) *http1.Head {
	h := &http1.Head{Method: r.Method, Target: r.RequestURI, Proto: r.Proto}
	if !strings.HasPrefix(h.Target, "/") { // the absolute form, or "*"
		h.Target = r.URL.RequestURI()
	}
	h.Path, h.RawQuery, _ = strings.Cut(h.Target, "?")
	h.Fields = append(h.Fields, http1.Field{Name: "Host", Value: r.Host})
	for name, values := range r.Header {
		for _, v := range values {
			h.Fields = append(h.Fields, http1.Field{Name: name, Value: v})
		}
	}
	return h
}
