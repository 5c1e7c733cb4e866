package proxy

import (
	"hash/maphash"
	"sync"
	"time"

	"github.com/syncward/syncward/authz"
)

// renewals knows the newest iat of each user who was here lately, so that a
// reconnect with a newer token can be told from one with the old token.
//
// Memory is bounded by two generations, as in throttle: when the young one is
// full the old one is forgotten, and a user who comes again then is as one who
// was never here. Users are kept as 64 bits, under a seed of this process: two
// who share them cost a wrong count, and nothing else.
type renewals struct {
	seed maphash.Seed

	mu         sync.Mutex
	young, old map[uint64]int64 // microseconds since the epoch
}

// maxRenewals bounds a generation: with both full they take some 3 MB.
const maxRenewals = 32 << 10

func newRenewals() *renewals {
	return &renewals{seed: maphash.MakeSeed(), young: map[uint64]int64{}}
}

// newer remembers a user's iat, and tells whether it is newer than the newest
// that is remembered. Of a user who is not it is the first, and not newer.
func (r *renewals) newer(user string, issued time.Time) bool {
	key, at := maphash.String(r.seed, user), issued.UnixMicro()
	r.mu.Lock()
	defer r.mu.Unlock()
	last, known := r.young[key]
	if !known {
		if last, known = r.old[key]; len(r.young) >= maxRenewals {
			r.old, r.young = r.young, make(map[uint64]int64, maxRenewals)
		}
	}
	if !known {
		last = at
	}
	r.young[key] = max(last, at)
	return at > last
}

// reconnected counts a connection that came with a newer token than the user's
// last one.
func (s *Server) reconnected(d authz.Decision) {
	if d.Status != authz.Anonymous && d.Allow && s.renewals.newer(d.UserID, d.IssuedAt) {
		s.refreshed(RefreshReconnect, RefreshOK)
	}
}
