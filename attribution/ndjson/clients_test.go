package ndjson_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/ndjson"
)

// written is a record under a clientId; the later, the higher at.
func written(n int64, client, user string, at int64, state attribution.State) []attribution.Record {
	r := rec(n)
	r.ClientID, r.UserID, r.Timestamp, r.State = client, user, time.UnixMilli(at).UTC(), state
	return []attribution.Record{r}
}

// unreadable is a journal that is too long to be read through.
type unreadable struct{ *ndjson.Journal }

func (unreadable) Events(context.Context, attribution.Query) ([]attribution.Record, error) {
	return nil, errors.New("it takes too long")
}

// learned waits until the archives were read.
func learned(t *testing.T, j *ndjson.Journal) {
	t.Helper()
	until(t, func() string {
		if _, known := j.FirstUser("st", "c"); known {
			return ""
		}
		return "nothing is ever known of clientIds"
	})
}

// until polls until nothing is wrong any more: what a journal does behind its
// callers tells nobody. The time is a safety net.
func until(t *testing.T, wrong func() string) {
	t.Helper()
	end := time.Now().Add(20 * time.Second)
	for what := wrong(); what != ""; what = wrong() {
		if time.Now().After(end) {
			t.Fatal(what)
		}
		time.Sleep(time.Millisecond) // between two looks: nothing tells
	}
}

func TestWhoseAClientIDIsNeedsNoReadingThrough(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	opt := ndjson.Options{MaxBytes: 1, MaxOpen: 2, ByClient: true, Nobody: "anonymous"}
	j := open(t, path, opt)
	c, u := attribution.Confirmed, attribution.Unconfirmed
	for _, w := range [][]attribution.Record{
		written(1, "a", "bob", 2000, c), written(2, "a", "ada", 1000, c), // the earliest
		written(3, "b", "bob", 1000, u), written(4, "b", "ada", 2000, c), // the one who is sure; bob's is given up
		written(5, "c", "anonymous", 1000, c), written(6, "c", "bob", 2000, c), // not nobody
		written(7, "d", "bob", 1000, u), written(8, "d", "cyd", 900, u), // of what is only meant
		written(9, "e", "bob", 1000, u), written(10, "e", "anonymous", 10, u),
	} {
		keep := j.Confirm
		if w[0].State == u {
			keep = j.Intend
		}
		ok(t, keep(t.Context(), w))
	}
	for range 3 {
		learned(t, j)
		all, slow := map[string]string{"a": "ada", "b": "ada", "c": "bob", "d": "cyd", "e": "bob"}, attribution.NewOwners(noIndex{j}, "anonymous")
		for client, owner := range all {
			fast := attribution.NewOwners(unreadable{j}, "anonymous")
			for name, o := range map[string]*attribution.Owners{"in memory": fast, "by reading": slow} {
				for user, want := range map[string]bool{"eve": false, owner: true} {
					if mine, err := o.Claim(t.Context(), "st", client, user); err != nil || mine != want {
						t.Errorf("%s: %s for %s is %v, %v", name, client, user, mine, err)
					}
				}
			}
		}
		if user, known := j.FirstUser("other", "a"); user != "" || !known {
			t.Errorf("in another store %q, %v", user, known)
		}
		ok(t, j.Close())
		j = open(t, path, opt)
	}
}

// noIndex hides FirstUser.
type noIndex struct{ attribution.Journal }

func TestWhatTheMemoryOfClientIDsHasNoRoomForIsRead(t *testing.T) {
	j := open(t, filepath.Join(t.TempDir(), "e"), ndjson.Options{ByClient: true, Interval: time.Hour})
	learned(t, j)
	const some = 1<<18 + 5
	var all []attribution.Record
	for n := range int64(some) {
		all = append(all, written(n+1, fmt.Sprint(n), "ada", 1000+n, attribution.Confirmed)...)
		if len(all) == 1<<15 || n == some-1 {
			ok(t, j.Confirm(t.Context(), all))
			all = nil
		}
	}
	for client, want := range map[string]bool{"7": true, fmt.Sprint(some - 1): false, "nobody's": false} {
		if _, known := j.FirstUser("st", client); known != want {
			t.Errorf("%s is known: %v", client, known)
		}
	}
	o := attribution.NewOwners(j, "anonymous")
	if mine, err := o.Claim(t.Context(), "st", fmt.Sprint(some-1), "bob"); mine || err != nil {
		t.Errorf("the last one is bob's: %v, %v", mine, err)
	}
}
