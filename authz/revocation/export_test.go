package revocation

// Held is how many users are in memory.
func (m *Memory) Held() int { return len(m.index.users) }
