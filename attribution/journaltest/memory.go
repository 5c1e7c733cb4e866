package journaltest

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/syncward/syncward/attribution"
)

// Memory is a journal for tests: durable as long as the process.
type Memory struct {
	mu        sync.Mutex
	open      []attribution.Record
	confirmed map[attribution.Place]attribution.Record
	fail      error
	closed    bool
}

// NewMemory returns an empty journal.
func NewMemory() *Memory { return &Memory{confirmed: map[attribution.Place]attribution.Record{}} }

// Fail makes every later call fail with err, until Fail(nil).
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fail = err
}

var errClosed = errors.New("journaltest: closed")

// enter locks the journal, if the call may go on. The caller unlocks.
func (m *Memory) enter(ctx context.Context) error {
	m.mu.Lock()
	err := cmp.Or(ctx.Err(), m.fail)
	if err == nil && m.closed {
		err = errClosed
	}
	if err != nil {
		m.mu.Unlock()
	}
	return err
}

// Intend implements attribution.Journal.
func (m *Memory) Intend(ctx context.Context, intents []attribution.Record) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, r := range intents {
		if _, done := m.confirmed[r.Place()]; !done && !slices.ContainsFunc(m.open, r.Same) {
			m.open = append(m.open, r)
		}
	}
	return nil
}

// Confirm implements attribution.Journal.
func (m *Memory) Confirm(ctx context.Context, records []attribution.Record) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, r := range records {
		if _, done := m.confirmed[r.Place()]; !done {
			m.confirmed[r.Place()] = r
		}
		m.open = slices.DeleteFunc(m.open, func(o attribution.Record) bool { return o.Place() == r.Place() })
	}
	return nil
}

// Forget implements attribution.Journal.
func (m *Memory) Forget(ctx context.Context, intents []attribution.Record) error {
	if err := m.enter(ctx); err != nil {
		return err
	}
	defer m.mu.Unlock()
	for _, r := range intents {
		m.open = slices.DeleteFunc(m.open, r.Same)
	}
	return nil
}

// Open implements attribution.Journal.
func (m *Memory) Open(ctx context.Context, places []attribution.Place) (found []attribution.Record, err error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	for _, r := range m.open {
		if slices.Contains(places, r.Place()) {
			found = append(found, r)
		}
	}
	return found, nil
}

// Events implements attribution.Journal.
func (m *Memory) Events(ctx context.Context, q attribution.Query) (found []attribution.Record, err error) {
	if err := m.enter(ctx); err != nil {
		return nil, err
	}
	defer m.mu.Unlock()
	for _, r := range slices.AppendSeq(slices.Clone(m.open), maps.Values(m.confirmed)) {
		if !r.Sight() && q.Matches(r) {
			found = append(found, r)
		}
	}
	slices.SortFunc(found, attribution.Record.Compare)
	places := 0
	for i, r := range found {
		if i == 0 || r.Place() != found[i-1].Place() {
			if places++; places > cmp.Or(q.Limit, 1000) {
				return found[:i], nil
			}
		}
	}
	return found, nil
}

// Unconfirmed implements attribution.Journal.
func (m *Memory) Unconfirmed(ctx context.Context) (n int, err error) {
	if err := m.enter(ctx); err != nil {
		return 0, err
	}
	defer m.mu.Unlock()
	for _, r := range m.open {
		if !r.Sight() {
			n++
		}
	}
	return n, nil
}

// Close implements attribution.Journal.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// Reopen undoes Close.
func (m *Memory) Reopen() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = false
}
