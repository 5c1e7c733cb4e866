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
