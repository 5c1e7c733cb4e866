package proxy

import (
	"net/http"
	"strings"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
)

// upgrade takes a WebSocket connection from its request head to the relay. It
// returns when the connection is relayed, refused or lost. policy is the one
// that the head was read under.
func (s *Server) upgrade(c *client, h *http1.Head, policy authz.Policy) {
	c.peer = c.peer.forwardedBy(h.Values("X-Forwarded-For"), s.cfg.TrustedProxies)
	s.pending.move(c.waiting, c.peer.key())
	if r := s.checkUpgrade(h, policy.Mode); r.is() {
		s.answer(c.Conn, r)
		return
	}
	a := &admission{s: s, c: c, head: h, policy: policy, id: newConnectionID()}
	defer a.vacate()
	if policy.Mode == authz.Off {
		a.passUnread()
		return
	}
	cred, ok := s.take(h, asked{upgrade: true, cookies: originNamed(h)})
	a.cred, a.instance = cred, cred.instance
	if !ok {
		s.answer(c.Conn, a.refuseAmbiguous())
		return
	}
	if s.readsFirstFrame() {
		a.fromFrame()
		return
	}
	a.fromRequest()
}

// refuseAmbiguous refuses, in every mode, a request whose credential two readers
// could read differently.
func (a *admission) refuseAmbiguous() refusal {
	d := authz.Refuse(authz.BadFrame, authz.ReasonFrame)
	applied, quiet := d, false
	if !policyAllows(a.policy, d, a.c.peer.key()) {
		applied, quiet = a.s.throttle(d, a.c.peer.key())
	}
	at := a.report(d, applied, "")
	at.Quiet = quiet
	a.s.attempt(at)
	return refuse(applied, false)
}

// checkUpgrade holds a request to RFC 6455 §4.2.1, the allowed origins and the
// limits; its refusals are plain HTTP in every mode of rejection.
func (s *Server) checkUpgrade(h *http1.Head, mode authz.Mode) refusal {
	if bad := http1.CheckUpgrade(h); bad != nil {
		return headRefusal(bad)
	}
	if mode != authz.Off && !originAllowed(h.Values("Origin"), s.cfg.AllowedOrigins) {
		return refusal{code: authz.Forbidden, reason: authz.ReasonOrigin}
	}
	if s.draining.Load() {
		return refusal{code: authz.Draining}
	}
	if limit := s.cfg.MaxConnections; limit > 0 && s.sessions.len() >= limit {
		return refusal{code: authz.RateLimited, reason: authz.ReasonLimit, status: http.StatusServiceUnavailable}
	}
	return refusal{}
}

// originNamed tells whether a browser said where the request comes from. The
// origin was checked before; without one a cookie is no credential, since any
// page can make a browser send it.
func originNamed(h *http1.Head) bool { return h.Count("Origin") == 1 }

// offers returns the subprotocols that may be selected and sent upstream: what
// the client offered, without credentials.
func offers(h *http1.Head) []string {
	var all []string
	for _, v := range h.Values("Sec-WebSocket-Protocol") {
		for e := range strings.SplitSeq(v, ",") {
			e = strings.TrimSpace(e)
			if _, is := subprotocolToken(e); e != "" && !is && e != optInProtocol {
				all = append(all, e)
			}
		}
	}
	return all
}

// readsFirstFrame tells whether the credential may ride in the first frame.
func (s *Server) readsFirstFrame() bool {
	for _, src := range s.cfg.Sources {
		if src == SourceFrame {
			return true
		}
	}
	return false
}
