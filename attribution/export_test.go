package attribution

// Len counts what is remembered.
func (o *Owners) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.users)
}

// Held is how many offers a connection keeps in order.
func (c *Conn) Held() int { return len(c.order) }
