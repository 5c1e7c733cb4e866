package ndjson_test

import (
	"context"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/attribution/ndjson"
)

// besides answers queries by a reader beside the journal.
type besides struct {
	attribution.Journal
	path string
}

func (b *besides) Events(ctx context.Context, q attribution.Query) ([]attribution.Record, error) {
	if _, err := b.Journal.Events(ctx, attribution.Query{Limit: 1}); err != nil {
		return nil, err // it is closed
	}
	r, err := ndjson.NewReader(b.path)
	if err != nil {
		return nil, err
	}
	return r.Events(ctx, q)
}

func TestAReaderSaysWhatTheJournalSays(t *testing.T) {
	for name, opt := range map[string]ndjson.Options{"one file": {}, "a new file for each write": {MaxBytes: 1}} {
		t.Run(name, func(t *testing.T) {
			journaltest.Run(t, func(t *testing.T) journaltest.Opener {
				path := filepath.Join(t.TempDir(), "events.ndjson")
				return func() (attribution.Journal, error) {
					j, err := ndjson.Open(path, opt)
					if err != nil {
						return nil, err
					}
					return &besides{Journal: j, path: path}, nil
				}
			})
		})
	}
}

func TestAReaderMissesNothingWhileFilesBecomeArchives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.ndjson")
	j, err := ndjson.Open(path, ndjson.Options{MaxBytes: 300})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	var kept atomic.Int64
	done := make(chan error, 1)
	go func() {
		for n := int64(1); n <= 300; n++ {
			rec := attribution.Record{StoreID: "st", SeqNum: n, Hash: sha256.Sum256(nil), Author: attribution.Author{UserID: "ada"},
				Timestamp: time.UnixMilli(n), State: attribution.Confirmed}
			if err := j.Confirm(context.Background(), []attribution.Record{rec}); err != nil {
				done <- err
				return
			}
			kept.Store(n)
		}
		done <- nil
	}()
	r, err := ndjson.NewReader(path)
	if err != nil {
		t.Fatal(err)
	}
	for reads := 0; ; reads++ {
		least := kept.Load()
		all, err := r.Events(t.Context(), attribution.Query{})
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(all)) < least || !slices.IsSortedFunc(all, attribution.Record.Compare) {
			t.Fatalf("%d records, %d were kept before", len(all), least)
		}
		select {
		case err := <-done:
			if err != nil || reads == 0 {
				t.Fatalf("after %d reads: %v", reads, err)
			}
			return
		default:
		}
	}
}

func TestAReaderChangesNothingAndMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := ndjson.NewReader(filepath.Join(dir, "none")); err == nil {
		t.Error("a journal that is not there is no error")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v was made", left)
	}
	other := filepath.Join(dir, "other")
	if err := os.WriteFile(other, []byte("{}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := ndjson.NewReader(other)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.Events(t.Context(), attribution.Query{}); err == nil {
		t.Error("another file was taken for a journal")
	}
}
