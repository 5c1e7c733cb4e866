package authz

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"
)

// HMACSecrets is the Keys of a shared secret, and through a rotation of the
// previous one until a fixed time. A token's kid picks nothing here: both
// secrets are tried. The nil *HMACSecrets holds none.
type HMACSecrets struct {
	now  func() time.Time
	held atomic.Pointer[heldSecrets]
}

// heldSecrets is never changed once it is stored.
type heldSecrets struct {
	keys    []Key      // current, then previous where there is one
	digests [][32]byte // SHA-256 of each, for Holds
	until   time.Time  // when previous ends
}

// NewHMACSecrets returns the source of current and, where previous is not
// empty, of previous while now() is before until. A nil now is time.Now. The
// error says which secret is too short or published, or that previous and
// until are not given together.
func NewHMACSecrets(current, previous []byte, until time.Time, now func() time.Time) (*HMACSecrets, error) {
	if now == nil {
		now = time.Now
	}
	s := &HMACSecrets{now: now}
	if err := s.Swap(current, previous, until); err != nil {
		return nil, err
	}
	return s, nil
}

// Swap replaces all secrets at once, for decisions that begin from then on.
// After an error, which is as that of NewHMACSecrets, the last good ones stay.
func (s *HMACSecrets) Swap(current, previous []byte, until time.Time) error {
	if (len(previous) == 0) != until.IsZero() {
		return errors.New("previous secret and its end time must be given together")
	}
	key, err := NewHMACKey(current)
	if err != nil {
		return fmt.Errorf("current secret: %w", err)
	}
	held := &heldSecrets{keys: []Key{key}, digests: [][32]byte{sha256.Sum256(current)}, until: until}
	if len(previous) > 0 {
		if key, err = NewHMACKey(previous); err != nil {
			return fmt.Errorf("previous secret: %w", err)
		}
		held.keys = append(held.keys, key)
		held.digests = append(held.digests, sha256.Sum256(previous))
	}
	s.held.Store(held)
	return nil
}

// Find returns the secrets that are in force now; it never blocks.
func (s *HMACSecrets) Find(context.Context, Header) ([]Key, error) {
	if s == nil {
		return nil, ErrNoKeys
	}
	held := s.held.Load()
	if len(held.keys) > 1 && !s.now().Before(held.until) {
		return held.keys[:1:1], nil
	}
	return held.keys, nil
}

// Algorithms returns HS256, HS384 and HS512.
func (s *HMACSecrets) Algorithms() []string { return slices.Clone(hmacAlgorithms) }

// Holds reports whether secret is one of these, whatever the time, so that a
// key for another purpose can be refused. It compares in constant time.
func (s *HMACSecrets) Holds(secret []byte) bool {
	if s == nil {
		return false
	}
	digest, found := sha256.Sum256(secret), 0
	for _, d := range s.held.Load().digests {
		found |= subtle.ConstantTimeCompare(d[:], digest[:])
	}
	return found == 1
}
