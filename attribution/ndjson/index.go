package ndjson

import (
	"slices"

	"github.com/syncward/syncward/attribution"
)

// maxRecent is how many places that were confirmed lately are remembered. One
// that is older and is confirmed again makes a line more, which readers skip.
const maxRecent = 1 << 14

// index is what is open, and what was settled lately.
type index struct {
	open    map[attribution.Place][]attribution.Record
	intents int // in open, without sights
	recent  map[attribution.Place]struct{}
	ring    []attribution.Place // of recent, the oldest at next
	next    int
}

func newIndex() *index {
	return &index{open: map[attribution.Place][]attribution.Record{}, recent: map[attribution.Place]struct{}{}}
}

// apply brings in what a line says.
func (x *index) apply(k kind, r attribution.Record) {
	at := r.Place()
	switch k {
	case intent:
		if x.wants(r) {
			x.open[at] = append(x.open[at], r)
			x.count(r, 1)
		}
	case confirm:
		for _, o := range x.open[at] {
			x.count(o, -1)
		}
		delete(x.open, at)
		x.remember(at)
	case forget:
		i := slices.IndexFunc(x.open[at], r.Same)
		if i < 0 {
			return
		}
		x.count(x.open[at][i], -1)
		if x.open[at] = slices.Delete(x.open[at], i, i+1); len(x.open[at]) == 0 {
			delete(x.open, at)
		}
	}
}

// wants tells whether an intent says anything new.
func (x *index) wants(r attribution.Record) bool {
	_, done := x.recent[r.Place()]
	return !done && !x.holds(r)
}

func (x *index) holds(r attribution.Record) bool {
	return slices.ContainsFunc(x.open[r.Place()], r.Same)
}

func (x *index) count(r attribution.Record, by int) {
	if !r.Sight() {
		x.intents += by
	}
}

func (x *index) remember(at attribution.Place) {
	if _, known := x.recent[at]; known {
		return
	}
	x.recent[at] = struct{}{}
	if len(x.ring) < maxRecent {
		x.ring = append(x.ring, at)
		return
	}
	delete(x.recent, x.ring[x.next])
	x.ring[x.next] = at
	x.next = (x.next + 1) % maxRecent
}
