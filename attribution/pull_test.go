package attribution_test

import (
	"context"
	"slices"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/framing/payload"
)

// full is a journal that has an intent open for every event.
type full struct{ *journaltest.Memory }

func (full) Open(_ context.Context, at []attribution.Place) (open []attribution.Record, err error) {
	for _, p := range at {
		if p.BackendID != "" {
			open = append(open, attribution.Record{StoreID: p.StoreID, BackendID: p.BackendID, SeqNum: p.SeqNum,
				Hash: event(p.SeqNum, "x").Hash, Author: attribution.Author{UserID: "ada", ConnectionID: "ada#1"}})
		}
	}
	return open, nil
}

func (full) Confirm(context.Context, []attribution.Record) error { return nil }

// What a Recorder keeps of a pull does not grow with the log: however long it
// is, in whatever pieces and order it comes, and whatever the journal says of it.
func TestAPullOf100000EventsKeepsLittle(t *testing.T) {
	failing := journaltest.NewMemory()
	failing.Fail(errDisk)
	all := make([]payload.Event, 100_000)
	for i := range all {
		all[i] = event(int64(i+1), "x")
	}
	scattered := make([]payload.Event, 0, len(all)) // the odd ones, then the even ones
	for from := range 2 {
		for i := from; i < len(all); i += 2 {
			scattered = append(scattered, all[i])
		}
	}
	for journal, j := range map[string]attribution.Journal{
		"an empty journal": journaltest.NewMemory(), "a journal that fails": failing, "a journal full of intents": full{journaltest.NewMemory()},
	} {
		for order, events := range map[string][]payload.Event{"in order": all, "scattered": scattered} {
			for _, piece := range []int{100, len(all)} {
				r := attribution.New(attribution.Options{Journal: j})
				c := r.Connect(attribution.Author{UserID: "bob", ConnectionID: "bob#1"}, "st")
				most := 0
				for chunk := range slices.Chunk(events, piece) {
					if err := c.Tell(t.Context(), payload.News{Backend: "b1", Seen: chunk}); err != nil {
						t.Fatal(err)
					}
					most = max(most, r.Kept())
				}
				// Beside the sights: the log's name and position.
				if bound := max(attribution.MaxUnanswered, attribution.MaxMissed) + 2; most > bound {
					t.Errorf("%s, %s, %d at a time: %d entries kept, want at most %d", journal, order, piece, most, bound)
				}
				c.Close()
				r.Close()
			}
		}
	}
}
