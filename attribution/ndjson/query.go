package ndjson

import (
	"bytes"
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/syncward/syncward/attribution"
)

// Events implements attribution.Journal. It reads all files through, twice
// where the query names a user, a connection or a time; in memory are the open
// intents and what it returns. Where intents were given up it reads on, for up to
// maxGathered of them at a time.
func (j *Journal) Events(ctx context.Context, q attribution.Query) ([]attribution.Record, error) {
	files, open, err := j.freeze(q)
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	if err != nil {
		return nil, err
	}
	return answer(ctx, files, open, q)
}

// answer reads files through for a query; open are the intents that q selects,
// of the instant at which the files were opened.
func answer(ctx context.Context, files []frozen, open map[attribution.Place][]attribution.Record, q attribution.Query) ([]attribution.Record, error) {
	page := newPage(cmp.Or(q.Limit, 1000))
	lost := false
	err := told(ctx, files, func(k kind, r attribution.Record) {
		if k == giveUp {
			lost = true
			return
		}
		delete(open, r.Place())
		if q.Matches(r) && page.records[r.Place()] == nil { // a place keeps its first
			page.add(r)
		}
	})
	if err == nil && (q.UserID != "" || q.ConnectionID != "" || q.ClientID != "" || !q.From.IsZero() || !q.Until.IsZero()) {
		// What the query selects may be a later record of its place, whose
		// first one it does not select.
		err = settled(ctx, files, page.check)
	}
	if err == nil && lost {
		err = addGivenUp(ctx, files, open, q, page)
	}
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	for _, records := range open {
		for _, r := range records {
			page.add(r)
		}
	}
	return page.sorted(), nil
}

// frozen is a file as it was when a query began.
type frozen struct {
	*os.File
	size int64 // -1: all of it
}

// freeze opens all files, oldest first, and returns the open intents that q
// selects, of the same instant.
func (j *Journal) freeze(q attribution.Query) (files []frozen, open map[attribution.Place][]attribution.Record, err error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return nil, nil, errClosed
	}
	for _, name := range append(slices.Clone(j.archives), j.path) {
		f, err := os.Open(name)
		if err != nil {
			return files, nil, fmt.Errorf("ndjson: %w", err)
		}
		files = append(files, frozen{f, -1})
	}
	files[len(files)-1].size = j.size
	return files, j.index.selected(q), nil
}

// selected returns the open intents that q selects.
func (x *index) selected(q attribution.Query) map[attribution.Place][]attribution.Record {
	open := map[attribution.Place][]attribution.Record{}
	for at, o := range x.open {
		for _, r := range o.records {
			if !r.Sight() && q.Matches(r) {
				open[at] = append(open[at], r)
			}
		}
	}
	return open
}

// settled hands each confirmed record to each, in the order in which they came.
func settled(ctx context.Context, files []frozen, each func(attribution.Record)) error {
	return told(ctx, files, func(k kind, r attribution.Record) {
		if k == confirm {
			each(r)
		}
	})
}

// told hands each record that is confirmed or given up to each, as they came.
func told(ctx context.Context, files []frozen, each func(kind, attribution.Record)) error {
	for _, f := range files {
		_, _, err := scan(f, f.size, func(n int, b []byte) error {
			if bytes.HasPrefix(b, []byte(`{"kind":"intent"`)) || bytes.HasPrefix(b, []byte(`{"kind":"forget"`)) {
				return nil
			}
			if l, r, err := parse(b); err == nil && (l.Kind == confirm || l.Kind == giveUp) {
				each(l.Kind, r)
			}
			return ctx.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// page holds the records of the lowest places, up to a limit.
type page struct {
	limit   int
	records map[attribution.Place][]attribution.Record
	highest places
	checked map[attribution.Place]bool
}

func newPage(limit int) *page {
	return &page{limit: limit, records: map[attribution.Place][]attribution.Record{}, checked: map[attribution.Place]bool{}}
}

func (p *page) add(r attribution.Record) {
	at := r.Place()
	if p.records[at] == nil {
		if len(p.highest) >= p.limit && at.Compare(p.highest[0]) > 0 {
			return
		}
		heap.Push(&p.highest, at)
		if len(p.highest) > p.limit {
			delete(p.records, heap.Pop(&p.highest).(attribution.Place))
		}
	}
	p.records[at] = append(p.records[at], r)
}

// check drops a record that is not the first of its place.
func (p *page) check(r attribution.Record) {
	at := r.Place()
	if p.records[at] == nil || p.checked[at] {
		return
	}
	p.checked[at] = true
	if p.records[at][0] != r {
		delete(p.records, at)
		p.highest = slices.DeleteFunc(p.highest, func(o attribution.Place) bool { return o == at })
		heap.Init(&p.highest)
	}
}

func (p *page) sorted() []attribution.Record {
	var all []attribution.Record
	for _, records := range p.records {
		all = append(all, records...)
	}
	slices.SortFunc(all, attribution.Record.Compare)
	return all
}

// places is a heap with the highest on top.
type places []attribution.Place

func (p places) Len() int           { return len(p) }
func (p places) Less(a, b int) bool { return p[a].Compare(p[b]) > 0 }
func (p places) Swap(a, b int)      { p[a], p[b] = p[b], p[a] }
func (p *places) Push(x any)        { *p = append(*p, x.(attribution.Place)) }
func (p *places) Pop() any {
	last := (*p)[len(*p)-1]
	*p = (*p)[:len(*p)-1]
	return last
}

var _ attribution.Journal = (*Journal)(nil)
