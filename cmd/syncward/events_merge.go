package main

import (
	"context"
	"slices"

	"github.com/syncward/syncward/attribution"
)

// eventsPage is how many places are in memory of each journal.
const eventsPage = 20_000

// stateConflict is that of records of one place that name different authors.
const stateConflict attribution.State = "conflict"

// each hands over what the journals say, in order, each place's records
// together, until the limit.
func (a search) each(ctx context.Context, books []book, each func(attribution.Record) error) error {
	q := a.q
	q.Limit = eventsPage
	if len(books) == 1 && a.limit > 0 {
		q.Limit = min(a.limit, eventsPage)
	}
	if len(books) > 1 { // a journal must not be asked for one side of a contradiction
		q = attribution.Query{StoreID: q.StoreID, AfterSeqNum: q.AfterSeqNum, UntilSeqNum: q.UntilSeqNum, Limit: q.Limit}
	}
	readers := make([]*reader, 0, len(books))
	for _, b := range books {
		readers = append(readers, &reader{book: b, q: q})
	}
	for n := 0; ; {
		all, err := next(ctx, readers)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, r := range one(all, len(books) > 1) {
			if !a.wants(all, r) {
				continue
			}
			if err := each(r); err != nil {
				return err
			}
			if n++; n == a.limit {
				return nil
			}
		}
	}
}

// wants tells whether a record is asked for.
func (a search) wants(place []attribution.Record, r attribution.Record) bool {
	return (a.seq == 0 || r.SeqNum == a.seq) && slices.ContainsFunc(place, a.q.Matches) && (a.q.Matches(r) || r.State == stateConflict)
}

// one makes what several journals say of one place one answer.
func one(all []attribution.Record, several bool) []attribution.Record {
	if !several {
		return all
	}
	var confirmed, open []attribution.Record
	for _, r := range all {
		switch {
		case r.State != attribution.Confirmed:
			if !slices.ContainsFunc(open, r.Same) {
				open = append(open, r)
			}
		default:
			confirmed = merged(confirmed, r)
		}
	}
	switch {
	case len(confirmed) == 0:
		return open
	case len(confirmed) > 1:
		for i := range confirmed {
			confirmed[i].State = stateConflict
		}
	}
	return confirmed
}

// merged adds a confirmed record to those of other journals, unless one of them
// says the same: then the one that knows the connection stays.
func merged(all []attribution.Record, r attribution.Record) []attribution.Record {
	i := slices.IndexFunc(all, func(o attribution.Record) bool { return o.UserID == r.UserID && o.Hash == r.Hash })
	switch {
	case i < 0:
		return append(all, r)
	case all[i].ConnectionID == "":
		all[i] = r
	}
	return all
}

// reader reads one journal page by page.
type reader struct {
	book book
	q    attribution.Query
	page []attribution.Record
	over bool
}

// fill makes sure that the page holds something, unless all was read.
func (r *reader) fill(ctx context.Context) (err error) {
	if len(r.page) > 0 || r.over {
		return nil
	}
	if r.page, err = r.book.Events(ctx, r.q); err != nil {
		return err
	}
	if r.over = len(r.page) == 0; !r.over {
		r.q.After = r.page[len(r.page)-1].Place()
	}
	return nil
}

// next takes the records of the lowest place off the journals; none: all was
// read.
func next(ctx context.Context, readers []*reader) (all []attribution.Record, err error) {
	var lowest attribution.Place
	there := false
	for _, r := range readers {
		if err := r.fill(ctx); err != nil {
			return nil, err
		}
		if len(r.page) > 0 {
			if at := r.page[0].Place(); !there || at.Compare(lowest) < 0 {
				lowest, there = at, true
			}
		}
	}
	for _, r := range readers {
		n := 0
		for n < len(r.page) && r.page[n].Place() == lowest {
			n++
		}
		all, r.page = append(all, r.page[:n]...), r.page[n:]
	}
	return all, nil
}
