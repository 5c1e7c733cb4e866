package keys

import "time"

// ForgetFetch ends the cool-down, for tests that do not wait for it.
func ForgetFetch(j *JWKS) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.begun = time.Time{}
}

// ParseSet returns how many usable keys a document holds.
func ParseSet(document []byte) (int, error) {
	keys, err := parseSet(document)
	return len(keys), err
}
