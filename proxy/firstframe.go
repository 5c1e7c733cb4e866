package proxy

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// first is what was read before admission: the first sync message, or what
// came instead of it.
type first struct {
	op    framing.Opcode
	msg   []byte
	whole bool   // msg is there
	raw   []byte // the frames as they came
	ahead []byte // the frames of what the protocol allows in front of it
	rest  []byte // what stands behind them
	// What the protocol found in msg.
	found payload.Found
	err   error
	// fault is set where there is no whole message.
	fault authz.Decision
	// gone: the client is, or broke the protocol and was told so.
	gone bool
}

// fromFrame answers the handshake itself, reads the first sync frame, decides,
// and only then dials.
func (a *admission) fromFrame() {
	var d authz.Decision
	if a.cred.has() {
		d = a.judgeRequest()
		a.request, a.requestFrom = d, a.cred.source
		a.reread()
		if applied, _ := a.policy.Apply(d, a.c.peer.key()); !applied.Allow {
			a.refuseRequest(a.settle(d, true))
			return
		}
	}
	if a.answer101() != nil {
		abort(a.c.Conn)
		return
	}
	f := a.collect()
	if f.gone {
		return
	}
	found, verdict := a.judgeFrame(f, d)
	a.reread()
	if r := a.settle(verdict, a.cred.has()); r.is() {
		a.close(r)
		return
	}
	if r := a.reserve(); r.is() {
		a.close(r)
		return
	}
	defer a.release()
	up, r := a.dialAnswered()
	if r.is() {
		a.close(r)
		return
	}
	a.forward(up, f, found)
}

// judgeFrame is the decision on the first sync frame, together with the one on
// the request's credential where there was one.
func (a *admission) judgeFrame(f first, request authz.Decision) (payload.Found, authz.Decision) {
	if f.fault.Code != "" {
		return payload.Found{}, refused(request, f.fault)
	}
	found := f.found
	if f.err != nil {
		return found, refused(request, unreadable(f.err))
	}
	if max(len(found.Instance), len(found.Address)) > maxInstance {
		return found, refused(request, authz.Refuse(authz.BadFrame, authz.ReasonSize))
	}
	a.instance, a.first = found.Instance, found
	dropEchoes(a.head, found.Token)
	a.cred.optIn = a.cred.optIn || found.OptIn
	switch {
	case a.cred.has() && !request.Allow: // observe: the request decides, as enforce would have
		return found, request
	case found.Kind == payload.Within && a.cred.has():
		return found, refused(request, authz.Refuse(authz.Forbidden, authz.ReasonOtherInstance))
	case !found.HasToken && a.cred.has():
		return found, inInstance(request, found.Instance)
	case !found.HasToken:
		return found, authz.Refuse(authz.AuthRequired, authz.ReasonNoToken)
	}
	d := a.decide(context.Background(), found.Token)
	if a.cred.has() && d.Allow && d.UserID != request.UserID {
		d = refused(request, authz.Refuse(authz.Forbidden, authz.ReasonOtherUser))
	}
	a.cred.token, a.cred.source = found.Token, SourceFrame
	return found, inInstance(d, found.Instance)
}

// maxInstance bounds an instanceId, in bytes, and the name under which it is
// opened: the one goes into the assertion, the other stays in memory.
const maxInstance = 1024

// unreadable is the decision on a message that a reader refused.
func unreadable(err error) authz.Decision {
	if errors.Is(err, payload.ErrForbidden) {
		return authz.Refuse(authz.Forbidden, authz.ReasonOtherInstance)
	}
	return authz.Refuse(authz.BadFrame, authz.ReasonFrame)
}

// collect reads the first sync message, and what the protocol allows in front
// of it, within the limits of time and size for all of that.
func (a *admission) collect() first {
	start := a.s.cfg.Now()
	_ = a.c.SetDeadline(time.Now().Add(a.s.cfg.FirstFrameTimeout))
	a.s.pending.mayInterrupt(a.c.waiting)
	var ahead []byte
	for in := a.c.read; ; {
		left := a.s.cfg.FirstFrameMaxBytes - len(ahead)
		if left <= 0 { // to a Collector 0 is no limit
			return first{ahead: ahead, rest: in, fault: authz.Refuse(authz.MessageTooBig, authz.ReasonSize)}
		}
		f := a.message(in, left)
		f.ahead = ahead
		if !f.whole {
			return f
		}
		f.found, f.err = a.s.cfg.Protocol.First(f.op, f.msg)
		if f.err != nil || f.found.Kind != payload.Ahead {
			a.s.stage(StageFirstFrame, a.s.cfg.Now().Sub(start))
			return f
		}
		ahead, in = append(ahead, f.raw...), f.rest
	}
}

// message reads one message of at most limit bytes. Pings are answered, since
// there is no upstream yet to do it.
func (a *admission) message(in []byte, limit int) first {
	col := framing.NewCollector(int64(limit))
	buf := make([]byte, 4096)
	for {
		for {
			got := col.Feed(in)
			in = in[got.N:]
			if got.Event == framing.CollectMore {
				break
			}
			if f, over := a.collected(col, got, in); over {
				return f
			}
		}
		n, err := a.c.Read(buf)
		in = append(in[:len(in):len(in)], buf[:n]...)
		if n == 0 && err != nil {
			return a.cutShort(col, in, err)
		}
	}
}

// collected handles one event of the collector; over says that it was the last.
func (a *admission) collected(col *framing.Collector, got framing.Collected, rest []byte) (f first, over bool) {
	switch got.Event {
	case framing.CollectMessage:
		return first{op: got.Opcode, msg: got.Payload, whole: true, raw: col.Raw(), rest: rest}, true
	case framing.CollectPing:
		if _, err := a.c.Write(framing.AppendFrame(nil, true, framing.Pong, got.Payload, nil)); err != nil {
			abort(a.c.Conn)
			return first{gone: true}, true
		}
		return first{}, false
	case framing.CollectPong:
		return first{}, false
	case framing.CollectClose:
		a.leave(got.Close, engine.ByClient)
		return first{gone: true}, true
	}
	if errors.Is(got.Err, framing.ErrTooBig) {
		return first{raw: col.Raw(), rest: rest, fault: authz.Refuse(authz.MessageTooBig, authz.ReasonSize)}, true
	}
	a.leave(got.Close, engine.BySyncward) // the protocol of RFC 6455 is broken: no policy can help
	return first{gone: true}, true
}

// leave answers a client that closes, or breaks the protocol, before it was
// admitted.
func (a *admission) leave(content framing.Close, by engine.By) {
	_ = a.c.SetDeadline(time.Now().Add(lingerTime))
	_, _ = a.c.Write(content.Frame(nil))
	linger(a.c.Conn)
	a.s.ended(by, content.Code, 0)
}

// cutShort is what is left when no whole message came: too late, or the client
// is gone.
func (a *admission) cutShort(col *framing.Collector, in []byte, err error) first {
	var timeout interface{ Timeout() bool }
	late := errors.As(err, &timeout) && timeout.Timeout()
	if late && a.s.stopped.Load() {
		a.close(refusal{code: authz.Draining})
		return first{gone: true}
	}
	if late {
		return first{raw: col.Raw(), rest: in, fault: authz.Refuse(authz.AuthRequired, authz.ReasonLate)}
	}
	_ = a.c.Close()
	a.s.ended(engine.ByClient, 0, 0)
	return first{gone: true}
}

// dialAnswered dials for a client that has its 101 already: every failure is
// a close with a code.
func (a *admission) dialAnswered() (upstream, refusal) {
	up, r := a.dial(newKey())
	if r.is() {
		return up, r
	}
	if up.status == http.StatusSwitchingProtocols {
		if p := up.fields.Get("Sec-WebSocket-Protocol"); p == "" || p == a.protocol {
			return up, refusal{}
		}
	}
	abort(up.conn)
	if up.status == http.StatusUnauthorized || up.status == http.StatusForbidden {
		return up, refusal{code: authz.Forbidden, reason: authz.ReasonUpstream}
	}
	return up, refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream}
}

// forward sends the first message on with its token gone, and starts the
// relay. What could not be read, which only a mode that does not enforce lets
// through, goes on as it came.
func (a *admission) forward(up upstream, f first, found payload.Found) {
	if f.fault.Code != "" {
		a.relay(up, nil, nil, slices.Concat(f.ahead, f.raw, f.rest))
		return
	}
	frame := f.raw
	if found.Out != nil {
		key := newMaskKey()
		frame = framing.AppendFrame(nil, true, f.op, found.Out, &key)
	}
	a.relay(up, nil, slices.Concat(f.ahead, frame), f.rest)
}
