package proxy

import (
	"sync"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

// session is one live connection: what it was admitted as, and the one door
// through which anything outside ends it.
type session struct {
	s        *Server
	id       string
	instance string // look alone changes it
	bound    bool   // to one instance, of those that its token names
	address  string // the client's, for the policy
	signed   string // the user of a correctly signed token, admitted or not; likewise
	off      bool   // admitted in mode off
	optIn    bool
	since    time.Time
	ready    chan struct{} // closed when conn is set
	conn     engine.Conn

	mu       sync.Mutex
	decision authz.Decision // as admitted, or as refreshed since
	deadline *time.Timer
	seen     seenToken // the last token that a message carried
	over     bool
}

func newSession(a *admission) *session {
	return &session{
		s: a.s, id: a.id, instance: a.instance, bound: a.decision.InstancesBound(), address: a.c.peer.key(), off: a.policy.Mode == authz.Off,
		optIn: a.cred.optIn, since: a.s.cfg.Now(), ready: make(chan struct{}),
		signed: a.signed, decision: a.decision, seen: newSeenToken(a.cred.token),
	}
}

// started keeps hold of the running relay, and begins to watch its deadline.
func (ses *session) started(c engine.Conn) {
	ses.conn = c
	close(ses.ready)
	ses.watch()
}

// watch arms the timer for the end of the token's grace. Anonymous connections
// have none.
func (ses *session) watch() {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	end := ses.decision.GraceEndsAt
	if ses.over || end.IsZero() {
		return
	}
	if ses.deadline != nil {
		ses.deadline.Stop()
	}
	// At most an hour at a time: the wall clock may be set while we wait.
	wait := min(max(end.Sub(ses.s.cfg.Now()), 0), time.Hour)
	ses.deadline = time.AfterFunc(wait, ses.expire)
}

// expire ends the connection when its token would no longer be accepted. In
// observe that is counted, once, and not done.
func (ses *session) expire() {
	ses.mu.Lock()
	d, over := ses.decision, ses.over
	ses.mu.Unlock()
	if over {
		return
	}
	if ses.s.cfg.Now().Before(d.GraceEndsAt) {
		ses.watch()
		return
	}
	expired := authz.Refuse(authz.TokenExpired, authz.ReasonExpired)
	expired.UserID = d.UserID
	policy := ses.s.cfg.Policy()
	if policy.Mode == authz.Off {
		return
	}
	if applied, observed := policy.Apply(expired, ses.address); applied.Allow {
		ses.s.observed(observed)
		return
	}
	ses.end(refusal{code: authz.TokenExpired, reason: authz.ReasonExpired})
}

// end is the door: nothing ends a connection from outside but through here.
func (ses *session) end(r refusal) {
	<-ses.ready
	ses.conn.End(ses.refusedWith(r))
}

// refusedWith says what both sides are told. The upstream learns that the
// client goes away, and no more.
func (ses *session) refusedWith(r refusal) engine.Ending {
	return engine.Ending{ToClient: r.closing(ses.s.cfg.CloseCodes), ToUpstream: framing.Close{Code: 1001}}
}

// done is called by the engine when both sockets are closed.
func (ses *session) done(r engine.Result) {
	ses.mu.Lock()
	ses.over = true
	if ses.deadline != nil {
		ses.deadline.Stop()
	}
	ses.mu.Unlock()
	ses.s.sessions.remove(ses)
	ses.s.state(StateOpen, -1)
	ses.s.ended(r.By, r.Code, ses.s.cfg.Now().Sub(ses.since))
}

// sessions is the register of live connections.
type sessions struct {
	mu    sync.Mutex
	limit int // 0: none
	taken int // places: those of live connections, and of those being dialled
	byID  map[string]*session
	idle  chan struct{} // closed and made anew whenever the last one goes
}

func newSessions(limit int) *sessions {
	return &sessions{limit: limit, byID: map[string]*session{}, idle: make(chan struct{})}
}

// reserve takes a place for a connection that is about to be dialled; false
// where there is none.
func (r *sessions) reserve() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.limit > 0 && r.taken >= r.limit {
		return false
	}
	r.taken++
	return true
}

// release gives a place back.
func (r *sessions) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.taken--
}

func (r *sessions) add(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[s.id] = s
}

func (r *sessions) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, s.id)
	r.taken--
	if len(r.byID) == 0 {
		close(r.idle)
		r.idle = make(chan struct{})
	}
}

func (r *sessions) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byID)
}

// all returns those that are live now, and a channel that is closed when the
// last one goes.
func (r *sessions) all() ([]*session, <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]*session, 0, len(r.byID))
	for _, s := range r.byID {
		list = append(list, s)
	}
	return list, r.idle
}
