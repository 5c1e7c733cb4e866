package attribution_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
)

// written is an event as the worker's database has it.
type written struct {
	user, client, name, text string
}

// log reads a store's events, by number, from the worker's own database. It is
// empty until there is one.
func log(t *testing.T, w *worker.Worker, store string) map[int64]written {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(w.State, "v3", "do", "*", "*.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	events := map[int64]written{}
	for _, file := range files {
		db, err := sql.Open("sqlite", "file:"+file+"?mode=ro&_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := db.Query("SELECT seqNum, name, args, clientId FROM eventlog_7_" + strings.ReplaceAll(store, "-", "_"))
		if err == nil { // else it is another store's
			read(t, rows, events)
		}
		db.Close()
	}
	return events
}

func read(t *testing.T, rows *sql.Rows, events map[int64]written) {
	t.Helper()
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var args string
		var e written
		if err := rows.Scan(&seq, &e.name, &args, &e.client); err != nil {
			t.Fatal(err)
		}
		var note struct{ Text string }
		if err := json.Unmarshal([]byte(args), &note); err != nil {
			t.Fatal(err)
		}
		e.text = note.Text
		e.user, _, _ = strings.Cut(note.Text, " ") // "ada 17"
		events[seq] = e
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// answer is a line of `syncward events --format json`.
type answer struct {
	StoreID, BackendID, Name, UserID, ConnectionID, ClientID, State string
	SeqNum                                                          int64
}

// compare asks `syncward events` about a store, and says what it leaves out. A
// wrong author, or an event that is named twice, fails the test at once.
func compare(t *testing.T, store string, truth map[int64]written, journals ...string) (missing []string) {
	t.Helper()
	args := []string{"events", "--store", store, "--format", "json"}
	for _, j := range journals {
		args = append(args, "--journal", j)
	}
	var head int64
	for seq := range truth {
		head = max(head, seq)
	}
	told := map[int64]answer{}
	for line := range strings.Lines(rig.Syncward(t, nil, args...)) {
		var a answer
		if err := json.Unmarshal([]byte(line), &a); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if a.State != "confirmed" && a.BackendID == "" {
			// A client that has pulled nothing yet names no log in its push. Where the
			// answer is lost (by a kill, or the client is given up), nobody knows of
			// which log it spoke, so it stays open for good, however its events fared:
			// how many there are is chance. It hides none that is missing: each event is
			// looked for below.
			if !strings.HasSuffix(a.ClientID, "-of-"+a.UserID) || a.StoreID != store || a.SeqNum <= 0 || a.ConnectionID == "" {
				t.Fatalf("nobody offered %+v", a)
			}
			continue
		}
		if a.State != "confirmed" && a.SeqNum > head {
			// A client that was given up (catchUp) never pushed all it had: the log
			// ends short of what was offered. Nothing stands there that lacks an author.
			continue
		}
		if a.State != "confirmed" {
			missing = append(missing, fmt.Sprintf("%d is %s by %s", a.SeqNum, a.State, a.UserID))
			continue
		}
		is, there := truth[a.SeqNum]
		switch before, twice := told[a.SeqNum]; {
		case twice:
			t.Fatalf("event %d is told twice: %+v and %+v", a.SeqNum, before, a)
		case there && (a.UserID != is.user || a.ClientID != is.client || a.Name != is.name || a.StoreID != store):
			t.Fatalf("event %d is %+v, and told to be %+v", a.SeqNum, is, a)
		case !there:
			missing = append(missing, fmt.Sprintf("%d is told, and not in the log", a.SeqNum))
		}
		told[a.SeqNum] = a
	}
	for seq, is := range truth {
		if _, ok := told[seq]; !ok {
			missing = append(missing, fmt.Sprintf("%d of %s is not told", seq, is.user))
		}
	}
	return missing
}
