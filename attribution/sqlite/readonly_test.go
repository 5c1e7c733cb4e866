package sqlite_test

import (
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
