package proxy

import (
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/proxy/engine"
)

// MaxAddresses bounds one of the throttle's two generations.
const MaxAddresses = maxAddresses

// Wire is how a refusal goes on the wire: its close codes by CloseCodes, its
// HTTP status, and what a client that opted in is told.
func Wire(code authz.Code, isLate bool) (closes [3]int, status int, retry bool, after time.Duration) {
	w := wires[code]
	if isLate {
		w = late
	}
	return w.close, w.status, w.retry, w.after
}

// MaxRenewals bounds one of the two generations of newest tokens.
const MaxRenewals = maxRenewals

// Renewals is the memory of newest tokens.
type Renewals = renewals

// NewRenewals makes one.
var NewRenewals = newRenewals

// Newer remembers a token.
func (r *renewals) Newer(user string, issued time.Time) bool { return r.newer(user, issued) }

// Held is how many users are remembered.
func (r *renewals) Held() int { return len(r.young) + len(r.old) }

// Throttle is the counter of failing attempts.
type Throttle = throttle

// NewThrottle makes one.
var NewThrottle = newThrottle

// Failed counts a failure; false where it is beyond the limit.
func (t *throttle) Failed(address string) bool { return t.failed(address) }

// Held is how many addresses are kept.
func (t *throttle) Held() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.young) + len(t.old)
}

// Sessions is a register of live connections.
type Sessions struct {
	s    *Server
	List []*session
}

// NewSessions registers n connections without sockets, each of a user of its
// own, under decisions that end as given. They are pieces of the real thing:
// only what an engine would do for them is missing.
func NewSessions(s *Server, n int, decision func(i int) authz.Decision) *Sessions {
	all := &Sessions{s: s, List: make([]*session, n)}
	for i := range all.List {
		a := &admission{s: s, c: &client{}, decision: decision(i), id: newConnectionID()}
		all.List[i] = newSession(a)
		all.List[i].conn = noConn{}
		close(all.List[i].ready)
		s.sessions.add(all.List[i])
	}
	return all
}

// Of finds the sessions of a user; how many there are.
func (all *Sessions) Of(user string) int { return len(all.s.sessions.of(user)) }

// Watch arms the deadlines of all.
func (all *Sessions) Watch() {
	for _, ses := range all.List {
		ses.watch()
	}
}

// Done ends all, as the engine does when the sockets are closed.
func (all *Sessions) Done() {
	for _, ses := range all.List {
		ses.done(engine.Result{})
	}
}

// Take finds the credential in a head, of an upgrade where cookies count, and
// takes every copy of it out; ok is false where it is ambiguous.
func (s *Server) Take(h *http1.Head) (token string, source Source, ok bool) {
	cred, ok := s.take(h, asked{upgrade: true, cookies: true})
	return cred.token, cred.source, ok
}
