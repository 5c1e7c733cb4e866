package natsstream

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/syncward/syncward/attribution"
)

// openTogether is how many open places are looked at together.
const openTogether = 1000

// Events implements attribution.Journal. It reads what is open first and what
// is confirmed behind that, so that no event is in neither. It asks the stream's
// leader for names, and for no more messages than the query needs, unless that
// is about what only they tell: users, clients, times.
func (j *Journal) Events(ctx context.Context, q attribution.Query) ([]attribution.Record, error) {
	limit := cmp.Or(q.Limit, 1000)
	open, err := j.offered(ctx, q, limit)
	if err != nil {
		return nil, err
	}
	spans, err := j.spans(ctx, q)
	if err != nil {
		return nil, err
	}
	var found []attribution.Record // a record a place, in order
	for ; len(spans) > 0 && len(found) < limit; spans = spans[1:] {
		places, subjects, err := j.named(ctx, prefix(j.name)+"done."+spans[0].String()+".>", q)
		if err != nil {
			return nil, err
		}
		for _, p := range places {
			delete(open, p)
		}
		for len(places) > 0 && len(found) < limit {
			n := min(len(places), max(limit-len(found), atOnce))
			records, err := j.fetch(ctx, all(places[:n], subjects), attribution.Confirmed)
			if err != nil {
				return nil, err
			}
			slices.SortFunc(records, attribution.Record.Compare)
			found = append(found, slices.DeleteFunc(records, func(r attribution.Record) bool { return !q.Matches(r) })...)
			places = places[n:]
		}
	}
	for _, records := range open {
		found = append(found, records...)
	}
	return lowest(found, limit), nil
}

// lowest sorts records, and drops what is beyond so many places.
func lowest(records []attribution.Record, limit int) []attribution.Record {
	slices.SortFunc(records, attribution.Record.Compare)
	places := 0
	for i, r := range records {
		if i == 0 || records[i-1].Place() != r.Place() {
			places++
		}
		if places > limit {
			return records[:i:i]
		}
	}
	return records
}

// offered returns the intents that a query asks for, of the lowest places up to
// a limit or somewhat more. Those at confirmed places do not count.
func (j *Journal) offered(ctx context.Context, q attribution.Query, limit int) (map[attribution.Place][]attribution.Record, error) {
	places, subjects, err := j.named(ctx, j.opens()+within(q), q)
	if err != nil {
		return nil, err
	}
	open := map[attribution.Place][]attribution.Record{}
	for len(places) > 0 && len(open) < limit {
		n := min(len(places), max(limit, atOnce), openTogether)
		records, err := j.fetch(ctx, all(places[:n], subjects), attribution.Unconfirmed)
		if err != nil {
			return nil, err
		}
		var done []string
		byDone := map[string]attribution.Place{}
		for _, r := range records {
			if p := r.Place(); q.Matches(r) {
				if open[p] = append(open[p], r); len(open[p]) == 1 {
					done = append(done, j.done(p))
					byDone[j.done(p)] = p
				}
			}
		}
		if done, err = j.standing(ctx, done); err != nil {
			return nil, err
		}
		for _, subject := range done {
			delete(open, byDone[subject])
		}
		places = places[n:]
	}
	return open, nil
}

// named returns the places of the records and intents whose subjects match and
// that are where a query looks, in order, and what stands at each.
func (j *Journal) named(ctx context.Context, filter string, q attribution.Query) (places []attribution.Place, subjects map[attribution.Place][]string, err error) {
	names, err := j.list(ctx, filter)
	if err != nil {
		return nil, nil, err
	}
	where := attribution.Query{StoreID: q.StoreID, AfterSeqNum: q.AfterSeqNum, UntilSeqNum: q.UntilSeqNum, After: q.After}
	subjects = map[attribution.Place][]string{}
	for subject := range names {
		p, sight, ok := j.parse(subject)
		if ok && !sight && where.Matches(attribution.Record{StoreID: p.StoreID, BackendID: p.BackendID, SeqNum: p.SeqNum, EventID: p.EventID}) {
			subjects[p] = append(subjects[p], subject)
		}
	}
	return slices.SortedFunc(maps.Keys(subjects), attribution.Place.Compare), subjects, nil
}

// all is what stands at places.
func all(places []attribution.Place, subjects map[attribution.Place][]string) (out []string) {
	for _, p := range places {
		out = append(out, subjects[p]...)
	}
	return out
}

// spans are the parts of logs in which a query's confirmed records may be, in
// order.
func (j *Journal) spans(ctx context.Context, q attribution.Query) (found []span, err error) {
	begin := prefix(j.name) + "log."
	names, err := j.list(ctx, begin+strings.TrimSuffix(within(q), ".>"))
	if err != nil {
		return nil, err
	}
	for name := range names {
		s, ok := parseSpan(strings.TrimPrefix(name, begin))
		if ok && (q.AfterSeqNum <= 0 || s.n >= q.AfterSeqNum>>spanBits) && (q.UntilSeqNum <= 0 || s.n <= q.UntilSeqNum>>spanBits) &&
			(q.After == attribution.Place{} || s.compare(spanOf(q.After)) >= 0) {
			found = append(found, s)
		}
	}
	slices.SortFunc(found, span.compare)
	return found, nil
}

// within is what the subjects of a query's places have in common, as a filter
// behind what they begin with.
func within(q attribution.Query) string {
	store, n := "*", "*"
	if q.StoreID != "" {
		store = token(q.StoreID)
	}
	if low, high := q.AfterSeqNum, q.UntilSeqNum; low > 0 && low < high && (low+1)>>spanBits == high>>spanBits {
		n = strconv.FormatInt(high>>spanBits, 10)
	}
	return store + ".*." + n + ".>"
}
