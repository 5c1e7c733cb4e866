package proxy

import (
	"time"

	"github.com/syncward/syncward/authz"
)

// revoked asks the store about a token that is right in all else.
func (s *Server) revoked(d authz.Decision) (authz.Code, authz.Reason) {
	if s.cfg.Revocations == nil || d.Status == authz.Anonymous || !d.Allow {
		return "", ""
	}
	return s.cfg.Revocations.Check(d)
}

// Revoked tells the server that the store knows something new about a user, ""
// for everybody: the live connections that it concerns end at once.
func (s *Server) Revoked(userID string) {
	for _, ses := range s.sessions.of(userID) {
		ses.recheck()
	}
}

// recheck ends a connection whose token was revoked meanwhile, and tells whether
// it did.
func (ses *session) recheck() bool {
	for _, d := range ses.decisions() {
		code, reason := ses.s.revoked(d)
		if code == "" || code == authz.AuthUnavailable { // not known to be revoked
			continue
		}
		if !ses.mayRefuse(authz.Refuse(code, reason)) {
			return false
		}
		ses.end(refusal{code: code, reason: reason})
		return true
	}
	return false
}

// logout is what a client asks for itself. An anonymous one has nothing to end.
func (ses *session) logout() {
	defer ses.contain()
	defer func() { ses.mu.Lock(); ses.leaving = false; ses.mu.Unlock() }()
	ses.mu.Lock()
	d := ses.decision.At(ses.s.cfg.Now())
	ses.mu.Unlock()
	switch {
	case d.Status == authz.Anonymous:
		return
	case ses.s.cfg.Revocations == nil:
		ses.tell(refusal{code: authz.AuthUnavailable}, 0)
		return
	}
	if err := ses.s.cfg.Revocations.Logout(d); err != nil {
		ses.s.fault(ses.id, "logout", err)
		ses.tell(refusal{code: authz.AuthUnavailable}, backOff)
		return
	}
	// A token without a jti cannot be named in the store: this connection, at
	// least, ends in any case.
	if out := authz.Refuse(authz.SessionRevoked, authz.ReasonRevoked); ses.mayRefuse(out) {
		ses.end(refusal{code: out.Code, reason: out.Reason})
	}
}

// Live is one admitted connection, as operators see it.
type Live struct {
	ID         string       `json:"id"`
	UserID     string       `json:"userId"`
	Status     authz.Status `json:"status"`
	InstanceID string       `json:"instanceId"`
	Since      time.Time    `json:"since"`
	ExpiresAt  time.Time    `json:"expiresAt,omitzero"`
}

// Live returns the admitted connections of a user, "" for all.
func (s *Server) Live(userID string) []Live {
	list := []Live{}
	for _, ses := range s.sessions.of(userID) {
		ses.mu.Lock()
		d := ses.decision
		list = append(list, Live{ses.id, d.UserID, d.Status, ses.instance, ses.since, d.ExpiresAt})
		ses.mu.Unlock()
	}
	return list
}

// End closes one admitted connection with SESSION_REVOKED; false where there is
// none of that id.
func (s *Server) End(id string) bool {
	ses := s.sessions.byConnection(id)
	if ses == nil {
		return false
	}
	ses.end(refusal{code: authz.SessionRevoked, reason: authz.ReasonRevoked})
	return true
}
