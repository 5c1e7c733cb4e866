package proxy

import (
	"context"
	"net/http"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// maxOpened bounds how many instances one connection may open.
const maxOpened = 1024

// opening is one instance that is open on a connection, and the decision that
// opened it, or a newer one that covers it.
type opening struct {
	instance string
	decision authz.Decision
}

// opener is implemented by protocols whose clients open their instances one by
// one: payload.Opening and payload.Within are the kinds of their messages.
type opener interface {
	// Denial is the message by which the protocol's own server refuses to open
	// address, with code as the reason.
	Denial(address, code string) (framing.Opcode, []byte)
}

// isOpener tells whether the clients open their instances one by one.
func (s *Server) isOpener() bool {
	_, is := s.cfg.Protocol.(opener)
	return is
}

// denial is how the client's own protocol tells it that the instance which a
// message asked for is refused; nil where it has no word for that, or where the
// refusal says nothing against the client.
func (s *Server) denial(found payload.Found, code authz.Code) []byte {
	protocol, is := s.cfg.Protocol.(opener)
	status := wires[code].status
	if !is || found.Kind != payload.Opening && found.Kind != payload.Within ||
		status != http.StatusUnauthorized && status != http.StatusForbidden {
		return nil
	}
	op, msg := protocol.Denial(found.Address, string(code))
	return framing.AppendFrame(nil, true, op, msg, nil)
}

// lookOpening is look where clients open their instances one by one: each
// opening is judged by its own token, and nothing passes for an instance that
// is not open.
func (ses *session) lookOpening(m framing.Message) framing.Verdict {
	found, err := ses.s.cfg.Protocol.Later(m.Opcode, m.Payload, payload.Bound{OptedIn: ses.optIn})
	if err != nil {
		return ses.deny(found, unreadable(err))
	}
	switch {
	case found.Kind == payload.AuthRefresh, found.Kind == payload.AuthLogout:
		return ses.asked(found)
	case len(found.Address) > maxInstance: // nor is it told again in a denial
		return ses.deny(found, authz.Refuse(authz.BadFrame, authz.ReasonSize))
	case found.Kind == payload.Opening:
		// A decision may wait for keys; the relay never does.
		go ses.judgeOpening(found)
		return framing.Verdict{Action: framing.Pause}
	case found.Kind == payload.Within && !ses.isOpen(found.Address):
		return ses.deny(found, authz.Refuse(authz.Forbidden, authz.ReasonOtherInstance))
	}
	return passing(found.Out)
}

// deny refuses a message with d, under a policy that refuses.
func (ses *session) deny(found payload.Found, d authz.Decision) framing.Verdict {
	if !ses.mayRefuse(d) {
		return passing(found.Out)
	}
	r := refuse(d, found.HasToken)
	r.told = ses.s.denial(found, r.code)
	return refusing(r)
}

func (ses *session) isOpen(address string) bool {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	_, is := ses.opened[address]
	return is
}

// judgeOpening judges an opening, and lets it go on without its token.
func (ses *session) judgeOpening(found payload.Found) {
	defer ses.contain()
	<-ses.ready
	ses.conn.Resume(engine.ToUpstream, ses.opens(found, ses.decideOpening(found)))
}

// opens is the verdict on an opening. Of an instance that is open already only
// another user's token is refused: one that is bad changes nothing.
func (ses *session) opens(found payload.Found, d authz.Decision) framing.Verdict {
	isOpen := ses.isOpen(found.Address)
	switch {
	case !isOpen:
		if r := ses.admit(found, d); r.is() {
			return refusing(r)
		}
		ses.open(found, d)
	case d.Allow:
		ses.open(found, d)
	case d.Reason == authz.ReasonOtherUser:
		return ses.deny(found, d)
	default:
		ses.s.refreshed(RefreshInBand, RefreshRefused)
	}
	return passing(found.Out)
}

// admit applies the policy to the decision on an instance that is not open yet,
// and returns the refusal that is left, if any. It is an attempt as the one that
// opened the connection was, counted and reported like that.
func (ses *session) admit(found payload.Found, d authz.Decision) refusal {
	policy := ses.s.cfg.Policy()
	if policy.Mode == authz.Off { // nobody's business, but for what may come behind it
		ses.strays(!d.Allow)
		return refusal{}
	}
	own := d
	own.UserID = ses.signed // enforced is who came, whoever else is named
	applied, observed := policy.Apply(own, ses.address)
	applied, quiet := ses.s.throttle(applied, ses.address)
	ses.strays(!d.Allow && applied.Allow)

	at := ses.s.account(d, applied, observed)
	at.ConnectionID, at.RemoteIP, at.Mode, at.InstanceID = ses.id, ses.remote.String(), policy.Mode, found.Instance
	switch at.Source = SourceNone; {
	case d.Status == authz.Anonymous: // let in before, and not judged
		at.UserID = ""
	case found.HasToken:
		at.Source = SourceFrame
	case ses.request.Allow:
		at.Source = ses.requestFrom
	}
	// Beyond maxOpened there is no end to what is let through unjudged.
	at.Quiet = quiet || applied.Allow && d.Reason == authz.ReasonLimit
	ses.s.attempt(at)
	if applied.Allow {
		return refusal{}
	}
	r := refuse(applied, found.HasToken)
	r.told = ses.s.denial(found, r.code)
	return r
}

// decideOpening is the decision on an opening.
func (ses *session) decideOpening(found payload.Found) authz.Decision {
	ses.mu.Lock()
	current, request := ses.decision, ses.request
	_, isOpen := ses.opened[found.Address]
	full := !isOpen && len(ses.opened) >= maxOpened
	ses.mu.Unlock()
	var d authz.Decision
	switch {
	case full:
		return authz.Refuse(authz.RateLimited, authz.ReasonLimit)
	case current.Status == authz.Anonymous: // it has no identity to compare with
		return current
	case found.HasToken:
		d = ses.s.decideFrom(context.Background(), found.Token, ses.s.cfg.Policy(), ses.address)
	case request.Allow:
		d = request.At(ses.s.cfg.Now())
	default:
		d = authz.Refuse(authz.AuthRequired, authz.ReasonNoToken)
	}
	if d.Allow && d.UserID != current.UserID {
		return refused(d, authz.Refuse(authz.Forbidden, authz.ReasonOtherUser))
	}
	return inInstance(d, found.Instance)
}

// open notes that an instance is open under d, and has d stand for the others
// that its token covers as well, where it is the newer one. The connection ends
// when the first of its tokens does.
func (ses *session) open(found payload.Found, d authz.Decision) {
	ses.mu.Lock()
	if !d.Allow { // in observe: it comes along
		d = ses.decision
	}
	before := ses.decision
	_, again := ses.opened[found.Address]
	if again || len(ses.opened) < maxOpened {
		if !again {
			ses.opened[found.Address] = opening{found.Instance, d}
		}
		ses.renew(d)
	}
	ses.warned = ses.warned && ses.decision.Status == authz.Grace
	moved := ses.decision != before
	ses.mu.Unlock()
	if again && d.Status != authz.Anonymous {
		ses.s.refreshed(RefreshInBand, refreshResult(moved))
	}
	ses.watch()
	ses.recheck() // the token may have been revoked while it was judged
}

func refreshResult(moved bool) RefreshResult {
	if moved {
		return RefreshOK
	}
	return RefreshIgnored
}

// renew puts a newer decision in the place of older ones that it covers, and has
// the connection end with the first that is left; mu is held.
func (ses *session) renew(d authz.Decision) {
	for address, o := range ses.opened {
		if held, code := authz.Refresh(o.decision, d); code == "" && held.MayOpen(o.instance) {
			ses.opened[address] = opening{o.instance, held}
		}
	}
	ses.decision = ses.firstToEnd()
}

// firstToEnd is the decision that ends first, of those that something is open
// under; mu is held.
func (ses *session) firstToEnd() authz.Decision {
	first := ses.decision
	if len(ses.opened) > 0 {
		first = authz.Decision{}
	}
	for _, o := range ses.opened {
		if !first.Allow || o.decision.GraceEndsAt.Before(first.GraceEndsAt) {
			first = o.decision
		}
	}
	return first
}

// decisions are all that the connection stands on.
func (ses *session) decisions() []authz.Decision {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	all := []authz.Decision{ses.decision}
	for _, o := range ses.opened {
		if o.decision != all[0] {
			all = append(all, o.decision)
		}
	}
	return all
}

// inInstances is the decision on a token that is to stand for all that the
// connection has open; mu is held.
func (ses *session) inInstances(d authz.Decision) authz.Decision {
	if ses.opened == nil {
		if ses.bound || d.InstancesBound() {
			return inInstance(d, ses.instance)
		}
		return d
	}
	for _, o := range ses.opened {
		d = inInstance(d, o.instance)
	}
	return d
}
