package revocation

import (
	"sync"
	"time"
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
	index *Index
	path  string
	mu    sync.Mutex // one writer at a time: the file is as the index
	tell  func(Entry)
}

// Open returns a store with what the file holds. An error says what is wrong
// with the file: a store that has forgotten lets in whom it should not.
func Open(o Options) (*Memory, error) {
	m := &Memory{index: NewIndex(o.Keep, o.Now), path: o.Path}
	entries, err := load(o.Path)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		m.index.Put(e)
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
	if !e.Valid() {
		return ErrEntry
	}
	e.At = m.index.now()
	m.mu.Lock()
	m.index.Put(e)
	err := m.save()
	tell := m.tell
	m.mu.Unlock()
	if tell != nil {
		tell(e)
	}
	return err
}

// Check says whether a token of that user, with that jti and iat, was revoked.
func (m *Memory) Check(userID, tokenID string, issuedAt time.Time) Verdict {
	return m.index.Check(userID, tokenID, issuedAt)
}

// Remove forgets all of a user's entries; false where there is none. Errors are
// those of the file.
func (m *Memory) Remove(userID string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.index.Forget(userID) {
		return false, nil
	}
	return true, m.save()
}

// List returns the entries that still matter, by user.
func (m *Memory) List() []Entry { return m.index.List() }

func (m *Memory) save() error {
	if m.path == "" {
		m.index.Trim()
		return nil
	}
	return save(m.path, m.index.List())
}
