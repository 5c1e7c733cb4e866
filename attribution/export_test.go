package attribution

// Len counts what is remembered.
func (o *Owners) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.users)
}

// Held is how many offers a connection keeps in order.
func (c *Conn) Held() int { return len(c.order) }

// Kept is how many entries a Recorder holds between calls: positions and places
// of all stores, and sights that were missed.
func (r *Recorder) Kept() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := len(r.missed)
	for _, s := range r.stores {
		s.mu.Lock()
		n += len(s.logs) + len(s.known) + len(s.told)
		s.mu.Unlock()
	}
	return n
}

// Bounds of what is kept.
const (
	MaxUnanswered = maxUnanswered
	MaxMissed     = maxMissed
)
