package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncward/syncward/attribution"
)

const columns = `store,backend,seq,event,name,client,session,hash,user,connection,timestamp,attempt`

// Open implements attribution.Journal.
func (j *Journal) Open(ctx context.Context, at []attribution.Place) (found []attribution.Record, err error) {
	wanted := map[attribution.Place]bool{}
	for _, r := range ranges(at, wanted) {
		rows, err := j.reads.QueryContext(ctx, `SELECT 0,`+columns+` FROM intents WHERE store=? AND backend=? AND seq BETWEEN ? AND ?`,
			r.store, r.backend, r.low, r.high)
		if err == nil {
			err = each(rows, func(rec attribution.Record) bool {
				if wanted[rec.Place()] {
					found = append(found, rec)
				}
				return true
			})
		}
		if err != nil {
			return nil, fmt.Errorf("sqlite: %w", err)
		}
	}
	return found, nil
}

// span is the part of a log that holds the places asked about. They mostly
// follow on each other, and few intents are open: one search of the index, and
// hardly a row.
type span struct {
	store, backend string
	low, high      int64
}

// ranges covers the places with spans, one for each log, and notes them in wanted.
func ranges(at []attribution.Place, wanted map[attribution.Place]bool) (spans []span) {
	for _, p := range at {
		wanted[p] = true
		i := slices.IndexFunc(spans, func(s span) bool { return s.store == p.StoreID && s.backend == p.BackendID })
		if i < 0 {
			spans = append(spans, span{p.StoreID, p.BackendID, p.SeqNum, p.SeqNum})
			continue
		}
		spans[i].low, spans[i].high = min(spans[i].low, p.SeqNum), max(spans[i].high, p.SeqNum)
	}
	return spans
}

// Events implements attribution.Journal.
func (j *Journal) Events(ctx context.Context, q attribution.Query) ([]attribution.Record, error) {
	text, args := j.selection(q)
	rows, err := j.reads.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	var found []attribution.Record
	limit, places := cmp.Or(q.Limit, 1000), 0
	err = each(rows, func(r attribution.Record) bool {
		if len(found) == 0 || found[len(found)-1].Place() != r.Place() {
			places++
		}
		if places <= limit {
			found = append(found, r)
		}
		return places <= limit
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	slices.SortFunc(found, attribution.Record.Compare)
	return found, nil
}

// selection is what Events asks for. Left to itself SQLite would rather walk
// over the store than use the index by client.
func (j *Journal) selection(q attribution.Query) (text string, args []any) {
	where, args := conditions(q)
	events, intents := "events", "intents i"
	if j.byClient && q.StoreID != "" && q.ClientID != "" {
		events, intents = events+" INDEXED BY events_by_client", intents+" INDEXED BY intents_by_client"
	}
	text = `SELECT 1,` + columns + ` FROM ` + events + ` WHERE ` + where + `
		UNION ALL SELECT 0,` + columns + ` FROM ` + intents + ` WHERE ` + where + ` AND user<>'' AND NOT EXISTS
			(SELECT 1 FROM events e WHERE e.store=i.store AND e.backend=i.backend AND e.seq=i.seq AND e.event=i.event)
		ORDER BY store,backend,seq,event`
	return text, append(args, args...)
}

// conditions is q as SQL; its limit is not in it.
func conditions(q attribution.Query) (where string, args []any) {
	all := []string{"1"}
	add := func(ok bool, condition string, arg ...any) {
		if ok {
			all = append(all, condition)
			args = append(args, arg...)
		}
	}
	add(q.StoreID != "", "store=?", q.StoreID)
	add(q.AfterSeqNum > 0, "seq>?", q.AfterSeqNum)
	add(q.UntilSeqNum > 0, "seq<=?", q.UntilSeqNum)
	add(q.After != attribution.Place{}, "(store,backend,seq,event)>(?,?,?,?)", q.After.StoreID, q.After.BackendID, q.After.SeqNum, q.After.EventID)
	add(q.UserID != "", "user=?", q.UserID)
	add(q.ConnectionID != "", "connection=?", q.ConnectionID)
	add(q.ClientID != "", "client=?", q.ClientID)
	add(!q.From.IsZero(), "timestamp>=?", ceilMilli(q.From))
	add(!q.Until.IsZero(), "timestamp<?", ceilMilli(q.Until))
	return strings.Join(all, " AND "), args
}

// ceilMilli is the first millisecond that is not before t.
func ceilMilli(t time.Time) int64 { return t.Add(time.Millisecond - 1).UnixMilli() }

// Unconfirmed implements attribution.Journal.
func (j *Journal) Unconfirmed(ctx context.Context) (n int, err error) {
	if err := j.reads.QueryRowContext(ctx, `SELECT count(*) FROM intents WHERE user<>''`).Scan(&n); err != nil {
		return 0, fmt.Errorf("sqlite: %w", err)
	}
	return n, nil
}

// each hands rows to do until it returns false, and closes them.
func each(rows *sql.Rows, do func(attribution.Record) bool) error {
	defer rows.Close()
	for rows.Next() {
		var r attribution.Record
		var hash []byte
		var confirmed bool
		var at int64
		if err := rows.Scan(&confirmed, &r.StoreID, &r.BackendID, &r.SeqNum, &r.EventID, &r.Name, &r.ClientID, &r.SessionID, &hash,
			&r.UserID, &r.ConnectionID, &at, &r.Attempt); err != nil {
			return err
		}
		r.State = attribution.Unconfirmed
		if confirmed {
			r.State = attribution.Confirmed
		}
		if at != 0 {
			r.Timestamp = time.UnixMilli(at).UTC()
		}
		copy(r.Hash[:], hash)
		if !do(r) {
			return nil
		}
	}
	return rows.Err()
}
