package journaltest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/syncward/syncward/attribution"
)

// cases are the promises of attribution.Journal, a sentence each.
var cases = []struct {
	name string
	run  func(b *book)
}{
	{"an empty journal says nothing", func(b *book) {
		b.both(func() {
			b.openIs(places(rec(1, "ada")))
			b.openIs(nil)
			b.eventsAre(attribution.Query{})
			b.unconfirmedIs(0)
		})
	}},
	{"an intent is open at its place and at no other", func(b *book) {
		b.ok(b.Intend(ctx, []attribution.Record{rec(1, "ada"), rec(2, "ada")}))
		elsewhere := rec(1, "ada").Place()
		elsewhere.BackendID = "b2"
		b.both(func() {
			b.openIs(places(rec(1, "ada")), rec(1, "ada"))
			b.openIs([]attribution.Place{elsewhere})
			b.openIs(append(places(rec(1, ""), rec(2, ""), rec(3, "")), elsewhere), rec(1, "ada"), rec(2, "ada"))
			b.eventsAre(attribution.Query{}, rec(1, "ada"), rec(2, "ada"))
			b.unconfirmedIs(2)
		})
	}},
	{"every field comes back", func(b *book) {
		odd := attribution.Record{StoreID: "s\"\\\n\u2028/'; --", BackendID: "", EventID: "é\u0000<&>", Name: strings.Repeat("n", 512),
			ClientID: "\t", SessionID: "{}", Author: attribution.Author{UserID: "a|b%", ConnectionID: "🙂"},
			Timestamp: began, Attempt: 1<<53 - 1, State: attribution.Unconfirmed}
		odd.Hash[0], odd.Hash[31] = 0xff, 1
		large, below := rec(1<<63-1, "ada"), rec(-5, "ada")
		large.Timestamp, below.Timestamp = began, began
		b.ok(b.Intend(ctx, []attribution.Record{odd, large}))
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(below)}))
		b.both(func() {
			b.openIs(places(odd, large, below), odd, large)
			b.eventsAre(attribution.Query{}, odd, large, confirmed(below))
		})
	}},
	{"intents of one place stand beside each other, each once", func(b *book) {
		again := rec(1, "ada")
		again.Attempt = 2
		b.ok(b.Intend(ctx, []attribution.Record{rec(1, "ada"), rec(1, "bob")}))
		b.ok(b.Intend(ctx, []attribution.Record{again, rec(1, "ada")}))
		b.both(func() { b.openIs(places(again), rec(1, "ada"), again, rec(1, "bob")); b.unconfirmedIs(3) })
	}},
	{"a confirmed record is the one of its place", func(b *book) {
		b.ok(b.Intend(ctx, []attribution.Record{rec(1, "ada"), rec(1, "bob"), sightOf(rec(1, "")), rec(2, "bob")}))
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "ada"))}))
		b.both(func() {
			b.openIs(places(rec(1, ""), rec(2, "")), rec(2, "bob"))
			b.eventsAre(attribution.Query{}, confirmed(rec(1, "ada")), rec(2, "bob"))
			b.unconfirmedIs(1)
		})
	}},
	{"a place keeps its first confirmed record", func(b *book) {
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "ada"))}))
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "bob")), confirmed(rec(2, "bob"))}))
		b.reopen()
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "cyd"))}))
		b.both(func() {
			b.eventsAre(attribution.Query{}, confirmed(rec(1, "ada")), confirmed(rec(2, "bob")))
			b.eventsAre(attribution.Query{UserID: "bob"}, confirmed(rec(2, "bob")))
			b.eventsAre(attribution.Query{ConnectionID: "of-cyd"})
		})
	}},
	{"a query by clientId finds that client's events alone", func(b *book) {
		other := rec(2, "ada")
		other.ClientID = "client-2"
		late := rec(1, "cyd") // of a place whose first record is another client's
		late.ClientID = "client-2"
		b.ok(b.Intend(ctx, []attribution.Record{other, rec(3, "bob")}))
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "ada"))}))
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(late)}))
		b.both(func() {
			b.eventsAre(attribution.Query{ClientID: "client-2"}, other)
			b.eventsAre(attribution.Query{StoreID: "st", ClientID: "client"}, confirmed(rec(1, "ada")), rec(3, "bob"))
			b.eventsAre(attribution.Query{ClientID: "clien"})
		})
	}},
	{"an intent for a confirmed place is not reported", func(b *book) {
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "ada"))}))
		b.ok(b.Intend(ctx, []attribution.Record{rec(1, "bob")}))
		b.both(func() {
			b.eventsAre(attribution.Query{}, confirmed(rec(1, "ada")))
			b.eventsAre(attribution.Query{UserID: "bob"})
			b.unconfirmedIs(0)
		})
	}},
	{"nor is one that comes long behind", func(b *book) {
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(rec(1, "ada"))}))
		b.ok(b.Intend(ctx, []attribution.Record{rec(2, "ada")})) // so that a journal of files begins another
		b.reopen()
		b.ok(b.Intend(ctx, []attribution.Record{rec(1, "bob")}))
		b.both(func() {
			b.eventsAre(attribution.Query{}, confirmed(rec(1, "ada")), rec(2, "ada"))
			b.eventsAre(attribution.Query{UserID: "bob"})
		})
	}},
	{"what is forgotten is gone, and nothing else is", func(b *book) {
		again := rec(1, "ada")
		again.Attempt = 2
		b.ok(b.Intend(ctx, []attribution.Record{rec(1, "ada"), again, rec(1, "bob"), sightOf(rec(1, ""))}))
		b.ok(b.Forget(ctx, []attribution.Record{again, rec(7, "ada"), sightOf(rec(1, ""))}))
		b.both(func() { b.openIs(places(again), rec(1, "ada"), rec(1, "bob")) })
		b.ok(b.Forget(ctx, []attribution.Record{rec(1, "ada"), rec(1, "bob")}))
		b.both(func() { b.openIs(places(again)); b.unconfirmedIs(0) })
	}},
	{"a sight is open, and neither an event nor counted", func(b *book) {
		b.ok(b.Intend(ctx, []attribution.Record{sightOf(rec(1, "")), sightOf(rec(1, ""))}))
		b.both(func() {
			b.openIs(places(rec(1, "")), sightOf(rec(1, "")))
			b.eventsAre(attribution.Query{})
			b.unconfirmedIs(0)
		})
	}},
	{"a query selects by each of its fields", func(b *book) {
		one, two, three := rec(1, "ada"), confirmed(rec(2, "bob")), confirmed(rec(3, "ada"))
		other, unnumbered := confirmed(rec(1, "ada")), confirmed(rec(0, "ada"))
		other.StoreID, unnumbered.StoreID, unnumbered.BackendID, unnumbered.EventID = "other", "zz", "", "e1"
		b.ok(b.Intend(ctx, []attribution.Record{one}))
		b.ok(b.Confirm(ctx, []attribution.Record{unnumbered, three, two, other}))
		b.both(func() {
			b.eventsAre(attribution.Query{}, one, two, three, other, unnumbered)
			b.eventsAre(attribution.Query{StoreID: "st"}, one, two, three)
			b.eventsAre(attribution.Query{UserID: "bob"}, two)
			b.eventsAre(attribution.Query{ConnectionID: "of-ada", StoreID: "other"}, other)
			b.eventsAre(attribution.Query{From: two.Timestamp}, two, three)
			b.eventsAre(attribution.Query{Until: two.Timestamp}, one, other, unnumbered)
			b.eventsAre(attribution.Query{StoreID: "st", AfterSeqNum: 2}, three)
			b.eventsAre(attribution.Query{AfterSeqNum: 1, UntilSeqNum: 2}, two)
			b.eventsAre(attribution.Query{UntilSeqNum: 1}, one, other, unnumbered)
			b.eventsAre(attribution.Query{Limit: 2}, other, one)
			b.eventsAre(attribution.Query{UserID: "ada", Limit: 1, StoreID: "st"}, one)
		})
	}},
	{"pages end between places and lose nothing", func(b *book) {
		var all []attribution.Record
		for n := range int64(25) {
			all = append(all, rec(n+1, "ada"), rec(n+1, "bob"))
		}
		b.ok(b.Intend(ctx, all))
		b.ok(b.Confirm(ctx, []attribution.Record{confirmed(all[8])}))
		b.both(func() {
			var got []attribution.Record
			for after := int64(0); ; {
				page, err := b.Events(ctx, attribution.Query{StoreID: "st", AfterSeqNum: after, Limit: 4})
				b.ok(err)
				if got = append(got, page...); len(page) == 0 {
					break
				}
				after = page[len(page)-1].SeqNum
			}
			if len(got) != 49 {
				b.t.Errorf("%d records on all pages, want 49", len(got))
			}
		})
	}},
	{"a page begins behind the last place of the one before", func(b *book) {
		var all []attribution.Record
		for n := range int64(5) {
			other, unnumbered := confirmed(rec(n+1, "ada")), confirmed(rec(0, "ada"))
			other.BackendID, unnumbered.EventID = "a", fmt.Sprint("e", n)
			all = append(all, confirmed(rec(n+1, "ada")), other, unnumbered)
			other.StoreID = "other"
			all = append(all, other)
		}
		b.ok(b.Confirm(ctx, all))
		b.ok(b.Intend(ctx, []attribution.Record{rec(9, "ada"), rec(9, "bob")}))
		b.both(func() {
			var got []attribution.Record
			for q := (attribution.Query{Limit: 3}); ; {
				page, err := b.Events(ctx, q)
				b.ok(err)
				if got = append(got, page...); len(page) == 0 {
					break
				}
				q.After = page[len(page)-1].Place()
			}
			if !slices.IsSortedFunc(got, attribution.Record.Compare) {
				b.t.Error("the pages are out of order")
			}
			b.equal("all pages", got, append(slices.Clone(all), rec(9, "ada"), rec(9, "bob")))
			b.eventsAre(attribution.Query{StoreID: "st", After: rec(3, "").Place(), Limit: 1}, confirmed(rec(4, "ada")))
		})
	}},
	{"many places are asked about at once", func(b *book) {
		var at []attribution.Place
		for n := range int64(5000) {
			at = append(at, rec(n, "").Place(), attribution.Place{StoreID: "st", EventID: fmt.Sprint(n)})
		}
		named := attribution.Record{StoreID: "st", EventID: "77", Author: attribution.Author{UserID: "ada"}, Timestamp: began, State: attribution.Unconfirmed}
		b.ok(b.Intend(ctx, []attribution.Record{rec(4999, "ada"), named, rec(5000, "ada")}))
		b.openIs(at, rec(4999, "ada"), named)
	}},
	{"concurrent callers lose nothing", concurrent},
	{"an ended context and a closed journal are errors", func(b *book) {
		done, cancel := context.WithCancel(ctx)
		cancel()
		if b.Intend(done, []attribution.Record{rec(1, "ada")}) == nil {
			b.t.Error("an intent under an ended context was taken")
		}
		b.ok(b.Close())
		_, open := b.Open(ctx, places(rec(1, "")))
		_, events := b.Events(ctx, attribution.Query{})
		for what, err := range map[string]error{
			"Intend": b.Intend(ctx, []attribution.Record{rec(2, "ada")}), "Forget": b.Forget(ctx, []attribution.Record{rec(1, "ada")}),
			"Confirm": b.Confirm(ctx, []attribution.Record{confirmed(rec(2, "ada"))}), "Open": open, "Events": events,
		} {
			if err == nil {
				b.t.Errorf("%s at a closed journal is no error", what)
			}
		}
	}},
}

var ctx = context.Background()

// concurrent has many callers write, settle and ask at a time.
func concurrent(b *book) {
	var callers sync.WaitGroup
	var want []attribution.Record
	for c := range int64(16) {
		for i := range int64(20) {
			if n := 100*c + i + 1; i%4 != 3 {
				want = append(want, confirmed(rec(n, "ada")))
			}
		}
		callers.Go(func() {
			for i := range int64(20) {
				r := rec(100*c+i+1, "ada")
				err := b.Intend(ctx, []attribution.Record{r})
				if open, e := b.Open(ctx, places(r)); e != nil || len(open) != 1 {
					b.t.Errorf("behind Intend %d are open, error %v", len(open), e)
				}
				if err == nil && i%4 == 3 {
					err = b.Forget(ctx, []attribution.Record{r})
				} else if err == nil {
					err = b.Confirm(ctx, []attribution.Record{confirmed(r)})
				}
				if err != nil {
					b.t.Error(err)
				}
			}
		})
	}
	callers.Wait()
	b.both(func() { b.eventsAre(attribution.Query{}, want...); b.unconfirmedIs(0) })
}
