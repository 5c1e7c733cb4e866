package proxy

import "time"

// MaxAddresses bounds one of the throttle's two generations.
const MaxAddresses = maxAddresses

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
