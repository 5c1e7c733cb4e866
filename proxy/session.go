package proxy

import (
	"context"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy/engine"
)

// session is one live connection: what it was admitted as, and the one door
// through which anything outside ends it.
type session struct {
	s        *Server
	id       string
	instance string // look alone changes it, under mu
	bound    bool   // to one instance, of those that its token names
	user     string // as admitted; a refresh never changes it
	address  string // the client's, for the policy
	remote   netip.Addr
	place    string // the user whose place it takes; "": none
	signed   string // the user of a correctly signed token, admitted or not; likewise
	off      bool   // admitted in mode off
	optIn    bool
	admitted bool   // the next message is the first one, which admission has read; look alone changes it
	channel  string // of auth.* messages to a client that opted in
	since    time.Time
	ready    chan struct{} // closed when conn is set
	conn     engine.Conn
	// lifetime ends with the connection, and what waits for the journal with it.
	lifetime context.Context
	ended    context.CancelFunc

	mu       sync.Mutex
	recorder Recorder       // nil until the client's first message
	decision authz.Decision // as admitted, or as refreshed since
	deadline *time.Timer
	seen     seenToken // the last token that a message carried
	// opened is what is open, by address, where clients open their instances one
	// by one; nil elsewhere.
	opened map[string]opening
	// request is the decision on the request's own credential; it allows nothing
	// where there was none.
	request     authz.Decision
	requestFrom Source // where that was found
	// strayed: what enforce ends a connection for was let pass.
	strayed bool
	over    bool
	warned  bool // the client knows that it lives on grace
	settle  settle
	// refreshedAt is when the client last asked for a refresh.
	refreshedAt time.Time
	leaving     bool // a logout is on its way to the store
	// told counts the answers since toldSince that did not close.
	told      int
	toldSince time.Time
}

func newSession(a *admission) *session {
	ses := &session{
		s: a.s, id: a.id, instance: a.instance, bound: a.decision.InstancesBound(), address: a.c.peer.key(), off: a.policy.Mode == authz.Off,
		optIn: a.cred.optIn, channel: newChannel(), since: a.s.cfg.Now(), ready: make(chan struct{}),
		user: a.decision.UserID, place: a.place, signed: a.signed, decision: a.decision, seen: newSeenToken(a.cred.token), warned: a.decision.Status == authz.Grace,
		request: a.request, requestFrom: a.requestFrom, remote: a.c.peer.client,
	}
	if a.s.isOpener() {
		ses.opened = map[string]opening{}
		if a.first.Kind == payload.Opening {
			ses.opened[a.first.Address] = opening{a.first.Instance, a.decision}
		}
	}
	ses.lifetime, ses.ended = context.Background(), func() {}
	if a.journals() {
		ses.lifetime, ses.ended = context.WithCancel(context.Background())
	}
	return ses
}

// started keeps hold of the relay, which has not moved a byte yet: auth.ok goes
// ahead of all that the upstream says.
func (ses *session) started(c engine.Conn) {
	ses.conn = c
	close(ses.ready)
	if ses.optIn {
		c.Insert(engine.ToClient, ses.okFrame(ses.decision))
	}
}

// watch arms the timer for the end of the token's grace, and for its beginning
// where the client wants to be told. Anonymous connections have neither.
func (ses *session) watch() {
	ses.mu.Lock()
	defer ses.mu.Unlock()
	end := ses.decision.GraceEndsAt
	if ses.over || end.IsZero() {
		return
	}
	if ses.optIn && !ses.warned {
		end = ses.decision.ExpiresAt
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
	if now := ses.s.cfg.Now(); now.Before(d.GraceEndsAt) {
		ses.warn(now)
		ses.watch()
		return
	}
	expired := authz.Refuse(authz.TokenExpired, authz.ReasonExpired)
	expired.UserID = d.UserID
	policy := ses.s.cfg.Policy()
	if policy.Mode == authz.Off {
		ses.release()
		return
	}
	if applied, observed := policy.Apply(expired, ses.address); applied.Allow {
		ses.s.observed(observed)
		ses.release()
		return
	}
	ses.end(refusal{code: authz.TokenExpired, reason: authz.ReasonExpired})
}

// warn tells a client that opted in, once, when its token has expired.
func (ses *session) warn(now time.Time) {
	ses.mu.Lock()
	due := ses.optIn && !ses.warned && !now.Before(ses.decision.ExpiresAt)
	if due {
		ses.warned, ses.decision.Status = true, authz.Grace
	}
	d := ses.decision
	ses.mu.Unlock()
	if due {
		ses.conn.Insert(engine.ToClient, ses.graceFrame(d))
	}
}

// end is the door: nothing ends a connection from outside but through here.
// It does not wait for a connection that is still being handed to the relay.
func (ses *session) end(r refusal) {
	select {
	case <-ses.ready:
		ses.conn.End(ses.refusedWith(r))
	default:
		go func() {
			<-ses.ready
			ses.conn.End(ses.refusedWith(r))
		}()
	}
}

// abandon takes a session off the register that never came to be relayed.
func (ses *session) abandon() {
	ses.ended()
	ses.s.sessions.remove(ses)
	ses.conn = noConn{}
	close(ses.ready)
}

// noConn is the hold on a connection that is not there.
type noConn struct{}

func (noConn) End(engine.Ending)                        {}
func (noConn) Insert(engine.Direction, []byte)          {}
func (noConn) Resume(engine.Direction, framing.Verdict) {}

// refusedWith says what both sides are told. The upstream learns that the
// client goes away, and no more.
func (ses *session) refusedWith(r refusal) engine.Ending {
	e := engine.Ending{ToClient: r.closing(ses.s.cfg.CloseCodes), ToUpstream: framing.Close{Code: 1001}}
	e.Before = r.told
	if ses.optIn {
		e.Before = append(e.Before, errorFrame(r, ses.channel, r.wire().after)...)
	}
	return e
}

// done is called by the engine when both sockets are closed.
func (ses *session) done(r engine.Result) {
	ses.closeAccount()
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
	mu      sync.Mutex
	limit   int            // 0: none
	taken   int            // places: those of live connections, and of those being dialled
	perUser int            // 0: no limit, and nobody is counted
	users   map[string]int // places by user, from the decision on
	byID    map[string]*session
	// byUser finds a user's connections without a walk over all.
	byUser map[string]map[*session]struct{}
	idle   chan struct{} // closed and made anew whenever the last one goes
}

func newSessions(limit, perUser int) *sessions {
	return &sessions{
		limit: limit, perUser: perUser, users: map[string]int{},
		byID: map[string]*session{}, byUser: map[string]map[*session]struct{}{}, idle: make(chan struct{}),
	}
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

// enter takes one of a user's places; false where there is none.
func (r *sessions) enter(user string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.perUser <= 0 {
		return true
	}
	if r.users[user] >= r.perUser {
		return false
	}
	r.users[user]++
	return true
}

// leave gives a user's place back.
func (r *sessions) leave(user string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.left(user)
}

func (r *sessions) left(user string) {
	if r.users[user]--; r.users[user] <= 0 {
		delete(r.users, user)
	}
}

func (r *sessions) add(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byID[s.id] = s
	mine := r.byUser[s.user]
	if mine == nil {
		mine = map[*session]struct{}{}
		r.byUser[s.user] = mine
	}
	mine[s] = struct{}{}
}

func (r *sessions) remove(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.byID, s.id)
	if delete(r.byUser[s.user], s); len(r.byUser[s.user]) == 0 {
		delete(r.byUser, s.user)
	}
	r.taken--
	r.left(s.place)
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

// of returns the live connections of a user, "" for all.
func (r *sessions) of(userID string) []*session {
	if userID == "" {
		all, _ := r.all()
		return all
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Keys(r.byUser[userID]))
}

func (r *sessions) byConnection(id string) *session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byID[id]
}
