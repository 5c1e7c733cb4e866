package ndjson

import (
	"context"
	"errors"
	"sync"

	"github.com/syncward/syncward/attribution"
)

// maxQueued bounds what waits for a disk that hangs, in bytes.
const maxQueued = 64 << 20

var (
	errClosed = errors.New("ndjson: the journal is closed")
	errFull   = errors.New("ndjson: too much waits for the disk")
)

// write is what one caller wants in the file.
type write struct {
	kind    kind
	records []attribution.Record
	lines   []byte
	done    chan error
}

// queue is what waits for the writer.
type queue struct {
	mu     sync.Mutex
	list   []*write
	bytes  int
	closed bool
	kick   chan struct{}
}

func (q *queue) add(w *write) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return errClosed
	case q.bytes+len(w.lines) > maxQueued && q.bytes > 0:
		return errFull
	}
	q.list = append(q.list, w)
	q.bytes += len(w.lines)
	select {
	case q.kick <- struct{}{}:
	default:
	}
	return nil
}

// take returns all that waits, and leaves spare in its place.
func (q *queue) take(spare []*write) []*write {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := q.list
	q.list, q.bytes = spare[:0], 0
	return all
}

// close lets nothing more in.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}

// append puts records into the file, and returns when they are durable there.
func (j *Journal) append(ctx context.Context, k kind, records []attribution.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &write{kind: k, records: records, done: make(chan error, 1), lines: make([]byte, 0, 384*len(records))}
	for _, r := range records {
		w.lines = appendLine(w.lines, k, r)
	}
	if err := j.queue.add(w); err != nil {
		return err
	}
	select {
	case err := <-w.done:
		return err
	case <-ctx.Done():
		return context.Cause(ctx) // it may still be written: no harm
	}
}
