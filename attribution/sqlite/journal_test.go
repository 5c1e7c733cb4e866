package sqlite_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/attribution/sqlite"
)

func TestSQLiteIsAJournal(t *testing.T) {
	for name, opt := range map[string]sqlite.Options{"synced": {}, "relaxed": {Relaxed: true}, "by client": {ByClient: true}} {
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

// Whose a clientId is must not cost a walk over the store: a client can make
// many up.
func TestAClientsRecordsAreFoundWithoutAWalk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j.db")
	for _, opt := range []sqlite.Options{{}, {ByClient: true}, {ByClient: true}} { // it is added to a journal that is there
		j, err := sqlite.Open(path, opt)
		if err != nil {
			t.Fatal(err)
		}
		steps, err := j.Plan(attribution.Query{StoreID: "s", ClientID: "c"})
		plan := strings.Join(steps, "\n")
		for _, index := range []string{"INDEX events_by_client (client=? AND store=?)", "INDEX intents_by_client (client=? AND store=?)"} {
			if err != nil || strings.Contains(plan, index) != opt.ByClient {
				t.Errorf("%+v: %s, %v\n%s", opt, index, err, plan)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestNobodyElseReadsTheDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if err := j.Intend(t.Context(), []attribution.Record{{StoreID: "s", SeqNum: 1}}); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(path + "*")
	if len(files) < 2 {
		t.Errorf("%v: no write-ahead log", files)
	}
	for _, file := range files {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", filepath.Base(file), info.Mode(), err)
		}
	}
}
