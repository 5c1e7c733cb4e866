package proxy

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// look reads one message of an admitted client: a token in it is taken out, and
// judged where it is not the one that was judged last; its events get their
// author.
func (ses *session) look(m framing.Message) framing.Verdict {
	found, err := ses.read(m)
	if err != nil {
		if d := unreadable(err); ses.mayRefuse(d) {
			return refusing(refuse(d, false))
		}
		found.HasToken = false // it goes on without the token that was found
	} else if found.Kind != payload.Application {
		return ses.asked(found)
	}
	w := work{verdict: passing(found.Out)}
	if found.HasToken && !found.SameToken && !ses.known(found.Token) {
		w.token = found.Token
	}
	if d := ses.attribute(m, &w, err != nil); d.Code != "" {
		return refusing(refuse(d, false))
	}
	if d := ses.claims(m, &w, err != nil); d.Code != "" {
		return refusing(refuse(d, false))
	}
	if found.NeedsAnswer && ses.mustWait(w) {
		return framing.Verdict{Action: framing.Pause}
	}
	if w.token == "" && len(w.clients) == 0 && len(w.push.Events) == 0 {
		return w.verdict
	}
	go ses.finish(w)
	return framing.Verdict{Action: framing.Pause}
}

// read has the protocol read a message, but for one that admission has read.
func (ses *session) read(m framing.Message) (payload.Found, error) {
	if ses.admitted {
		ses.admitted = false
		return payload.Found{}, nil
	}
	if ses.bound && ses.instance == "" && !ses.forUs(m) {
		if err := ses.bind(m); err != nil {
			return payload.Found{}, err
		}
	}
	ses.mu.Lock()
	seen := ses.seen
	ses.mu.Unlock()
	return ses.s.cfg.Protocol.Later(m.Opcode, m.Payload, payload.Bound{
		Instance: ses.instance, Pinned: ses.bound || ses.s.cfg.Protocol.InstanceInURL(), OptedIn: ses.optIn,
		LastToken: seen, Room: m.Room,
	})
}

// passing is the verdict on a message that may go on: as out, or where that is
// nil as it came.
func passing(out []byte) framing.Verdict {
	if out == nil {
		return framing.Verdict{Action: framing.Pass}
	}
	return framing.Verdict{Action: framing.Rewrite, Payload: out}
}

// refusing is the verdict that ends the connection.
func refusing(r refusal) framing.Verdict {
	return framing.Verdict{Action: framing.Refuse, Cause: errLook{r}}
}

// bind takes the instance out of the first message of a connection that was
// admitted by its request, before any message named one.
func (ses *session) bind(m framing.Message) error {
	first, err := ses.s.cfg.Protocol.First(m.Opcode, m.Payload)
	if err != nil {
		return err
	}
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if len(first.Instance) > maxInstance || !ses.decision.MayOpen(first.Instance) {
		return payload.ErrForbidden
	}
	ses.instance = first.Instance
	return nil
}

// forUs tells whether a message is one that a client which opted in sends to us
// alone: it names no instance.
func (ses *session) forUs(m framing.Message) bool {
	if !ses.optIn {
		return false
	}
	_, ours := payload.AuthMessage(m.Payload)
	return ours
}

// errLook carries a refusal through the engine.
type errLook struct{ refusal }

func (e errLook) Error() string { return string(e.code) }

// mayRefuse tells whether d ends the connection under the policy in force now;
// in observe that is counted, in off it is nobody's business.
func (ses *session) mayRefuse(d authz.Decision) bool {
	policy := ses.s.cfg.Policy()
	if policy.Mode == authz.Off {
		ses.strays(true)
		return false
	}
	d.UserID = ses.signed
	applied, observed := policy.Apply(d, ses.address)
	if applied.Allow {
		ses.s.observed(observed)
	}
	ses.strays(applied.Allow && d.Refusal() != authz.AuthUnavailable)
	return !applied.Allow
}

// strays notes that what enforce ends a connection for was let pass: from then
// on it has what nobody vouched for, and goes when it is enforced (reconsider).
func (ses *session) strays(is bool) {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	ses.strayed = ses.strayed || is
}

// refused tells the engine how to end a connection after a Look refused.
func (ses *session) refused(cause error) engine.Ending {
	var e errLook
	if errors.As(cause, &e) {
		return ses.refusedWith(e.refusal)
	}
	return ses.refusedWith(refusal{code: authz.BadFrame, reason: authz.ReasonFrame})
}

// seenToken remembers a token without keeping it.
type seenToken [sha256.Size]byte

func newSeenToken(token string) seenToken { return sha256.Sum256([]byte(token)) }

// known tells whether token is the one that was judged last.
func (ses *session) known(token string) bool {
	sum := newSeenToken(token)
	ses.mu.Lock()
	defer ses.mu.Unlock()
	if subtle.ConstantTimeCompare(sum[:], ses.seen[:]) == 1 {
		return true
	}
	return ses.decision.Status == authz.Anonymous // it has no identity to compare with
}

// judgeLater judges a token that came in a later message; the message goes on
// without it, unless it is another user's.
func (ses *session) judgeLater(token string) bool {
	next := inInstance(ses.s.decide(context.Background(), token), ses.instance)
	return ses.refresh(token, next)
}

// refresh moves the deadline where next is a newer token of the same user. A
// bad or older one changes nothing; who opted in is told. False where the token
// is another user's.
func (ses *session) refresh(token string, next authz.Decision) bool {
	ses.mu.Lock()
	current := ses.decision
	if ses.speaksOfAnother(current, next) {
		ses.mu.Unlock()
		return !ses.mayRefuse(authz.Refuse(authz.Forbidden, authz.ReasonOtherUser))
	}
	ses.seen = newSeenToken(token)
	result := RefreshRefused
	held, code := authz.Refresh(current, next)
	if code == "" {
		result = RefreshIgnored
		if held.IssuedAt != current.IssuedAt || held.ExpiresAt != current.ExpiresAt {
			result = RefreshOK
			if ses.refreshes() {
				ses.decision, ses.warned = held, held.Status == authz.Grace
				ses.s.renewals.newer(held.UserID, held.IssuedAt)
			}
		}
	}
	ses.mu.Unlock()
	if ses.refreshes() {
		ses.s.refreshed(RefreshInBand, result)
		ses.watch()
		ses.recheck()
		if ses.optIn {
			ses.answerLater(held, result, code)
		}
	}
	return true
}

// speaksOfAnother tells whether a token names another user: an accepted one, or,
// where a frame's token is only a copy of the URL's, any that is signed right.
func (ses *session) speaksOfAnother(current, next authz.Decision) bool {
	if next.UserID == "" || next.UserID == current.UserID {
		return false
	}
	return next.Allow || !ses.refreshes()
}

// refreshes tells whether a token in a message moves the deadline: where the
// URL's credential decides, the frames carry older copies of it.
func (ses *session) refreshes() bool { return !ses.s.cfg.Protocol.InstanceInURL() }
