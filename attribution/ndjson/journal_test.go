package ndjson_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/attribution/ndjson"
)

func TestNDJSONIsAJournal(t *testing.T) {
	for name, opt := range map[string]ndjson.Options{
		"one file":                  {},
		"a new file for each write": {MaxBytes: 1},
		"a new file now and then":   {MaxBytes: 2000},
		"fsync now and then":        {Interval: time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			opt.Failed = func(err error) { t.Error(err) }
			opt.Damaged = func(file string, line int) { t.Errorf("%s:%d is damaged", file, line) }
			journaltest.Run(t, func(t *testing.T) journaltest.Opener {
				path := filepath.Join(t.TempDir(), "events.ndjson")
				return func() (attribution.Journal, error) { return ndjson.Open(path, opt) }
			})
		})
	}
}

func TestAKilledProcessLosesNothing(t *testing.T) {
	journaltest.Kill(t, 1, func(path string) (attribution.Journal, error) {
		return ndjson.Open(path, ndjson.Options{Damaged: func(file string, line int) { t.Errorf("%s:%d is damaged", file, line) }})
	})
}

func TestAKillDuringRotationLosesNothing(t *testing.T) {
	journaltest.Kill(t, 1, func(path string) (attribution.Journal, error) {
		return ndjson.Open(path, ndjson.Options{MaxBytes: 5000, Damaged: func(file string, line int) { t.Errorf("%s:%d is damaged", file, line) }})
	})
}

func TestAKilledProcessThatSyncsNowAndThenLosesNothing(t *testing.T) {
	journaltest.Kill(t, 1, func(path string) (attribution.Journal, error) {
		return ndjson.Open(path, ndjson.Options{Interval: time.Second})
	})
}

func TestAKillWhileIntentsAreGivenUpLosesNothing(t *testing.T) {
	journaltest.Kill(t, 1, func(path string) (attribution.Journal, error) {
		return ndjson.Open(path, ndjson.Options{MaxOpen: 50, MaxBytes: 5000, Damaged: func(file string, line int) { t.Errorf("%s:%d is damaged", file, line) }})
	})
}
