package journaltest_test

import (
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
)

func TestMemoryIsAJournal(t *testing.T) {
	journaltest.Run(t, func(*testing.T) journaltest.Opener {
		m := journaltest.NewMemory()
		return func() (attribution.Journal, error) { m.Reopen(); return m, nil }
	})
}
