package ndjson_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/ndjson"
)

// upTo is "1 2 … n".
func upTo(n int64) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprint(&b, i+1, " ")
	}
	return strings.TrimSpace(b.String())
}

func unconfirmed(t *testing.T, j attribution.Journal, want int) {
	t.Helper()
	if n, err := j.Unconfirmed(context.Background()); err != nil || n != want {
		t.Errorf("%d are unconfirmed, %v; want %d", n, err, want)
	}
}

// read is what a reader beside the journal says.
func read(t *testing.T, path, want string) {
	t.Helper()
	r, err := ndjson.NewReader(path)
	ok(t, err)
	all, err := r.Events(t.Context(), attribution.Query{Limit: 1 << 20})
	ok(t, err)
	got := ""
	for _, r := range all {
		got += fmt.Sprint(" ", r.SeqNum)
		if r.State == attribution.Confirmed {
			got += "+"
		}
	}
	if strings.TrimSpace(got) != want {
		t.Errorf("a reader says %q, want %q", got, want)
	}
}

// compacted waits until no archive holds an intent that is none any more.
func compacted(t *testing.T, path string) {
	t.Helper()
	until(t, func() string {
		names, err := filepath.Glob(path + ".0*")
		ok(t, err)
		left := 0
		for _, name := range names {
			if strings.HasSuffix(name, ".new") { // it is being written, and may be gone now
				left++
				continue
			}
			b, err := os.ReadFile(name)
			ok(t, err)
			left += strings.Count(string(b), `"kind":"intent"`)
		}
		if left == 0 {
			return ""
		}
		return fmt.Sprint(left, " intents or unfinished files are left beside the journal")
	})
}

func TestIntentsThatNobodyAnswersAreHeldUpToABoundAndAllListed(t *testing.T) {
	for name, opt := range map[string]ndjson.Options{
		"one file":                  {MaxOpen: 10},
		"a new file for each write": {MaxOpen: 10, MaxBytes: 1},
		"a new file now and then":   {MaxOpen: 10, MaxBytes: 5000},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "e")
			j := open(t, path, opt)
			for n := range int64(100) {
				ok(t, j.Intend(t.Context(), []attribution.Record{rec(n + 1)}))
				if held := ndjson.Held(j); held > 10 {
					t.Fatalf("%d intents are held", held)
				}
			}
			for range 2 {
				is(t, j, upTo(100))
				unconfirmed(t, j, 100)
				if opt.MaxBytes > 0 {
					compacted(t, path)
				}
				read(t, path, upTo(100))
				is(t, j, upTo(100))
				for n, want := range map[int64]int{90: 0, 91: 1, 100: 1} { // the oldest went
					if found, err := j.Open(t.Context(), []attribution.Place{rec(n).Place()}); err != nil || len(found) != want {
						t.Errorf("at %d %d are open, %v; want %d", n, len(found), err, want)
					}
				}
				ok(t, j.Close())
				j = open(t, path, opt)
			}
			page, err := j.Events(t.Context(), attribution.Query{Limit: 30, AfterSeqNum: 50})
			if err != nil || len(page) != 30 || page[0].SeqNum != 51 || page[29].SeqNum != 80 {
				t.Errorf("a page of given up intents is %v, %v", page, err)
			}
		})
	}
}

func TestWhatWasGivenUpIsCarriedNoFurther(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	j := open(t, path, ndjson.Options{MaxOpen: 3, MaxBytes: 1})
	for n := range int64(50) {
		ok(t, j.Intend(t.Context(), []attribution.Record{rec(n + 1)}))
	}
	now, err := os.ReadFile(path)
	ok(t, err)
	if lines := strings.Count(string(now), "\n"); lines > 6 { // header, 3 carried, 1 given up, 1 new
		t.Errorf("the newest file has %d lines", lines)
	}
}

func TestALateAcknowledgementConfirmsWhatWasGivenUp(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	opt := ndjson.Options{MaxOpen: 2, MaxBytes: 700}
	j := open(t, path, opt)
	for n := range int64(6) {
		ok(t, j.Intend(t.Context(), []attribution.Record{rec(n + 1)}))
	}
	ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(1), confirmed(3)}))
	ok(t, j.Forget(t.Context(), []attribution.Record{rec(2)})) // nobody looks for it any more
	for range 2 {
		is(t, j, "1+ 2 3+ 4 5 6")
		read(t, path, "1+ 2 3+ 4 5 6")
		for user, want := range map[string]int{"ada": 2, "bob": 0} { // a page is full in spite of what was confirmed
			page, err := j.Events(t.Context(), attribution.Query{UserID: user, Limit: 2, AfterSeqNum: 2})
			if err != nil || len(page) != want || want > 0 && (page[0].State != attribution.Confirmed || page[1].SeqNum != 4) {
				t.Errorf("%s's page is %v, %v", user, page, err)
			}
		}
		ok(t, j.Close())
		j = open(t, path, opt)
	}
}

// Ada's intent was given up, bob's is there: to look at him alone would be to guess.
func TestAtAPlaceThatHasLostAnIntentNothingIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	nameless := rec(1)
	nameless.BackendID = ""
	bobs := rec(1)
	bobs.UserID = "bob"
	for name, adas := range map[string]attribution.Record{"of the log": rec(1), "of no log": nameless} {
		t.Run(name, func(t *testing.T) {
			path := path + name
			j := open(t, path, ndjson.Options{MaxOpen: 2, MaxBytes: 1})
			for _, r := range []attribution.Record{adas, rec(2), rec(3), bobs} {
				ok(t, j.Intend(t.Context(), []attribution.Record{r}))
			}
			for range 2 {
				for at, want := range map[attribution.Place]int{bobs.Place(): 0, adas.Place(): 0, rec(3).Place(): 1} {
					if found, err := j.Open(t.Context(), []attribution.Place{at}); err != nil || len(found) != want {
						t.Errorf("at %v %v are open, %v; want %d", at, found, err, want)
					}
				}
				is(t, j, "1 1 2 3")
				unconfirmed(t, j, 4)
				ok(t, j.Close())
				j = open(t, path, ndjson.Options{MaxOpen: 2, MaxBytes: 1})
			}
		})
	}
}

func TestAWriteThatFailedGivesNothingUp(t *testing.T) {
	var broken atomic.Bool
	path := filepath.Join(t.TempDir(), "e")
	opt := ndjson.OnDisk(ndjson.Options{MaxOpen: 2}, (*os.File).WriteAt, func(f *os.File) error {
		if broken.Load() {
			return errDisk
		}
		return f.Sync()
	})
	j := open(t, path, opt)
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1), rec(2)}))
	broken.Store(true)
	if err := j.Intend(t.Context(), []attribution.Record{rec(3)}); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	is(t, j, "1 2")
	unconfirmed(t, j, 2)
	broken.Store(false)
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(3)}))
	is(t, j, "1 2 3")
	unconfirmed(t, j, 3)
	ok(t, j.Close())
	is(t, open(t, path, ndjson.Options{}), "1 2 3")
}

// More than a query gathers at a time.
func TestAPageIsFullThoughMostOfWhatWasGivenUpWasConfirmedLater(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "e"), ndjson.Options{MaxOpen: 10, Interval: time.Hour})
	const each, batches = 5000, 5
	for b := range int64(batches) {
		var all []attribution.Record
		for n := range int64(each) {
			all = append(all, rec(b*each+n+1))
		}
		ok(t, j.Intend(t.Context(), all))
	}
	var all []attribution.Record
	for n := range int64(19_000) {
		r := confirmed(n + 1)
		r.UserID = "bob"
		all = append(all, r)
	}
	ok(t, j.Confirm(t.Context(), all))
	page, err := j.Events(t.Context(), attribution.Query{UserID: "ada", Limit: 5})
	if err != nil || len(page) != 5 || page[0].SeqNum != 19_001 || page[4].SeqNum != 19_005 {
		t.Errorf("%v, %v", page, err)
	}
}
