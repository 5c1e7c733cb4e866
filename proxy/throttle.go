package proxy

import (
	"context"
	"sync"
	"time"

	"github.com/syncward/syncward/authz"
)

// throttle counts failing attempts by client address. Each address has a
// bucket that a minute's worth of failures empties and that fills evenly, so
// that no edge of a window lets twice as many through. All that is kept of one
// is the time at which it is full again.
//
// Memory is bounded by two generations of addresses: when the young one is
// full the old one is forgotten. An address that goes on failing is young
// again each time, so it takes maxAddresses others that fail to have one
// forgotten, and these cost an attacker more than the one is worth.
type throttle struct {
	perMinute int // 0: no limit
	now       func() time.Time
	began     time.Time // times are counted from here by the monotonic clock: setting the wall clock moves nothing

	mu         sync.Mutex
	young, old map[string]time.Duration
}

// maxAddresses bounds a generation: with both full they take a few MB.
const maxAddresses = 16 << 10

func newThrottle(perMinute int, now func() time.Time) *throttle {
	return &throttle{perMinute: perMinute, now: now, began: now(), young: map[string]time.Duration{}}
}

// room tells whether one more failure of address would be within the limit.
func (t *throttle) room(address string) bool {
	if t.perMinute <= 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, ok := t.next(address)
	return ok
}

// failed counts a failure of address; false where it is beyond the limit, and
// not counted.
func (t *throttle) failed(address string) bool {
	if t.perMinute <= 0 {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	full, ok := t.next(address)
	if _, is := t.young[address]; !is && len(t.young) >= maxAddresses {
		t.old, t.young = t.young, make(map[string]time.Duration, maxAddresses)
	}
	t.young[address] = full
	return ok
}

// next returns when the bucket of address is full again after one more
// failure, or, with false, without one where it holds none.
func (t *throttle) next(address string) (full time.Duration, ok bool) {
	now := t.now().Sub(t.began)
	full, is := t.young[address]
	if !is {
		full = t.old[address]
	}
	full = max(full, now)
	after := full + time.Minute/time.Duration(t.perMinute)
	if after-now > time.Minute {
		return full, false
	}
	return after, true
}

// decide judges a token. Behind an address that has failed too often nothing
// is waited for: a good token needs no look-up in the common case, and a bad
// one is not worth any.
func (a *admission) decide(ctx context.Context, token string) authz.Decision {
	return a.s.decideFrom(ctx, token, a.policy, a.c.peer.key())
}

func (s *Server) decideFrom(ctx context.Context, token string, policy authz.Policy, address string) authz.Decision {
	if !s.failures.room(address) && !policyAllows(policy, authz.Decision{}, address) {
		ctx = authz.WithoutLookups(ctx)
	}
	return s.decide(ctx, token)
}

// throttle counts an attempt that the policy refuses. Beyond the limit it
// returns the cheap refusal instead, and true: there is nothing to be told
// about it but its number. What we could not judge is no failure of the
// client's, and not counted.
func (s *Server) throttle(d authz.Decision, address string) (authz.Decision, bool) {
	if d.Allow {
		return d, false
	}
	count := s.failures.failed
	if d.Refusal() == authz.AuthUnavailable {
		count = s.failures.room
	}
	if count(address) {
		return d, false
	}
	return refused(d, authz.Refuse(authz.RateLimited, authz.ReasonLimit)), true
}
