package revocation_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/syncward/syncward/authz/revocation"
)

// A logout is a client's to make, and whoever connects waits for the index.
func TestAnEntryDoesNotCostAWalkOverAllOthers(t *testing.T) {
	clock, asked := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), 0
	m, err := revocation.Open(revocation.Options{Keep: time.Hour, Now: func() time.Time { asked++; return clock }})
	if err != nil {
		t.Fatal(err)
	}
	const entries = 20_000
	for i := range entries {
		if err := m.Add(revocation.Entry{UserID: strconv.Itoa(i), Before: clock}); err != nil {
			t.Fatal(err)
		}
	}
	if walks := asked - entries; walks > 20 { // each asks for the time once
		t.Errorf("%d entries cost %d walks", entries, walks)
	}
	clock = clock.Add(2 * time.Hour)
	for i := range entries { // the old ones are over, and make room
		if err := m.Add(revocation.Entry{UserID: "new " + strconv.Itoa(i), Before: clock}); err != nil {
			t.Fatal(err)
		}
	}
	if held := m.Held(); held > entries+entries/2 {
		t.Errorf("%d users are held, of whom %d matter", held, entries)
	}
}
