package natskv

import (
	"time"

	"github.com/syncward/syncward/authz/revocation"
)

// Written is what the watch brings of an entry that somebody wrote.
func (s *Store) Written(e revocation.Entry, rev uint64) {
	value := []byte(`{"userId":"` + e.UserID + `","before":"` + e.Before.UTC().Format("2006-01-02T15:04:05.999999999Z07:00") + `","at":"2030-01-01T00:00:00Z"}`)
	s.take(&bucket{ends: true}, event{key: keyOf(e), rev: rev, value: value})
}

// RemovedAt is what the watch brings of a removal.
func (s *Store) RemovedAt(e revocation.Entry, rev uint64) {
	s.take(&bucket{ends: true}, event{key: keyOf(e), rev: rev, removed: true})
}

// Confirmed is the answer to our own write.
func (s *Store) Confirmed(e revocation.Entry, rev uint64) { s.confirmed(keyOf(e), e, rev) }

// Reopened is a bucket that was made anew, with nothing in it.
func (s *Store) Reopened() { s.opened(&bucket{ends: true, created: time.Now()}) }
