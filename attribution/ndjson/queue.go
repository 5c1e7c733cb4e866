package ndjson

import (
	"context"
	"errors"

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
}

// append puts records into the file, and returns when they are durable there.
func (j *Journal) append(ctx context.Context, k kind, records []attribution.Record) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w := &write{kind: k, records: records, lines: make([]byte, 0, 384*len(records))}
	for _, r := range records {
		w.lines = appendLine(w.lines, k, r)
	}
	return j.queue.Do(ctx, w, len(w.lines)) // one that gives up may still have it written: no harm
}
