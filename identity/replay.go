package identity

import (
	"sync"
	"time"
)

// defaultSingleUse bounds the replay cache: some 2 000 dials a second.
const defaultSingleUse = 1 << 18

// replayCache remembers jtis in two generations and drops the older as a whole:
// no timers, no sweeps, no entry dropped early. The zero value is ready.
type replayCache struct {
	mu       sync.Mutex
	began    time.Time // of young
	young    map[string]struct{}
	previous map[string]struct{}
}

// use remembers id, for at least as long as its assertion could be accepted
// again. A full cache refuses: forgetting an id early would let a replay in.
func (c *replayCache) use(id string, now time.Time, leeway time.Duration, limit int) error {
	if limit <= 0 {
		limit = defaultSingleUse
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	// Signed at most one leeway ahead of now, good for Lifetime and a leeway.
	c.turn(now, Lifetime+2*leeway+time.Second)
	if _, seen := c.young[id]; seen {
		return ErrReplayed
	}
	if _, seen := c.previous[id]; seen {
		return ErrReplayed
	}
	if len(c.young)+len(c.previous) >= limit {
		return ErrUnavailable.about("replay cache")
	}
	c.young[id] = struct{}{}
	return nil
}

// turn starts a new generation where the young one is older than keep.
func (c *replayCache) turn(now time.Time, keep time.Duration) {
	age := now.Sub(c.began)
	if c.young != nil && age < keep {
		return
	}
	c.previous = c.young
	if age >= 2*keep {
		c.previous = nil
	}
	c.young = make(map[string]struct{})
	c.began = now
}
