package proxy

// MaxAddresses bounds one of the throttle's two generations.
const MaxAddresses = maxAddresses

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
