package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
)

func confirmedBy(user string, n int64) attribution.Record {
	return attribution.Record{StoreID: "room", SeqNum: n, Author: attribution.Author{UserID: user, ConnectionID: "of-" + user},
		Timestamp: time.UnixMilli(n), State: attribution.Confirmed}
}

func TestSeveralJournalsAreReadAsOne(t *testing.T) {
	var books []book
	var want []string
	for range 3 {
		books = append(books, journaltest.NewMemory())
	}
	for n := int64(1); n <= 500; n++ {
		user := []string{"ada", "bob"}[rand.IntN(2)]
		want = append(want, fmt.Sprint(n, user))
		some := rand.Perm(len(books))[:1+rand.IntN(len(books))]
		for i, b := range some {
			r := confirmedBy(user, n)
			if i > 0 && n%2 == 0 { // another replica only saw it
				r.State = attribution.Unconfirmed
			}
			j := books[b].(*journaltest.Memory)
			err := j.Confirm(t.Context(), []attribution.Record{r})
			if r.State == attribution.Unconfirmed {
				err = j.Intend(t.Context(), []attribution.Record{r})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	read := func(a search) (got []string) {
		err := a.each(t.Context(), books, func(r attribution.Record) error {
			if r.State != attribution.Confirmed {
				t.Errorf("%+v", r)
			}
			got = append(got, fmt.Sprint(r.SeqNum, r.UserID))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := read(search{})
	for i := range want {
		if i >= len(all) || all[i][:len(all[i])-3] != want[i][:len(want[i])-3] {
			t.Fatalf("event %d is %v of %d", i, all[min(i, len(all)-1)], len(all))
		}
	}
	if len(all) != 500 {
		t.Errorf("%d events, want 500", len(all))
	}
	if got := read(search{limit: 7}); !slices.Equal(got, all[:7]) {
		t.Errorf("%v", got)
	}
	adas := slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s[len(s)-3:] != "ada" })
	if got := read(search{q: attribution.Query{UserID: "ada"}}); !slices.Equal(got, adas) {
		t.Errorf("%d of ada, want %d", len(got), len(adas))
	}
}

func TestAJournalThatEndsInTheMiddleIsAnError(t *testing.T) {
	j := journaltest.NewMemory()
	j.Fail(errors.New("the disk is gone"))
	if err := (search{}).each(context.Background(), []book{journaltest.NewMemory(), j}, func(attribution.Record) error { return nil }); err == nil {
		t.Error("half of the answer was taken for all of it")
	}
}
