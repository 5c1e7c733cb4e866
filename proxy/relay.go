package proxy

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

// reads tells whether the client's messages must be looked at once it is
// admitted.
func (a *admission) reads() bool {
	return a.policy.Mode != authz.Off && (a.s.cfg.Protocol.ReadsAll() || a.attributes() || a.cred.optIn || a.decision.InstancesBound())
}

// relay hands both sockets to the engine. answer is the 101 that the client
// still lacks; prefix goes upstream first, then what was read of the client and
// stands in rest.
func (a *admission) relay(up upstream, answer, prefix, rest []byte) {
	a.s.settled(a.c)
	ses := newSession(a)
	a.s.sessions.add(ses) // with the place that was reserved
	a.relayed = true
	if a.attributes() && len(prefix) > 0 { // its events are found where all are
		ses.admitted = true
		prefix, rest = nil, append(prefix, rest...)
	}
	if r := a.lastLook(up, answer, prefix, ses); r.is() {
		ses.abandon()
		abort(up.conn)
		a.turnAway(r)
		return
	}
	_ = a.c.SetDeadline(time.Time{})
	_ = up.conn.SetDeadline(time.Time{})
	options := framing.Options{RSV: negotiatedRSV(up.fields), MaxMessage: a.s.cfg.MaxMessageBytes}
	fromClient, fromUpstream := options, options
	fromClient.Sender, fromUpstream.Sender = framing.Client, framing.Upstream
	if a.reads() {
		fromClient.Look = ses.look
		if ses.opened != nil {
			fromClient.Look = ses.lookOpening
		}
	}
	if a.journals() {
		fromUpstream.Look = ses.hear
	}
	a.s.state(StateOpen, 1)
	a.s.reconnected(a.decision)
	a.s.cfg.Engine.Start(engine.Pipe{
		Client: a.c.Conn, Upstream: up.conn,
		Up: fromClient, Down: fromUpstream,
		FromClient: rest, FromUpstream: up.rest,
		Started: ses.started,
		Refused: ses.refused,
		Count:   a.s.cfg.Hooks.Relayed,
		Done:    ses.done,
	})
	ses.watch()
	if now := a.s.cfg.Policy(); now != a.policy { // changed while we admitted
		ses.reconsider()
	}
}

// lastLook asks once more about revocations, now that the session is registered:
// one that comes meanwhile either finds it, or is found here. Then the client
// gets its 101, and the prefix, the client's first byte, goes upstream.
func (a *admission) lastLook(up upstream, answer, prefix []byte, ses *session) refusal {
	if code, reason := a.s.revoked(a.decision); code != "" && ses.mayRefuse(authz.Refuse(code, reason)) {
		return refusal{code: code, reason: reason, sent: true}
	}
	if len(answer) > 0 {
		a.answered = true
		_ = a.c.SetWriteDeadline(time.Now().Add(a.s.cfg.HeaderTimeout))
		if _, err := a.c.Write(answer); err != nil {
			return refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream}
		}
	}
	if len(prefix) == 0 {
		return refusal{}
	}
	_ = up.conn.SetWriteDeadline(time.Now().Add(a.s.cfg.DialTimeout))
	if _, err := up.conn.Write(prefix); err != nil {
		return refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream}
	}
	a.s.relayed(engine.ToUpstream, int64(len(prefix)), 1)
	return refusal{}
}

// turnAway refuses at the last moment, in the way that the client can still
// hear.
func (a *admission) turnAway(r refusal) {
	if a.answered {
		a.close(r)
		return
	}
	a.refuseRequest(r)
}

// reserve takes one of MaxConnections places, until release or the end of the
// relay.
func (a *admission) reserve() refusal {
	if !a.s.sessions.reserve() {
		return refusal{code: authz.RateLimited, reason: authz.ReasonLimit, status: http.StatusServiceUnavailable}
	}
	return refusal{}
}

// release gives the place back that no relay took.
func (a *admission) release() {
	if !a.relayed {
		a.s.sessions.release()
	}
}

// enter takes one of the places of the connection's user, until vacate or the
// end of the relay; the refusal where none is left. Anonymous connections are
// not one user's, and take none.
func (a *admission) enter(d authz.Decision) (full authz.Decision) {
	if a.plain || !d.Allow || d.Status == authz.Anonymous {
		return authz.Decision{}
	}
	if !a.s.sessions.enter(d.UserID) {
		return refused(d, authz.Refuse(authz.RateLimited, authz.ReasonLimit))
	}
	a.place = d.UserID
	return authz.Decision{}
}

// vacate gives the user's place back that no relay took.
func (a *admission) vacate() {
	if a.place != "" && !a.relayed {
		a.s.sessions.leave(a.place)
	}
}

// negotiatedRSV returns the reserved bits that the upstream's answer allows
// (RFC 7692 §6 gives permessage-deflate RSV1). Of an extension that we do not
// know any bit may be its own.
func negotiatedRSV(h http.Header) byte {
	var bits byte
	for _, v := range h.Values("Sec-WebSocket-Extensions") {
		for ext := range strings.SplitSeq(v, ",") {
			name, _, _ := strings.Cut(ext, ";")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "":
			case "permessage-deflate":
				bits |= 4
			default:
				bits |= 7
			}
		}
	}
	return bits
}

// passAnswer gives the client an upstream's answer that is no 101, as the HTTP
// response that it is. No tunnel comes of it, and both connections end.
func (a *admission) passAnswer(up upstream) {
	defer up.conn.Close()
	deadline := time.Now().Add(30 * time.Second)
	_ = up.conn.SetDeadline(deadline)
	_ = a.c.SetDeadline(deadline)
	whole := io.MultiReader(bytes.NewReader(up.head), bytes.NewReader(up.rest), up.conn)
	res, err := http.ReadResponse(bufio.NewReader(whole), &http.Request{Method: http.MethodGet})
	if err != nil {
		a.s.answer(a.c.Conn, refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream})
		return
	}
	defer res.Body.Close()
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Trailer"} {
		res.Header.Del(name)
	}
	if res.StatusCode != http.StatusUpgradeRequired { // which has to name what it wants
		res.Header.Del("Upgrade")
	}
	res.Close = true
	err = res.Write(a.c.Conn)
	_ = up.conn.Close()
	if err != nil {
		abort(a.c.Conn)
		return
	}
	linger(a.c.Conn)
}
