// Package gather lets callers who come while a write is under way share the
// next one.
//
//	q := gather.New[record](1000, errClosed, errFull)
//	err := q.Do(ctx, r, 1)           // a caller: back when it is written
//	for range q.Ready() { q.Write(commit) } // the one writer
//
// It writes nothing itself, and owns no goroutine.
package gather

import (
	"context"
	"sync"
)

// Queue holds what waits for one writer. Its methods may be called from any
// goroutine, but for Write, which is the writer's.
type Queue[T any] struct {
	limit        int
	closed, full error
	ready        chan struct{}

	mu     sync.Mutex
	list   []*call[T]
	weight int
	over   bool

	spare []*call[T] // the writer's
	items []T        // likewise
}

type call[T any] struct {
	item T
	done chan error
}

// New returns a queue for items of a weight of limit in all; a heavier one may
// wait alone. Do returns closed after Close, and full beyond the limit.
func New[T any](limit int, closed, full error) *Queue[T] {
	return &Queue[T]{limit: limit, closed: closed, full: full, ready: make(chan struct{}, 1)}
}

// Do hands item to the writer and returns what the write that held it did, or
// the cause of ctx's end; item may still be written then.
func (q *Queue[T]) Do(ctx context.Context, item T, weight int) error {
	c := &call[T]{item, make(chan error, 1)}
	if err := q.add(c, weight); err != nil {
		return err
	}
	select {
	case err := <-c.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (q *Queue[T]) add(c *call[T], weight int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.over:
		return q.closed
	case q.weight+weight > q.limit && q.weight > 0:
		return q.full
	}
	q.list = append(q.list, c)
	q.weight += weight
	select {
	case q.ready <- struct{}{}:
	default:
	}
	return nil
}

// Ready tells the writer that something may wait.
func (q *Queue[T]) Ready() <-chan struct{} { return q.ready }

// Write has commit write all that waits, and tells its callers; nothing waits:
// commit is not called. commit must not keep the slice.
func (q *Queue[T]) Write(commit func([]T) error) {
	q.mu.Lock()
	all := q.list
	q.list, q.weight = q.spare[:0], 0
	q.mu.Unlock()
	if len(all) > 0 {
		q.items = q.items[:0]
		for _, c := range all {
			q.items = append(q.items, c.item)
		}
		err := commit(q.items)
		clear(q.items)
		for i, c := range all {
			c.done <- err
			all[i] = nil
		}
	}
	q.spare = all
}

// Close lets nothing more in. What waits is for a last Write.
func (q *Queue[T]) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.over = true
}

// Waiting returns how many callers' items wait.
func (q *Queue[T]) Waiting() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.list)
}
