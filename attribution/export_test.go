package attribution

// Len counts what is remembered.
func (o *Owners) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.users)
}
