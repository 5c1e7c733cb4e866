package proxy

import (
	"context"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// refreshEvery is the time that a client leaves between two refreshes.
const refreshEvery = 5 * time.Second

// maxTold is how many answers that do not close a client gets in that time: they
// wait in memory for a client that asks and asks and does not listen.
const maxTold = 8

// asked handles a message of an opted-in client that is for us alone. It is
// never relayed.
func (ses *session) asked(found payload.Found) framing.Verdict {
	ses.mu.Lock()
	now := ses.s.cfg.Now()
	wait := refreshEvery - now.Sub(ses.refreshedAt)
	anonymous := ses.decision.Status == authz.Anonymous
	leaving := ses.leaving
	switch {
	case found.Kind == payload.AuthLogout:
		ses.leaving = true
	case wait <= 0:
		ses.refreshedAt = now
	}
	ses.mu.Unlock()
	switch {
	case found.Kind == payload.AuthLogout:
		if !leaving { // one at a time: the store may be slow
			go ses.logout()
		}
	case wait > 0:
		ses.tell(refusal{code: authz.RateLimited}, wait)
	case anonymous: // it has no user to keep
		ses.tell(refusal{code: authz.Forbidden}, 0)
	case !found.HasToken:
		ses.tell(refusal{code: authz.AuthRequired}, 0)
	default:
		go ses.answerRefresh(found.Token)
	}
	return framing.Verdict{Action: framing.Consume}
}

// tell sends an auth.error that does not close; nothing to a client that had too
// many lately.
func (ses *session) tell(r refusal, after time.Duration) {
	ses.mu.Lock()
	if now := ses.s.cfg.Now(); now.Sub(ses.toldSince) >= refreshEvery {
		ses.toldSince, ses.told = now, 0
	}
	ses.told++
	enough := ses.told > maxTold
	ses.mu.Unlock()
	if enough {
		return
	}
	<-ses.ready
	ses.conn.Insert(engine.ToClient, errorFrame(r, ses.channel, after))
}

// answerRefresh judges the token of an auth.refresh. A good one of the same
// user moves the deadline; a user who is gone, or another one, ends the
// connection; with any other the old deadline stands.
func (ses *session) answerRefresh(token string) {
	defer ses.contain()
	next := ses.s.decide(context.Background(), token)
	ses.mu.Lock()
	current := ses.decision
	next = ses.inInstances(next)
	held, code := authz.Refresh(current, next)
	moved := code == "" && (held.IssuedAt != current.IssuedAt || held.ExpiresAt != current.ExpiresAt || held.TokenID != current.TokenID)
	same := code == "" && next.IssuedAt.Equal(current.IssuedAt) // the token in force once more
	if moved {
		ses.decision, ses.seen, ses.warned = held, newSeenToken(token), held.Status == authz.Grace
		ses.renew(held)
	}
	ses.mu.Unlock()
	switch {
	case moved || same:
		ses.s.refreshed(RefreshInBand, RefreshOK)
		ses.s.renewals.newer(held.UserID, held.IssuedAt) // the next reconnect brings the same
		ses.watch()
		ses.recheck() // the new token may have been revoked while it was judged
		ses.conn.Insert(engine.ToClient, ses.okFrame(held))
	case code == "":
		ses.s.refreshed(RefreshInBand, RefreshIgnored)
	default:
		ses.s.refreshed(RefreshInBand, RefreshRefused)
		ses.refuseRefresh(refusal{code: code, reason: next.Reason, sent: true})
	}
}

// answerLater answers a token in a later message as one in an auth.refresh,
// where that closes nothing: such a message did not ask for a verdict.
func (ses *session) answerLater(held authz.Decision, result RefreshResult, code authz.Code) {
	switch {
	case result == RefreshOK:
		ses.conn.Insert(engine.ToClient, ses.okFrame(held))
	case code == authz.TokenInvalid, code == authz.TokenExpired, code == authz.AuthUnavailable:
		r := refusal{code: code, sent: true}
		ses.tell(r, r.wire().after)
	}
}

// refuseRefresh answers a refresh that is refused: what says that this user may
// not be here ends the connection, the rest does not.
func (ses *session) refuseRefresh(r refusal) {
	switch r.code {
	case authz.Forbidden, authz.UserNotFound, authz.SessionRevoked:
		if ses.mayRefuse(authz.Refuse(r.code, r.reason)) {
			ses.end(r)
			return
		}
	}
	ses.tell(r, r.wire().after)
}

// contain keeps a crash, which only a hook can cause, to this connection.
func (ses *session) contain() {
	if recover() != nil {
		ses.s.fault(ses.id, "panic", errPanic)
		ses.end(refusal{code: authz.AuthUnavailable})
	}
}
