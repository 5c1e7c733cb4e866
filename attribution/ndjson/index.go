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
	open    map[attribution.Place]opened
	order   []entry // the places in open, oldest first, and some that are not; the writer's alone
	births  uint64
	size    int // records in open
	intents int // of these, without sights
	givenUp int // intents that are open no more, in all files
	lost    sieve
	clients *clients // nil without ByClient
	recent  map[attribution.Place]struct{}
	ring    []attribution.Place // of recent, the oldest at next
	next    int
}

// opened is what is open at a place. A place that was settled and opened again
// is born again.
type opened struct {
	born    uint64
	records []attribution.Record
}

// entry is a place in the order of birth; the place may be gone, or born again.
type entry struct {
	at   attribution.Place
	born uint64
}

func newIndex() *index {
	return &index{open: map[attribution.Place]opened{}, recent: map[attribution.Place]struct{}{}}
}

// apply brings in what a line says.
func (x *index) apply(k kind, r attribution.Record) {
	at := r.Place()
	switch k {
	case intent:
		if x.wants(r) {
			x.add(r)
		}
	case confirm:
		for _, o := range x.open[at].records {
			x.count(o, -1)
		}
		delete(x.open, at)
		x.remember(at)
		x.clients.note(r)
	case forget:
		x.drop(r)
	case giveUp:
		x.lost.add(at)
		x.clients.note(r)
		if x.drop(r) && !r.Sight() {
			x.givenUp++
		}
	}
}

// add opens r.
func (x *index) add(r attribution.Record) {
	at := r.Place()
	o, there := x.open[at]
	if !there {
		if len(x.order) > 2*len(x.open)+1024 {
			x.order = slices.DeleteFunc(x.order, x.gone)
		}
		x.births++
		o.born = x.births
		x.order = append(x.order, entry{at, o.born})
	}
	o.records = append(o.records, r)
	x.open[at] = o
	x.count(r, 1)
}

// drop closes r, and tells whether it was open.
func (x *index) drop(r attribution.Record) bool {
	at := r.Place()
	o := x.open[at]
	i := slices.IndexFunc(o.records, r.Same)
	if i < 0 {
		return false
	}
	x.count(o.records[i], -1)
	if o.records = slices.Delete(o.records, i, i+1); len(o.records) == 0 {
		delete(x.open, at)
	} else {
		x.open[at] = o
	}
	return true
}

func (x *index) gone(e entry) bool { return x.open[e.at].born != e.born }

// oldestFirst returns the open places in the order in which they were opened.
func (x *index) oldestFirst() []attribution.Place {
	places := make([]attribution.Place, 0, len(x.open))
	for _, e := range x.order {
		if !x.gone(e) {
			places = append(places, e.at)
		}
	}
	return places
}

// wants tells whether an intent says anything new.
func (x *index) wants(r attribution.Record) bool {
	_, done := x.recent[r.Place()]
	return !done && !x.holds(r)
}

func (x *index) holds(r attribution.Record) bool {
	return slices.ContainsFunc(x.open[r.Place()].records, r.Same)
}

func (x *index) count(r attribution.Record, by int) {
	x.size += by
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
