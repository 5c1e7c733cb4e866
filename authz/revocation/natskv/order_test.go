package natskv_test

import (
	"testing"
	"time"

	"github.com/syncward/syncward/authz/revocation"
	"github.com/syncward/syncward/authz/revocation/natskv"
)

// What comes over the watch and the answers to our own writes have no order
// between them; the bucket's revisions have.
func TestTheBucketsOrderCountsWhateverIsHeardFirst(t *testing.T) {
	now := time.Now().UTC()
	low, high := revocation.Entry{UserID: "ada", Before: now.Add(-time.Hour)}, revocation.Entry{UserID: "ada", Before: now}
	for name, row := range map[string]struct {
		steps func(s *natskv.Store)
		// at is the highest iat that is refused; zero: none
		at time.Time
	}{
		"our write, then a removal that is heard before our answer": {func(s *natskv.Store) {
			_ = s.Add(low)
			s.Written(low, 10)
			s.RemovedAt(low, 11)
			s.Confirmed(low, 10)
		}, time.Time{}},
		"a removal, then our write over it": {func(s *natskv.Store) {
			_ = s.Add(low)
			s.RemovedAt(low, 9)
			s.Confirmed(low, 10)
		}, low.Before},
		"our write, a removal, and a stronger entry of ours that is still to be written": {func(s *natskv.Store) {
			_ = s.Add(low)
			s.RemovedAt(low, 11)
			_ = s.Add(high)
			s.Confirmed(low, 10)
		}, high.Before},
		"a removal that is older than what is known": {func(s *natskv.Store) {
			s.Written(high, 12)
			s.RemovedAt(low, 11)
		}, high.Before},
		"a value that is older than what is known": {func(s *natskv.Store) {
			s.Written(high, 12)
			s.Written(low, 11)
		}, high.Before},
		"a weaker value of after a removal that we missed": {func(s *natskv.Store) {
			s.Written(high, 12)
			s.Written(low, 14)
		}, low.Before},
		"a weaker value while ours is to be written": {func(s *natskv.Store) {
			_ = s.Add(high)
			s.Written(low, 14)
		}, high.Before},
		"a stronger value in a bucket that begins anew": {func(s *natskv.Store) {
			s.Written(low, 50)
			s.Reopened()
			s.Written(high, 1)
		}, high.Before},
		"a weaker value in a bucket that begins anew": {func(s *natskv.Store) {
			s.Written(high, 50)
			s.Reopened()
			s.Written(low, 1)
		}, high.Before},
		"a removal": {func(s *natskv.Store) {
			s.Written(high, 12)
			s.RemovedAt(high, 13)
		}, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := natskv.New(natskv.Options{Keep: keep})
			row.steps(s)
			for _, iat := range []time.Time{low.Before, high.Before} {
				want := revocation.Clear
				if !iat.After(row.at) {
					want = revocation.Revoked
				}
				if got := s.Check("ada", "", iat); got != want {
					t.Errorf("iat %v: %v, want %v", iat.Sub(now), got, want)
				}
			}
		})
	}
}
