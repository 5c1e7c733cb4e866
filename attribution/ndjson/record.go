package ndjson

import (
	"context"

	"github.com/syncward/syncward/attribution"
)

// Intend implements attribution.Journal.
func (j *Journal) Intend(ctx context.Context, intents []attribution.Record) error {
	fresh, err := j.choose(intents, func(r attribution.Record) bool { return j.index.wants(r) })
	if err != nil || len(fresh) == 0 {
		return err
	}
	return j.append(ctx, intent, fresh)
}

// Confirm implements attribution.Journal.
func (j *Journal) Confirm(ctx context.Context, records []attribution.Record) error {
	fresh, err := j.choose(records, func(r attribution.Record) bool {
		_, done := j.index.recent[r.Place()]
		return !done // nor is anything open there: wants saw to that
	})
	if err != nil || len(fresh) == 0 {
		return err
	}
	return j.append(ctx, confirm, fresh)
}

// Forget implements attribution.Journal.
func (j *Journal) Forget(ctx context.Context, intents []attribution.Record) error {
	known, err := j.choose(intents, func(r attribution.Record) bool { return j.index.holds(r) })
	if err != nil || len(known) == 0 {
		return err
	}
	return j.append(ctx, forget, known)
}

// choose returns a copy of the records that are worth a line.
func (j *Journal) choose(records []attribution.Record, worth func(attribution.Record) bool) ([]attribution.Record, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return nil, errClosed
	}
	chosen := make([]attribution.Record, 0, len(records))
	for _, r := range records {
		if worth(r) {
			chosen = append(chosen, r)
		}
	}
	return chosen, nil
}

// Open implements attribution.Journal. At a place of which an intent was given
// up it finds nothing, so that sights settle nothing there.
func (j *Journal) Open(_ context.Context, places []attribution.Place) (found []attribution.Record, err error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return nil, errClosed
	}
	if len(j.index.open) == 0 {
		return nil, nil
	}
	for _, at := range places {
		if !j.index.lost.has(at) { // else whoever is left there would look like the only one
			found = append(found, j.index.open[at].records...)
		}
	}
	return found, nil
}

// Unconfirmed implements attribution.Journal. An intent that was given up stays
// counted, even if its acknowledgement comes after all.
func (j *Journal) Unconfirmed(context.Context) (int, error) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	if j.closed {
		return 0, errClosed
	}
	return j.index.intents + j.index.givenUp, nil
}
