package proxy

import (
	"time"

	"github.com/syncward/syncward/authz"
)

// settleTime is how long before its end a connection's messages are held back
// that must not be cut off from their answer (payload.Found.NeedsAnswer): what
// was relayed before is answered by then, and what was not is in no log. Nobody
// lives longer by it: where the end has its time, the second lies before it.
const settleTime = time.Second

// settle is what a session knows of its messages that need an answer.
type settle struct {
	needed bool  // there was one
	ending bool  // the end is near; the next one waits
	held   *work // the one that waits
}

// mustWait tells whether such a message is held back, since the connection is
// about to end: for good, unless the end does not come (release). A client that
// opted in may still ask for a refresh behind it, and is not held back.
func (ses *session) mustWait(w work) bool {
	if ses.optIn {
		return false
	}
	expiring := ses.expiresWithin(settleTime)
	ses.mu.Lock()
	defer ses.mu.Unlock()
	ses.settle.needed = true
	if !expiring && !ses.settle.ending {
		return false
	}
	ses.settle.held = &w
	return true
}

// expiresWithin tells whether the policy in force ends the connection, for its
// token, before d is over.
func (ses *session) expiresWithin(d time.Duration) bool {
	ses.mu.Lock()
	end, user := ses.decision.GraceEndsAt, ses.decision.UserID
	ses.mu.Unlock()
	if end.IsZero() || end.Sub(ses.s.cfg.Now()) > d {
		return false
	}
	expired := authz.Refuse(authz.TokenExpired, authz.ReasonExpired)
	expired.UserID = user
	policy := ses.s.cfg.Policy()
	applied, _ := policy.Apply(expired, ses.address)
	return policy.Mode != authz.Off && !applied.Allow
}

// release lets go what was held back for an end that does not come: the policy
// changed meanwhile.
func (ses *session) release() {
	ses.mu.Lock()
	held := ses.settle.held
	ses.settle.held = nil
	ses.mu.Unlock()
	if held != nil {
		go ses.finish(*held)
	}
}

// endSettled ends the connection for a reason that can wait a moment: at once,
// or, where it had messages that need an answer, when that had time to come.
func (ses *session) endSettled(r refusal) {
	ses.mu.Lock()
	wait, begun := ses.settle.needed && !ses.over, ses.settle.ending
	ses.settle.ending = true
	ses.mu.Unlock()
	switch {
	case !wait:
		ses.end(r)
	case !begun:
		time.AfterFunc(settleTime, func() { ses.end(r) })
	}
}
