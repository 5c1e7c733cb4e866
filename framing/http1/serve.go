package http1

import (
	"context"
	"errors"
	"net"
	"net/http"
)

type guardKey struct{}

// ConnContext belongs into http.Server.ConnContext: it lets RefusedFrom,
// HeadFrom and Hijack find the Guard of a request. Connections without one are
// left alone.
func ConnContext(ctx context.Context, c net.Conn) context.Context {
	if g, ok := c.(*Guard); ok {
		return context.WithValue(ctx, guardKey{}, g)
	}
	return ctx
}

// currentOf returns the Guard of r and the head that its server works on.
func currentOf(r *http.Request) (*Guard, *Head) {
	g, _ := r.Context().Value(guardKey{}).(*Guard)
	if g == nil {
		return nil, nil
	}
	return g, g.current.Load()
}

// RefusedFrom returns why the Guard refused the request in whose place r
// stands; false for a client's own request. The answer to a refused one closes
// the connection.
func RefusedFrom(r *http.Request) (*Error, bool) {
	_, h := currentOf(r)
	if h == nil || h.refusal == nil {
		return nil, false
	}
	return h.refusal, true
}

// HeadFrom returns the head of r as the client sent it; false where r came
// through no Guard or was refused. Call it before the handler returns. The head
// is the caller's to change.
func HeadFrom(r *http.Request) (*Head, bool) {
	_, h := currentOf(r)
	if h == nil || h.refusal != nil {
		return nil, false
	}
	return h, true
}

// errNoUpgrade: only a request for an upgrade can be hijacked, since only then
// does the Guard know where the bytes behind it are.
var errNoUpgrade = errors.New("http1: hijack of a request that asks for no upgrade")

// errStray cannot happen while the Guard lets nothing through behind the head.
var errStray = errors.New("http1: net/http holds bytes behind an upgrade request")

// Hijack takes the connection of the upgrade request r from its server. It
// returns the connection below the Guard, without deadlines, and the bytes that
// the client sent behind the head and that were read already. From then on both
// are the caller's, and the Guard is out of use. Errors: those of net/http's
// Hijack, and one for a request that asks for no upgrade.
func Hijack(w http.ResponseWriter, r *http.Request) (net.Conn, []byte, error) {
	g, h := currentOf(r)
	if h == nil || !h.held {
		return nil, nil, errNoUpgrade
	}
	// This interrupts the server's own read, and waits for its end.
	_, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	if rw.Reader.Buffered() > 0 {
		_ = g.Conn.Close()
		return nil, nil, errStray
	}
	g.released.Store(true)
	behind := g.stream.in
	g.stream.in, g.buf = nil, nil
	return g.Conn, behind, nil
}
