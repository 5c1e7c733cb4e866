package proxy

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/syncward/syncward/authz"
)

// Drain shuts the server down: for DrainDelay it goes on as before, so that
// load balancers can look elsewhere; then new upgrades are refused, and the
// live connections are closed with DRAINING, evenly over DrainPeriod. It
// returns when the last one is gone. When ctx ends, all that are left are
// closed at once.
func (s *Server) Drain(ctx context.Context) error {
	pause(ctx, s.cfg.DrainDelay)
	s.draining.Store(true)
	s.closeEvenly(ctx)
	s.stop()
	return s.wait(ctx)
}

// closeEvenly ends the live connections over DrainPeriod, in no order.
func (s *Server) closeEvenly(ctx context.Context) {
	live, _ := s.sessions.all()
	rand.Shuffle(len(live), func(i, j int) { live[i], live[j] = live[j], live[i] })
	start := time.Now()
	for i, ses := range live {
		due := s.cfg.DrainPeriod * time.Duration(i) / time.Duration(len(live))
		if wait := due - time.Since(start); wait > 0 {
			pause(ctx, wait)
		}
		ses.endSettled(refusal{code: authz.Draining})
	}
}

// stop closes the listeners, and what was admitted while the rest was drained.
func (s *Server) stop() {
	s.mu.Lock()
	s.stopped.Store(true)
	for ln := range s.listeners {
		_ = ln.Close()
	}
	s.mu.Unlock()
	s.pending.endAll()
}

// lastWait is how long the last closing handshakes and requests may take.
const lastWait = 15 * time.Second

// wait returns when no connection is left, or an error where some had to be
// abandoned. When hurry ends, plain requests are cut off.
func (s *Server) wait(hurry context.Context) error {
	ctx, cancel := context.WithTimeout(context.Background(), lastWait)
	defer cancel()
	polite, stop := context.WithTimeout(hurry, lastWait)
	defer stop()
	s.plain.shutdown(polite)
	admitted := make(chan struct{})
	go func() { s.conns.Wait(); close(admitted) }() // ends: every admission has its time-outs
	for {
		live, idle := s.sessions.all()
		if len(live) == 0 && admitted == nil {
			return nil
		}
		for _, ses := range live {
			ses.endSettled(refusal{code: authz.Draining})
		}
		select {
		case <-idle:
		case <-admitted:
			admitted = nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// PolicyChanged tells the server that Config.Policy now returns something
// else. Admitted connections stay; those that enforcement now applies to are
// closed, spread over FlipSpread, since all at once would be a stampede of
// reconnects: with AUTH_REQUIRED where they never showed a valid token, or did
// meanwhile what enforce ends a connection for; else as enforce would have,
// where their token ran out or was revoked.
func (s *Server) PolicyChanged() {
	live, _ := s.sessions.all()
	for _, ses := range live {
		delay := time.Duration(rand.Int64N(int64(s.cfg.FlipSpread)))
		time.AfterFunc(delay, ses.reconsider)
	}
}

// reconsider ends a connection that the policy in force now would not have let
// come this far.
func (ses *session) reconsider() {
	policy := ses.s.cfg.Policy()
	if policy.Mode == authz.Off || ses.recheck() {
		return
	}
	ses.mu.Lock()
	anonymous, strayed := ses.decision.GraceEndsAt.IsZero(), ses.strayed
	ses.mu.Unlock()
	unknown := authz.Refuse(authz.AuthRequired, authz.ReasonNoToken)
	unknown.UserID = ses.signed
	applied, _ := policy.Apply(unknown, ses.address)
	switch {
	case !applied.Allow && (anonymous || strayed):
		ses.end(refusal{code: authz.AuthRequired, reason: authz.ReasonNoToken})
	case !anonymous:
		ses.expire()
	}
}
