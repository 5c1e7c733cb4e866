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

// Index is what every store answers from: the entries that are in force in this
// process. It keeps nothing elsewhere and tells nobody. Its methods may be
// called from any goroutine; Check never waits for a network or a disk.
type Index struct {
	keep  time.Duration
	now   func() time.Time
	mu    sync.RWMutex
	users map[string]*record
	added int // entries since the last prune
	left  int // users behind it
}

// record is what is known of one user.
type record struct {
	latest Entry            // the latest watermark or the deletion; zero UserID: none
	tokens map[string]Entry // single tokens, by jti
}

// NewIndex returns an empty index whose entries matter for keep, deletions for
// ever; now is the clock, nil: time.Now.
func NewIndex(keep time.Duration, now func() time.Time) *Index {
	if now == nil {
		now = time.Now
	}
	return &Index{keep: keep, now: now, users: map[string]*record{}}
}

// Check says whether a token of that user, with that jti and iat, was revoked.
func (x *Index) Check(userID, tokenID string, issuedAt time.Time) Verdict {
	x.mu.RLock()
	defer x.mu.RUnlock()
	if all := x.users[Everybody]; all != nil && !issuedAt.After(all.latest.Before) {
		return Revoked
	}
	r := x.users[userID]
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

// Put adds an entry; of two in the same place the stronger stays: a deletion,
// else the later watermark. It returns whether that changed anything.
func (x *Index) Put(e Entry) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	old, held := x.held(e)
	if held && !e.stronger(old) {
		return false
	}
	x.set(e)
	return true
}

// Replace puts an entry in its place whatever is there, weaker or stronger. It
// returns whether the new one is the stronger.
func (x *Index) Replace(e Entry) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	old, held := x.held(e)
	x.set(e)
	return !held || e.stronger(old)
}

// Held returns the entry that is in e's place.
func (x *Index) Held(e Entry) (Entry, bool) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.held(e)
}

// Drop forgets the entry that is in e's place.
func (x *Index) Drop(e Entry) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r := x.users[e.UserID]
	switch {
	case r == nil:
		return
	case e.single():
		delete(r.tokens, e.TokenID)
	default:
		r.latest = Entry{}
	}
	x.tidy(e.UserID, r)
}

// Trim drops the entries that no longer matter, now and then: so seldom that it
// costs little beside what was added meanwhile, and so often that what is over
// takes no more room than what is not.
func (x *Index) Trim() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.added > 1024+x.left {
		x.prune()
	}
}

// Forget drops all of a user's entries; false where there is none.
func (x *Index) Forget(userID string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	_, known := x.users[userID]
	delete(x.users, userID)
	return known
}

// List drops the entries that no longer matter, and returns the others, by user.
func (x *Index) List() []Entry {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.prune()
	var all []Entry
	for _, r := range x.users {
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

func (x *Index) held(e Entry) (Entry, bool) {
	r := x.users[e.UserID]
	if r == nil {
		return Entry{}, false
	}
	if e.single() {
		old, ok := r.tokens[e.TokenID]
		return old, ok
	}
	return r.latest, r.latest.UserID != ""
}

func (x *Index) set(e Entry) {
	x.added++
	r := x.users[e.UserID]
	if r == nil {
		r = &record{}
		x.users[e.UserID] = r
	}
	if !e.single() {
		r.latest = e
		return
	}
	if r.tokens == nil {
		r.tokens = map[string]Entry{}
	}
	r.tokens[e.TokenID] = e
}

// prune drops what no token that could still be accepted is concerned by.
func (x *Index) prune() {
	now := x.now()
	defer func() { x.added, x.left = 0, len(x.users) }()
	for user, r := range x.users {
		for id, e := range r.tokens {
			if e.Over(x.keep, now) {
				delete(r.tokens, id)
			}
		}
		if r.latest.UserID != "" && r.latest.Over(x.keep, now) {
			r.latest = Entry{}
		}
		x.tidy(user, r)
	}
}

func (x *Index) tidy(userID string, r *record) {
	if r.latest.UserID == "" && len(r.tokens) == 0 {
		delete(x.users, userID)
	}
}
