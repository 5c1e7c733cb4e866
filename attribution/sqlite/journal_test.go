package sqlite_test

import (
	"path/filepath"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/attribution/sqlite"
)

func TestSQLiteIsAJournal(t *testing.T) {
	for name, opt := range map[string]sqlite.Options{"synced": {}, "relaxed": {Relaxed: true}} {
		t.Run(name, func(t *testing.T) {
			journaltest.Run(t, func(t *testing.T) journaltest.Opener {
				path := filepath.Join(t.TempDir(), "odd ?%41 name.db")
				return func() (attribution.Journal, error) { return sqlite.Open(path, opt) }
			})
		})
	}
}

func TestKilledProcessesThatShareADatabaseLoseNothing(t *testing.T) {
	journaltest.Kill(t, 2, func(path string) (attribution.Journal, error) { return sqlite.Open(path, sqlite.Options{}) })
}
