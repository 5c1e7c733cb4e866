package journaltest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
)

// Opener opens one and the same journal, anew each time; the one before was
// closed.
type Opener func() (attribution.Journal, error)

// Run holds a kind of journal to what attribution.Journal promises. fresh
// returns the Opener of a journal that holds nothing.
func Run(t *testing.T, fresh func(t *testing.T) Opener) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			b := &book{t: t, opener: fresh(t)}
			b.reopen()
			t.Cleanup(func() { _ = b.Close() })
			c.run(b)
		})
	}
}

// book is an open journal under test.
type book struct {
	attribution.Journal
	t      *testing.T
	opener Opener
}

func (b *book) reopen() {
	b.t.Helper()
	if b.Journal != nil {
		b.ok(b.Close())
	}
	j, err := b.opener()
	b.ok(err)
	b.Journal = j
}

func (b *book) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

var began = time.Date(2026, 11, 22, 12, 0, 0, int(7*time.Millisecond), time.UTC)

// rec is a record of user at st/b1/n.
func rec(n int64, user string) attribution.Record {
	return attribution.Record{StoreID: "st", BackendID: "b1", SeqNum: n, Name: "v1.Made", ClientID: "client", SessionID: "static",
		Hash: sha256.Sum256(fmt.Append(nil, n)), Author: attribution.Author{UserID: user, ConnectionID: "of-" + user},
		Timestamp: began.Add(time.Duration(n) * time.Second), Attempt: 1, State: attribution.Unconfirmed}
}

func confirmed(r attribution.Record) attribution.Record {
	r.State = attribution.Confirmed
	return r
}

func sightOf(r attribution.Record) attribution.Record {
	return attribution.Record{StoreID: r.StoreID, BackendID: r.BackendID, SeqNum: r.SeqNum, EventID: r.EventID, Hash: r.Hash}
}

func places(all ...attribution.Record) (at []attribution.Place) {
	for _, r := range all {
		at = append(at, r.Place())
	}
	return at
}

// openIs asserts what is open at the places of all, in any order.
func (b *book) openIs(at []attribution.Place, want ...attribution.Record) {
	b.t.Helper()
	got, err := b.Open(context.Background(), at)
	b.ok(err)
	b.equal("open", got, want)
}

// eventsAre asserts the answer to a query.
func (b *book) eventsAre(q attribution.Query, want ...attribution.Record) {
	b.t.Helper()
	got, err := b.Events(context.Background(), q)
	b.ok(err)
	if !slices.IsSortedFunc(got, attribution.Record.Compare) {
		b.t.Errorf("events are out of order: %v", got)
	}
	b.equal("events", got, want)
}

func (b *book) unconfirmedIs(want int) {
	b.t.Helper()
	got, err := b.Unconfirmed(context.Background())
	b.ok(err)
	if got != want {
		b.t.Errorf("%d are unconfirmed, want %d", got, want)
	}
}

// equal compares records, but not their order.
func (b *book) equal(what string, got, want []attribution.Record) {
	b.t.Helper()
	got, want = slices.Clone(got), slices.Clone(want)
	for _, all := range [][]attribution.Record{got, want} {
		slices.SortFunc(all, attribution.Record.Compare)
		for i := range all {
			all[i].Timestamp = all[i].Timestamp.UTC()
			if all[i].Sight() { // neither is known of a sight
				all[i].State, all[i].Timestamp = "", time.Time{}
			}
		}
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("%s:\n\t%v\nwant\n\t%v", what, got, want)
	}
}

// both asserts now, and after the journal was closed and opened.
func (b *book) both(check func()) {
	b.t.Helper()
	check()
	b.reopen()
	check()
}
