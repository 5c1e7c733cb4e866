package main

import (
	"cmp"
	"context"
	"errors"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/syncward/syncward/attribution"
)

const (
	eventsLimit    = 100  // events of an answer, where none is asked for
	maxEventsLimit = 1000 // and at most
	maxBackends    = 64   // identities of one store's log that are asked about
	// eventsPatience is for the journal.
	eventsPatience = 20 * time.Second
)

// events tells authors, a page at a time, in the order of the log.
func (a *adminAPI) events(r *http.Request) (int, any) {
	if a.journal == nil {
		return http.StatusNotFound, fail("ATTRIBUTION is not journal: nobody keeps who wrote which event")
	}
	p, err := eventsPageOf(r.URL.RawQuery)
	if err != nil {
		return http.StatusBadRequest, fail(err.Error())
	}
	ctx, cancel := context.WithTimeout(r.Context(), eventsPatience)
	defer cancel()
	records, more, err := p.read(ctx, a.journal)
	if err != nil {
		a.log.Error("admin", zap.Error(err))
		return http.StatusServiceUnavailable, fail("the journal does not answer; ask again")
	}
	answer := eventsAnswer{Events: []eventJSON{}}
	for _, rec := range records {
		answer.Events = append(answer.Events, asJSON(rec))
	}
	if last := len(records) - 1; more && records[last].SeqNum != 0 {
		answer.Next = &records[last].SeqNum
	} else if more {
		answer.NextEventID = records[last].EventID
	}
	return http.StatusOK, answer
}

// eventsAnswer is one page. Next is the afterSeqNum of the next one, null where
// there is none; where the log numbers nothing, NextEventID is its afterEventId.
type eventsAnswer struct {
	Events      []eventJSON `json:"events"`
	Next        *int64      `json:"next"`
	NextEventID string      `json:"nextEventId,omitempty"`
}

// eventsWanted is one page that is asked for.
type eventsWanted struct {
	store      string
	after      int64
	afterEvent string
	limit      int
}

// eventsPageOf reads the query: each parameter once, none that is not known.
func eventsPageOf(raw string) (p eventsWanted, err error) {
	values, err := url.ParseQuery(raw)
	if err != nil {
		return p, errors.New("the query cannot be read")
	}
	for name, all := range values {
		if !slices.Contains([]string{"storeId", "afterSeqNum", "afterEventId", "limit"}, name) || len(all) > 1 {
			return p, errors.New("write storeId, afterSeqNum or afterEventId, and limit, each at most once")
		}
	}
	if p.store, p.afterEvent = values.Get("storeId"), values.Get("afterEventId"); p.store == "" {
		return p, errors.New("storeId is missing")
	}
	if p.after, err = decimal(values, "afterSeqNum", 0); err != nil || p.after > 0 && p.afterEvent != "" {
		return p, errors.New("afterSeqNum is no number from 0, or stands beside afterEventId")
	}
	limit, err := decimal(values, "limit", eventsLimit)
	if err != nil || limit < 1 || limit > maxEventsLimit {
		return p, errors.New("limit is no number from 1 to " + strconv.Itoa(maxEventsLimit))
	}
	p.limit = int(limit)
	return p, nil
}

// decimal reads a number from 0, in digits alone.
func decimal(values url.Values, name string, absent int64) (int64, error) {
	if !values.Has(name) {
		return absent, nil
	}
	n, err := strconv.ParseUint(values.Get(name), 10, 63)
	return int64(n), err
}

// read returns a page ordered by number, and whether there is more. A store's
// log may have had several identities (backendId): a page holds them all, and
// never ends between two events of one number, so that the next one can begin
// behind a number. Only events of one number may be more than the limit.
func (p eventsWanted) read(ctx context.Context, j attribution.Journal) (page []attribution.Record, more bool, err error) {
	q := attribution.Query{StoreID: p.store, AfterSeqNum: p.after, Limit: p.limit + 1}
	if p.afterEvent != "" {
		q.After = attribution.Place{StoreID: p.store, EventID: p.afterEvent}
	}
	for range maxBackends {
		part, err := j.Events(ctx, q)
		if err != nil {
			return nil, false, err
		}
		if len(part) == 0 {
			break
		}
		backend := part[0].BackendID
		for _, r := range part {
			if r.BackendID == backend {
				page = append(page, r)
			}
		}
		q.After = attribution.Place{StoreID: p.store, BackendID: backend, SeqNum: math.MaxInt64}
	}
	slices.SortStableFunc(page, func(a, b attribution.Record) int { return cmp.Compare(a.SeqNum, b.SeqNum) })
	end := 0
	for end < len(page) {
		group := 1
		for end+group < len(page) && sameNumber(page[end], page[end+group]) {
			group++
		}
		if end > 0 && end+group > p.limit {
			return page[:end], true, nil
		}
		end += group
	}
	return page, false, nil
}

// sameNumber tells whether no page may end between two records.
func sameNumber(a, b attribution.Record) bool {
	return a.SeqNum == b.SeqNum && (a.SeqNum != 0 || a.Place() == b.Place())
}
