package proxy

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/proxy/engine"
)

// client is one accepted client connection until it is handed to the relay or
// to the plain HTTP server.
type client struct {
	net.Conn
	peer    peer
	waiting *waiting
	read    []byte // read from the connection and not yet used
}

// accept takes one connection from TCP accept to its first whole request head.
func (s *Server) accept(raw net.Conn) {
	defer s.conns.Done()
	engine.Tune(raw)
	p := newPeer(raw, s.cfg.TrustedProxies, s.cfg.TLS != nil)
	c := &client{Conn: raw, peer: p}
	if !s.await(c) {
		abort(raw)
		return
	}
	defer s.settled(c)
	defer s.contain(c)

	start := s.cfg.Now()
	_ = raw.SetDeadline(time.Now().Add(s.cfg.HeaderTimeout))
	if s.cfg.TLS != nil {
		t := tls.Server(raw, s.cfg.TLS)
		if t.Handshake() != nil {
			abort(raw)
			return
		}
		c.Conn = t
	}
	head, err := s.readHead(c)
	policy := s.cfg.Policy()
	off := policy.Mode == authz.Off
	var bad *http1.Error
	switch {
	case err == nil && (isWebSocket(head) || !off && head.WantsUpgrade()):
		s.stage(StageHead, s.cfg.Now().Sub(start))
		c.read = c.read[headSize(c.read):]
		s.upgrade(c, head, policy)
	case err == nil:
		s.plain.serve(c, !off)
	case !errors.As(err, &bad):
		abort(c.Conn) // nobody asked anything whole: silence is the answer
	case off && !bytes.HasPrefix(c.read, http2Preface):
		// What a strict reading refuses is net/http's to judge, which writes it
		// anew for the upstream.
		s.plain.serve(c, false)
	default:
		s.answer(c.Conn, headRefusal(bad))
	}
}

// http2Preface begins an HTTP/2 connection (RFC 9113 §3.4). net/http would
// hand it on as a request of HTTP/1.1.
var http2Preface = []byte("PRI * HTTP/2")

// readHead reads until c.read begins with a whole request head.
func (s *Server) readHead(c *client) (*http1.Head, error) {
	buf := make([]byte, 0, 2048)
	for {
		n, err := http1.End(buf, s.cfg.MaxHeaderBytes)
		c.read = buf
		if err != nil {
			return nil, err
		}
		if n > 0 {
			return http1.Parse(buf[:n])
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		m, err := c.Conn.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if m == 0 && err != nil {
			return nil, err
		}
	}
}

// headSize is the length of the head at the start of b, which holds a whole one.
func headSize(b []byte) int {
	n, _ := http1.End(b, len(b))
	return n
}

// isWebSocket tells whether a head asks for a WebSocket, however badly.
func isWebSocket(h *http1.Head) bool {
	return h.WantsUpgrade() && h.ListHas("Upgrade", "websocket")
}

// headRefusal is the refusal of a request head that breaks the rules of HTTP.
func headRefusal(bad *http1.Error) refusal {
	r := refusal{code: authz.BadFrame, reason: authz.ReasonFrame, status: bad.Status}
	if bad.Status == http.StatusRequestHeaderFieldsTooLarge {
		r.code, r.reason = authz.MessageTooBig, authz.ReasonSize
	}
	return r
}

// answer writes a refusal as the last HTTP answer of a connection.
func (s *Server) answer(c net.Conn, r refusal) {
	_ = c.SetDeadline(time.Now().Add(lingerTime))
	if _, err := c.Write(r.response()); err != nil {
		abort(c)
		return
	}
	linger(c)
}

// The bounds of a lingering close.
const (
	lingerTime  = 2 * time.Second
	lingerBytes = 256 << 10
)

// linger ends our side of c and reads for a moment what is still coming before
// it closes: closing on unread data would reset the connection, and the reset
// would overtake our last words.
func linger(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(lingerTime))
	if h, ok := c.(interface{ CloseWrite() error }); ok && h.CloseWrite() == nil {
		_, _ = io.CopyN(io.Discard, c, lingerBytes)
	}
	_ = c.Close()
}

// await counts a connection as pending; false where nobody is admitted any
// more.
func (s *Server) await(c *client) bool {
	s.state(StatePending, 1)
	c.waiting = s.pending.add(c.Conn, c.peer.key(), func() { s.state(StatePending, -1) })
	return c.waiting != nil
}

// settled says that a connection is admitted or gone.
func (s *Server) settled(c *client) {
	if c.waiting != nil {
		s.pending.done(c.waiting)
		c.waiting = nil
	}
}

// contain keeps a crash of one connection from the others.
func (s *Server) contain(c *client) {
	if v := recover(); v != nil {
		s.fault("", "panic", errPanic)
		abort(c.Conn)
	}
}

var errPanic = errors.New("proxy: a connection crashed")

// pauseAccept waits a little when the process is out of descriptors: spinning
// would not free any.
func pauseAccept() { time.Sleep(10 * time.Millisecond) }
