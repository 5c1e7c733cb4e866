package attribution_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/journaltest"
	"github.com/syncward/syncward/attribution/ndjson"
	"github.com/syncward/syncward/attribution/sqlite"
)

// worldsEnv asks for more worlds than a test run needs: their number.
const worldsEnv = "SYNCWARD_WORLDS"

func TestNoInterleavingMakesAWrongAuthorOrLosesOne(t *testing.T) {
	worlds := 150
	if n, err := strconv.Atoi(os.Getenv(worldsEnv)); err == nil {
		worlds = n
	}
	var tally tally
	for seed := range worlds {
		m := journaltest.NewMemory()
		live(t, uint64(seed), 400, &tally, func() attribution.Journal { _ = m.Close(); m.Reopen(); return m })
		if t.Failed() {
			return
		}
	}
	t.Logf("%+v", tally)
	if tally.confirmed == 0 || tally.bySight == 0 || tally.doubted == 0 || tally.past == 0 {
		t.Errorf("the worlds are too dull: %+v", tally)
	}
}

func TestNoInterleavingDoesInFiles(t *testing.T) {
	for seed := range uint64(6) {
		path := filepath.Join(t.TempDir(), "e")
		var j attribution.Journal
		live(t, seed, 300, new(tally), func() attribution.Journal {
			return reopened(t, &j, func() (attribution.Journal, error) {
				return ndjson.Open(path, ndjson.Options{Interval: time.Second, MaxBytes: 20_000})
			})
		})
		_ = j.Close()
	}
}

func TestNoInterleavingDoesInADatabase(t *testing.T) {
	for seed := range uint64(6) {
		path := filepath.Join(t.TempDir(), "e")
		var j attribution.Journal
		live(t, seed, 300, new(tally), func() attribution.Journal {
			return reopened(t, &j, func() (attribution.Journal, error) { return sqlite.Open(path, sqlite.Options{Relaxed: true}) })
		})
		_ = j.Close()
	}
}

func reopened(t *testing.T, j *attribution.Journal, open func() (attribution.Journal, error)) attribution.Journal {
	t.Helper()
	if *j != nil {
		if err := (*j).Close(); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	if *j, err = open(); err != nil {
		t.Fatal(err)
	}
	return *j
}

// tally says what the worlds held, so that one sees that they were not dull.
type tally struct{ confirmed, bySight, nameless, doubted, past int }

// live runs one world, and asks at its end what the journal says of it.
func live(t *testing.T, seed uint64, steps int, sum *tally, open func() attribution.Journal) {
	t.Helper()
	w := &world{t: t, r: rand.New(rand.NewPCG(seed, 1)), open: open, journal: open(),
		logs: map[string][]committed{"b0": nil}, backend: "b0", truth: map[slot]map[string]bool{}}
	w.start()
	w.start()
	for range steps {
		w.step()
	}
	for _, c := range slices.Clone(w.clients) {
		w.lose(c, w.r.IntN(2) == 0)
	}
	sight := w.confirmed()
	w.start()
	last := w.side[len(w.side)-1].Connect(attribution.Author{UserID: "zoe", ConnectionID: "zoe"}, "st")
	for chunk := range slices.Chunk(w.logs[w.backend], 3) {
		if err := last.Tell(context.Background(), w.chunk(chunk)); err != nil {
			t.Fatal(err)
		}
	}
	sum.bySight += w.confirmed() - sight
	for _, side := range w.side {
		side.Close()
	}
	w.judge(seed, sum)
}

func (w *world) confirmed() (n int) {
	for _, r := range w.all() {
		if r.State == attribution.Confirmed {
			n++
		}
	}
	return n
}

func (w *world) all() []attribution.Record {
	w.t.Helper()
	all, err := w.journal.Events(context.Background(), attribution.Query{Limit: 1 << 20})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// judge holds the journal against what truly happened.
func (w *world) judge(seed uint64, sum *tally) {
	w.t.Helper()
	at := map[attribution.Place]attribution.Record{}
	for _, r := range w.all() {
		if r.State != attribution.Confirmed {
			continue
		}
		if _, twice := at[r.Place()]; twice {
			w.t.Errorf("world %d: %v has two entries", seed, r.Place())
		}
		at[r.Place()] = r
		log := w.logs[r.BackendID]
		if r.SeqNum < 1 || r.SeqNum > int64(len(log)) {
			w.t.Errorf("world %d: %v is in no log", seed, r.Place())
			continue
		}
		truth := log[r.SeqNum-1]
		if r.UserID != truth.by || r.Hash != truth.event.Hash || r.ConnectionID != "" && r.ConnectionID != truth.conn {
			w.t.Errorf("world %d: %v was written by %q (%s), and the journal says %q (%s)", seed, r.Place(), truth.by, truth.conn, r.UserID, r.ConnectionID)
		}
		sum.confirmed++
		if r.ConnectionID == "" {
			sum.nameless++
		}
	}
	for i, truth := range w.logs[w.backend] {
		place := attribution.Place{StoreID: "st", BackendID: w.backend, SeqNum: int64(i) + 1}
		_, known := at[place]
		users := map[string]bool{}
		for _, backend := range []string{w.backend, ""} { // an offer without one may be for any log
			for offer := range w.truth[slot{backend, place.SeqNum, truth.event.Hash}] {
				user, _, _ := strings.Cut(offer, "/")
				users[user] = true
			}
		}
		switch {
		case truth.by == "":
			sum.past++
		case !known && len(users) > 1:
			sum.doubted++
		case !known:
			w.t.Errorf("world %d: %v was seen and has no author; %s wrote it (%s), and %v may have", seed, place, truth.by, truth.conn, users)
		}
	}
}
