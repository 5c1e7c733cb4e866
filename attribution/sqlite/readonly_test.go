package sqlite_test

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/sqlite"
)

func TestAReadOnlyJournalAnswersBesideTheWriterAndMakesNothing(t *testing.T) {
	dir := t.TempDir()
	if _, err := sqlite.Open(filepath.Join(dir, "none"), sqlite.Options{ReadOnly: true}); err == nil {
		t.Error("a database that is not there is no error")
	}
	if left, _ := os.ReadDir(dir); len(left) > 0 {
		t.Errorf("%v was made", left)
	}
	path := filepath.Join(dir, "odd ?%41 name.db")
	w, err := sqlite.Open(path, sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	r, err := sqlite.Open(path, sqlite.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	one := []attribution.Record{{StoreID: "st", SeqNum: 1, Author: attribution.Author{UserID: "ada"}, Timestamp: time.UnixMilli(1), State: attribution.Confirmed}}
	if err := w.Confirm(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	if all, err := r.Events(t.Context(), attribution.Query{}); err != nil || len(all) != 1 || all[0].UserID != "ada" {
		t.Errorf("%+v, %v", all, err)
	}
	if r.Intend(t.Context(), one) == nil {
		t.Error("a read-only journal took an intent")
	}
}

// A mistyped path must change nobody's database.
func TestADatabaseThatIsNoJournalIsLeftAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.db")
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("CREATE TABLE notes (text TEXT); INSERT INTO notes VALUES ('hello')"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, opt := range []sqlite.Options{{}, {ByClient: true}, {ReadOnly: true}} {
		if _, err := sqlite.Open(path, opt); err == nil {
			t.Errorf("%+v takes it for a journal", opt)
		}
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file has changed, %v", err)
	}
}
