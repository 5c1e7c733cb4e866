package revocation

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// Verdict is what is known of a token's user.
type Verdict int

// The verdicts. The zero value refuses: whoever forgets to ask lets nobody in.
const (
	Revoked Verdict = iota
	Deleted
	Clear
)

// Options configures a Memory.
type Options struct {
	// Keep is how long an entry matters: the longest lifetime of a token, its
	// grace and the leeway. Deletions are kept for ever.
	Keep time.Duration
	// Path is a file that keeps the entries over restarts; "" = none.
	Path string
	Now  func() time.Time // nil: time.Now
}

// Memory is a store of revocations in this process. Its methods may be called
// from any goroutine.
type Memory struct {
	o     Options
	mu    sync.RWMutex
	users map[string]*record
	tell  func(Entry)
}

// record is what is known of one user.
type record struct {
	latest Entry            // the latest watermark or the deletion; zero UserID: none
	tokens map[string]Entry // single tokens, by jti
}

// Open returns a store with what the file holds. An error says what is wrong
// with the file: a store that has forgotten lets in whom it should not.
func Open(o Options) (*Memory, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	m := &Memory{o: o, users: map[string]*record{}}
	entries, err := load(o.Path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		m.put(e)
	}
	return m, nil
}

// Notify has f called with every entry that is added from now on, after it is
// in force. f must not block.
func (m *Memory) Notify(f func(Entry)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.tell = f
}

// Add puts an entry in force, and into the file where there is one. At is set.
// Errors: ErrEntry, and those of the file; the entry is in force in that case
// too, but will not outlive the process.
func (m *Memory) Add(e Entry) error {
	if !e.valid() {
		return ErrEntry
	}
	e.At = m.o.Now()
	m.mu.Lock()
	m.prune()
	m.put(e)
	err := save(m.o.Path, m.list())
	tell := m.tell
	m.mu.Unlock()
	if tell != nil {
		tell(e)
	}
	return err
}

// put keeps the stronger of two entries: a deletion stays, a watermark only
// rises.
func (m *Memory) put(e Entry) {
	r := m.users[e.UserID]
	if r == nil {
		r = &record{tokens: map[string]Entry{}}
		m.users[e.UserID] = r
	}
	switch {
	case e.TokenID != "" && e.Before.IsZero() && !e.Deleted:
		r.tokens[e.TokenID] = e
	case r.latest.Deleted && !e.Deleted:
	case e.Deleted || e.Before.After(r.latest.Before):
		r.latest = e
	}
}

// Check says whether a token of that user, with that jti and iat, was revoked.
func (m *Memory) Check(userID, tokenID string, issuedAt time.Time) Verdict {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if all := m.users[Everybody]; all != nil && !issuedAt.After(all.latest.Before) {
		return Revoked
	}
	r := m.users[userID]
	if r == nil {
		return Clear
	}
	_, single := r.tokens[tokenID]
	switch {
	case r.latest.Deleted:
		return Deleted
	case single && tokenID != "", !issuedAt.After(r.latest.Before):
		return Revoked
	}
	return Clear
}

// Remove forgets all of a user's entries; false where there is none. Errors are
// those of the file.
func (m *Memory) Remove(userID string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.users[userID] == nil {
		return false, nil
	}
	delete(m.users, userID)
	return true, save(m.o.Path, m.list())
}

// List returns the entries that still matter, by user.
func (m *Memory) List() []Entry {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.prune()
	return m.list()
}

func (m *Memory) list() []Entry {
	var all []Entry
	for _, r := range m.users {
		if r.latest.UserID != "" {
			all = append(all, r.latest)
		}
		for _, e := range r.tokens {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, func(a, b Entry) int {
		return strings.Compare(a.UserID+"\x00"+a.TokenID, b.UserID+"\x00"+b.TokenID)
	})
	return all
}

// prune drops what no token that could still be accepted is concerned by.
func (m *Memory) prune() {
	old := m.o.Now().Add(-m.o.Keep)
	for user, r := range m.users {
		for id, e := range r.tokens {
			if e.At.Before(old) {
				delete(r.tokens, id)
			}
		}
		if !r.latest.Deleted && r.latest.Before.Before(old) {
			r.latest = Entry{}
		}
		if r.latest.UserID == "" && len(r.tokens) == 0 {
			delete(m.users, user)
		}
	}
}
