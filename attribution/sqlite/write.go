package sqlite

import (
	"context"
	"errors"
	"fmt"

	"github.com/syncward/syncward/attribution"
)

// op is one kind of statement. The list is closed.
type op int

const (
	intend op = iota
	confirm
	forget
	settle // drops what is open at a place that was confirmed
)

const place = `store=?1 AND backend=?2 AND seq=?3 AND event=?4`

// statements take a record's columns as ?1 to ?12, as far as they need them.
var statements = map[op]string{
	intend: `INSERT INTO intents SELECT ?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12
		WHERE NOT EXISTS (SELECT 1 FROM events WHERE ` + place + `) ON CONFLICT DO NOTHING`,
	confirm: `INSERT INTO events VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO NOTHING`,
	forget:  `DELETE FROM intents WHERE ` + place + ` AND user=?5 AND connection=?6 AND attempt=?7 AND hash=?8`,
	settle:  `DELETE FROM intents WHERE ` + place,
}

// maxQueued bounds what waits for a disk that hangs, in records.
const maxQueued = 1 << 18

var (
	errClosed = errors.New("sqlite: the journal is closed")
	errFull   = errors.New("sqlite: too much waits for the disk")
)

// write is what one caller wants in the database.
type write struct {
	op      op
	records []attribution.Record
}

// submit puts records into the database, and returns when they are durable.
func (j *Journal) submit(ctx context.Context, o op, records []attribution.Record) error {
	if err := ctx.Err(); err != nil || len(records) == 0 {
		return err
	}
	// A caller that gives up may still have it written: no harm.
	return j.queue.Do(ctx, &write{op: o, records: append([]attribution.Record(nil), records...)}, len(records))
}

// writer is the one goroutine that writes. It takes all that waits at a time:
// the callers that came while the last commit ran share the next.
func (j *Journal) writer(ctx context.Context) {
	for {
		select {
		case <-j.queue.Ready():
			j.queue.Write(j.commit)
		case <-ctx.Done():
			j.queue.Write(j.commit) // what came before Close
			return
		}
	}
}

// commit runs writes in one transaction. It has no end of its own: busy_timeout
// bounds the wait for others, and a caller may give up waiting for it.
func (j *Journal) commit(all []*write) (err error) {
	ctx := context.Background()
	if _, err := j.conn.ExecContext(ctx, "BEGIN IMMEDIATE"); err != nil {
		return fmt.Errorf("sqlite: %w", err)
	}
	for _, w := range all {
		for _, r := range w.records {
			if err = j.apply(ctx, w.op, r); err != nil {
				break
			}
		}
	}
	if err == nil {
		_, err = j.conn.ExecContext(ctx, "COMMIT")
	}
	if err != nil {
		_, _ = j.conn.ExecContext(ctx, "ROLLBACK") // no transaction is open where COMMIT has ended it
		return fmt.Errorf("sqlite: %w", err)
	}
	return nil
}

func (j *Journal) apply(ctx context.Context, o op, r attribution.Record) error {
	if o == forget {
		_, err := j.ops[forget].ExecContext(ctx, r.StoreID, r.BackendID, r.SeqNum, r.EventID, r.UserID, r.ConnectionID, r.Attempt, r.Hash[:])
		return err
	}
	at := int64(0)
	if !r.Timestamp.IsZero() {
		at = r.Timestamp.UnixMilli()
	}
	_, err := j.ops[o].ExecContext(ctx, r.StoreID, r.BackendID, r.SeqNum, r.EventID, r.Name, r.ClientID, r.SessionID, r.Hash[:],
		r.UserID, r.ConnectionID, at, r.Attempt)
	if err == nil && o == confirm {
		_, err = j.ops[settle].ExecContext(ctx, r.StoreID, r.BackendID, r.SeqNum, r.EventID)
	}
	return err
}

// Intend implements attribution.Journal.
func (j *Journal) Intend(ctx context.Context, intents []attribution.Record) error {
	return j.submit(ctx, intend, intents)
}

// Confirm implements attribution.Journal.
func (j *Journal) Confirm(ctx context.Context, records []attribution.Record) error {
	return j.submit(ctx, confirm, records)
}

// Forget implements attribution.Journal.
func (j *Journal) Forget(ctx context.Context, intents []attribution.Record) error {
	return j.submit(ctx, forget, intents)
}

var _ attribution.Journal = (*Journal)(nil)
