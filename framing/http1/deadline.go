package http1

import "time"

// SetReadDeadline sets the server's deadline for reading. While a head is on
// its way the Guard's own may come sooner.
func (g *Guard) SetReadDeadline(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.deadline = t
	return g.applyLocked()
}

// SetDeadline sets the server's deadlines for reading and writing.
func (g *Guard) SetDeadline(t time.Time) error {
	if err := g.SetReadDeadline(t); err != nil {
		return err
	}
	return g.SetWriteDeadline(t)
}

// startClock begins the time that the current head has, unless it runs.
func (g *Guard) startClock() {
	if g.headTimeout <= 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.headBy.IsZero() {
		g.headBy = time.Now().Add(g.headTimeout)
		_ = g.applyLocked() // a connection that cannot has its Read fail
	}
}

// stopClock ends the time of a head.
func (g *Guard) stopClock() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.headBy.IsZero() {
		g.headBy = time.Time{}
		_ = g.applyLocked()
	}
}

// late tells whether a read failed because of our clock, not the server's: the
// server interrupts its own reads by a deadline in the past.
func (g *Guard) late() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.headBy.IsZero() || time.Now().Before(g.headBy) {
		return false
	}
	return g.deadline.IsZero() || g.headBy.Before(g.deadline)
}

func (g *Guard) applyLocked() error {
	t := g.deadline
	if !g.headBy.IsZero() && (t.IsZero() || g.headBy.Before(t)) {
		t = g.headBy
	}
	return g.Conn.SetReadDeadline(t)
}
