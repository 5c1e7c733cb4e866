package proxy

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/identity"
)

// upstreamRequest writes the handshake for the upstream: the client's request
// without its credentials, identity headers and hop-by-hop fields, and with
// our own.
func (a *admission) upstreamRequest(key string) ([]byte, error) {
	h := a.head
	target := a.s.cfg.Upstream.BasePath + h.Target
	host := a.s.cfg.Upstream.hostFor(h.Get("Host"))
	b := fmt.Appendf(make([]byte, 0, 2048), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n", target, host, key)
	if a.answered && a.protocol != "" {
		b = fmt.Appendf(b, "Sec-WebSocket-Protocol: %s\r\n", a.protocol)
	}
	for _, f := range h.Fields {
		if a.passes(f.Name) {
			b = fmt.Appendf(b, "%s: %s\r\n", f.Name, f.Value)
		}
	}
	for _, f := range a.c.peer.forwarding(h.Get("Host"), h.Values) {
		b = fmt.Appendf(b, "%s: %s\r\n", f[0], f[1])
	}
	if a.decision.Allow {
		fields, err := a.s.identify(a.decision, a.id, a.instance, identity.Request{Method: http.MethodGet, Target: target, WebSocketKey: key})
		if err != nil {
			return nil, err
		}
		for _, f := range fields {
			b = fmt.Appendf(b, "%s: %s\r\n", f.Name, f.Value)
		}
	}
	return append(b, "\r\n"...), nil
}

// passes tells whether a field of the client's handshake goes upstream.
func (a *admission) passes(name string) bool {
	switch strings.ToLower(name) {
	case "host", "connection", "upgrade", "sec-websocket-key", "sec-websocket-version":
		return false // written anew
	case "sec-websocket-protocol":
		return !a.answered // else the one that we selected
	case "sec-websocket-extensions":
		return a.mayExtend()
	}
	return a.s.forwardable(a.head, name, a.c.peer)
}

// mayExtend tells whether the client's extensions are offered upstream: not
// where we answered the handshake without any, nor where messages must be read.
func (a *admission) mayExtend() bool {
	return !a.answered && !a.reads() && !a.cred.optIn
}

// offersExtensions tells whether the upstream was offered any.
func (a *admission) offersExtensions() bool {
	return a.mayExtend() && a.head.Count("Sec-WebSocket-Extensions") > 0
}

// forwardable tells whether a client's field may reach the upstream at all: no
// identity header, however it is spelled; nothing hop-by-hop (RFC 9110 §7.6.1);
// nothing about hops before us that an untrusted peer made up.
func (s *Server) forwardable(h *http1.Head, name string, p peer) bool {
	switch strings.ReplaceAll(strings.ToLower(name), "_", "-") {
	case "keep-alive", "proxy-connection", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "content-length", "expect", "http2-settings":
		return false
	case "x-forwarded-for":
		return false // written anew, with the peer's address behind it
	}
	if s.cfg.Names.Reserved(name) || h.ListHas("Connection", name) {
		return false
	}
	return p.trusted || !isForwarding(name)
}

// identify returns the signed name tag of one upstream request.
func (s *Server) identify(d authz.Decision, id, instance string, req identity.Request) ([]identity.Header, error) {
	return s.cfg.Signer.Headers(identity.Identity{
		UserID: d.UserID, ConnectionID: id, InstanceID: instance, Status: string(d.Status), TokenExpires: d.ExpiresAt,
	}, req, s.cfg.Now())
}
