package proxy

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// admission is one WebSocket connection between its request head and the
// relay.
type admission struct {
	s      *Server
	c      *client
	head   *http1.Head // without credentials, once they were taken
	policy authz.Policy
	id     string

	cred        credential
	instance    string
	first       payload.Found  // the first sync message, where one was read
	request     authz.Decision // on the request's own credential
	requestFrom Source         // where that was found
	decision    authz.Decision // as the policy applied it
	signed      string         // the user of a correctly signed token
	place       string         // the user one of whose places it holds; "" = none
	plain       bool           // a request of plain HTTP, and no connection
	answered    bool           // the client has its 101 from us
	relayed     bool           // the relay has both sockets, and its place
	protocol    string         // the subprotocol that we selected, "" = none
}

// fromRequest decides on what the upgrade request carries. The upstream's 101
// then goes to the client whole.
func (a *admission) fromRequest() {
	d := a.judgeRequest()
	a.request, a.requestFrom = d, a.cred.source
	if a.s.cfg.Protocol.InstanceInURL() { // else its first message names it
		d = inInstance(d, a.instance)
	}
	a.reread()
	if r := a.settle(d, a.cred.has()); r.is() {
		a.refuseRequest(r)
		return
	}
	a.passThrough()
}

// judgeRequest is the decision on the request's own credential.
func (a *admission) judgeRequest() authz.Decision {
	switch {
	case a.cred.unreadable:
		return authz.Refuse(authz.BadFrame, authz.ReasonFrame)
	case !a.cred.has():
		return authz.Refuse(authz.AuthRequired, authz.ReasonNoToken)
	}
	return a.decide(context.Background(), a.cred.token)
}

// inInstance is the decision on a user who comes for that instance.
func inInstance(d authz.Decision, instance string) authz.Decision {
	if d.Allow && !d.MayOpen(instance) {
		return refused(d, authz.Refuse(authz.Forbidden, authz.ReasonOtherInstance))
	}
	return d
}

// reread reads the policy again behind what may take its time: a decision, a
// client. A flip to off is left for the relay, which asks once more.
func (a *admission) reread() {
	if p := a.s.cfg.Policy(); p.Mode != authz.Off {
		a.policy = p
	}
}

// settle applies the policy to a decision, reports the attempt, and returns
// the refusal that is left, if any.
func (a *admission) settle(d authz.Decision, sent bool) refusal {
	applied, observed := a.policy.Apply(d, a.c.peer.key())
	applied, quiet := a.s.throttle(applied, a.c.peer.key())
	if full := a.enter(applied); full.Code != "" {
		applied, observed = a.policy.Apply(full, a.c.peer.key())
	}
	a.decision, a.signed = applied, d.UserID
	at := a.report(d, applied, observed)
	at.Quiet = quiet
	a.s.attempt(at)
	if applied.Allow {
		return refusal{}
	}
	return refuse(applied, sent)
}

// report is the account of one authentication attempt: d is what was found
// out, applied what the policy made of it.
func (a *admission) report(d, applied authz.Decision, observed authz.Code) Attempt {
	at := a.s.account(d, applied, observed)
	at.ConnectionID, at.RemoteIP = a.id, a.c.peer.client.String()
	at.Source, at.Mode, at.InstanceID = a.cred.source, a.policy.Mode, a.instance
	return at
}

// account is what an attempt came to, whoever made it.
func (s *Server) account(d, applied authz.Decision, observed authz.Code) Attempt {
	at := Attempt{UserID: d.UserID, Status: applied.Status, Code: applied.Refusal(), Observed: observed, Reason: applied.Reason}
	if over := s.cfg.Now().Sub(d.ExpiresAt); !d.ExpiresAt.IsZero() && over > 0 {
		at.ExpiredFor = over
	}
	return at
}

// refuseRequest refuses before a frame was read: in HTTP, or as the 101 and a
// close, which is all that a browser's script can see.
func (a *admission) refuseRequest(r refusal) {
	if a.s.cfg.RejectHTTP && !a.cred.optIn {
		a.s.answer(a.c.Conn, r)
		return
	}
	if a.answer101() != nil {
		abort(a.c.Conn)
		return
	}
	a.close(r)
}

// answer101 completes the client's handshake ourselves, with no extension.
func (a *admission) answer101() error {
	if o := offers(a.head); len(o) > 0 {
		a.protocol = o[0]
	}
	b := fmt.Appendf(nil, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n",
		http1.Accept(a.head.Get("Sec-WebSocket-Key")))
	switch {
	case a.protocol != "":
		b = fmt.Appendf(b, "Sec-WebSocket-Protocol: %s\r\n", a.protocol)
	case a.cred.optIn:
		b = fmt.Appendf(b, "Sec-WebSocket-Protocol: %s\r\n", optInProtocol)
	}
	a.answered = true
	_ = a.c.SetWriteDeadline(time.Now().Add(a.s.cfg.HeaderTimeout))
	_, err := a.c.Write(append(b, "\r\n"...))
	return err
}

// close ends a connection that has its 101 and is not relayed: the close frame,
// then a moment for the client's own.
func (a *admission) close(r refusal) {
	_ = a.c.SetDeadline(time.Now().Add(lingerTime))
	content := r.closing(a.s.cfg.CloseCodes)
	last := content.Frame(nil)
	if a.cred.optIn {
		last = append(errorFrame(r, "", r.wire().after), last...)
	}
	last = append(a.s.denial(a.first, r.code), last...)
	if _, err := a.c.Write(last); err != nil {
		abort(a.c.Conn)
	} else {
		linger(a.c.Conn)
	}
	a.s.ended(engine.BySyncward, content.Code, 0)
}

// passUnread is mode off: nothing is read, taken out or added.
func (a *admission) passUnread() {
	a.decision = authz.Decision{}
	a.passThrough()
}

// passThrough dials the upstream with the client's own handshake and lets its
// answer through whole.
func (a *admission) passThrough() {
	if r := a.reserve(); r.is() {
		a.s.answer(a.c.Conn, r)
		return
	}
	defer a.release()
	up, r := a.dial(a.head.Get("Sec-WebSocket-Key"))
	if r.is() {
		if a.cred.optIn {
			a.refuseRequest(r)
			return
		}
		a.s.answer(a.c.Conn, r)
		return
	}
	if up.status != http.StatusSwitchingProtocols {
		a.passAnswer(up)
		return
	}
	a.relay(up, a.passedHead(up), nil, a.c.read)
}

// passedHead is the upstream's 101 as the client gets it: whole, but that a
// client which offered syncward.v1 has that selected where the upstream selects
// nothing, or its browser would fail.
func (a *admission) passedHead(up upstream) []byte {
	if !a.cred.optIn || up.fields.Get("Sec-WebSocket-Protocol") != "" {
		return up.head
	}
	before := bytes.TrimSuffix(up.head, []byte("\r\n"))
	return fmt.Appendf(nil, "%sSec-WebSocket-Protocol: %s\r\n\r\n", before, optInProtocol)
}
