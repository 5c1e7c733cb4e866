package natsstream_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
)

// numbers lie on both sides of the borders at which a log is divided.
var numbers = []int64{math.MinInt64, -257, -256, -1, 0, 1, 2, 255, 256, 257, 511, 512, 70_000, 1 << 40, math.MaxInt64}

func anyOf[T any](all ...T) T { return all[rand.IntN(len(all))] }

// anywhere is a record of some user at some place.
func anywhere() attribution.Record {
	r := rec(anyOf(numbers...), anyOf("ada", "bob", nobody))
	r.StoreID, r.BackendID = anyOf("room", "hall"), anyOf("", "b", "b2")
	if r.SeqNum == 0 {
		r.EventID = anyOf("", "e1", "e2")
	}
	return r
}

func anyQuery() attribution.Query {
	q := attribution.Query{StoreID: anyOf("", "room"), UserID: anyOf("", "", "ada"), Limit: anyOf(0, 1, 2, 7)}
	if anyOf(true, false) {
		q.AfterSeqNum = anyOf(numbers...)
	}
	if anyOf(true, false) {
		q.UntilSeqNum = anyOf(numbers...)
	}
	if anyOf(true, false) {
		q.AfterSeqNum = q.UntilSeqNum - 1
	}
	if anyOf(true, false) {
		q.After = anywhere().Place()
	}
	return q
}

func TestEveryQueryIsAnsweredAsByAJournalInMemory(t *testing.T) {
	b := startBroker(t)
	stream, memory := b.journal("EVENTS"), journaltest.NewMemory()
	for range 150 {
		r := []attribution.Record{anywhere()}
		for _, j := range []attribution.Journal{stream, memory} {
			var err error
			switch r[0].UserID {
			case "ada":
				err = j.Intend(t.Context(), r)
			default:
				err = j.Confirm(t.Context(), []attribution.Record{confirmed(r[0])})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 300 {
		q := anyQuery()
		got, err := stream.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := memory.Events(t.Context(), q)
		if !slices.Equal(got, want) {
			t.Fatalf("%+v\n%v\nwant\n%v", q, got, want)
		}
	}
}

func TestAPageCostsWhatIsInItAndNotWhatIsInTheJournal(t *testing.T) {
	b := startBroker(t)
	j, received := b.counted("EVENTS")
	var all []attribution.Record
	for n := range int64(4000) {
		r := confirmed(rec(n+1, "ada"))
		all = append(all, r)
		r.StoreID = "hall"
		all = append(all, r)
	}
	if err := j.Confirm(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	for what, q := range map[string]attribution.Query{
		"a place":      {StoreID: "room", AfterSeqNum: 1999, UntilSeqNum: 2000},
		"a page":       {StoreID: "room", AfterSeqNum: 1500, Limit: 20},
		"a later page": {StoreID: "room", After: all[7000].Place(), Limit: 20},
		"the last one": {StoreID: "room", AfterSeqNum: 3998, Limit: 20},
	} {
		received()
		got, err := j.Events(t.Context(), q)
		if err != nil || len(got) == 0 || len(got) > 20 {
			t.Errorf("%s: %d, %v", what, len(got), err)
		}
		if n := received(); n > 100_000 { // the names of the store alone are 250,000
			t.Errorf("%s: %d bytes were read", what, n)
		}
	}
}

// A page that had less in it than it may would be taken for the last one.
func TestIntentsAtConfirmedPlacesTakeNoRoomInAPage(t *testing.T) {
	j := startBroker(t).journal("EVENTS")
	var theirs, late []attribution.Record
	for n := range int64(100) {
		theirs = append(theirs, confirmed(rec(n+1, "bob")))
		late = append(late, rec(n+1, "ada"))
	}
	open := rec(200, "ada")
	err := j.Confirm(t.Context(), theirs)
	if err == nil {
		err = j.Intend(t.Context(), append(late, open))
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := j.Events(t.Context(), attribution.Query{UserID: "ada", Limit: 1})
	if err != nil || !slices.Equal(got, []attribution.Record{open}) {
		t.Errorf("%v, %v", got, err)
	}
}
