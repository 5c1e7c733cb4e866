package directory

// MaxKnown bounds one of the two generations of answers.
const MaxKnown = maxKnown

// Remember keeps an answer.
func (d *Directory) Remember(user string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.remember(user, true)
}

// Held is how many answers are kept.
func (d *Directory) Held() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.young) + len(d.old)
}
