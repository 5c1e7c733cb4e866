package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncward/syncward/attribution"
)

// eventsFlags are the flags of events as they were written.
type eventsFlags struct {
	journals                []string
	store, user, connection string
	from, until             string
	afterSeq, seq           int64
	limit                   int
	format                  string
}

func (f *eventsFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringArrayVar(&f.journals, "journal", nil, "the journal, as in JOURNAL_URL; several times for several")
	flags.StringVar(&f.store, "store", "", "only events of this storeId")
	flags.StringVar(&f.user, "user", "", "only events of this userId")
	flags.StringVar(&f.connection, "connection", "", "only events of this connectionId")
	flags.StringVar(&f.from, "from", "", "only events received then or later: an RFC 3339 time, or a duration ago, such as 24h")
	flags.StringVar(&f.until, "until", "", "only events received before: likewise")
	flags.Int64Var(&f.afterSeq, "after-seq", 0, "only events behind this sequence number")
	flags.Int64Var(&f.seq, "seq", 0, "only the event with this sequence number")
	flags.IntVar(&f.limit, "limit", 0, "at most so many events; 0 is all")
	flags.StringVar(&f.format, "format", "table", "table, json or csv")
}

// search is what is asked of the journals.
type search struct {
	q     attribution.Query // its Limit is that of events in all, 0: none
	seq   int64             // 0: any
	limit int
}

// parse reads the flags. The errors name a flag.
func (f *eventsFlags) parse(now time.Time) (a search, err error) {
	if f.seq < 0 || f.afterSeq < 0 || f.limit < 0 {
		return a, errors.New("--seq, --after-seq and --limit take numbers from 0")
	}
	if f.seq > 0 && f.afterSeq > 0 {
		return a, errors.New("--seq and --after-seq exclude each other")
	}
	a = search{attribution.Query{StoreID: f.store, UserID: f.user, ConnectionID: f.connection, AfterSeqNum: f.afterSeq}, f.seq, f.limit}
	if f.seq > 0 {
		a.q.AfterSeqNum, a.q.UntilSeqNum = f.seq-1, f.seq
	}
	if a.q.From, err = instant("--from", f.from, now); err != nil {
		return a, err
	}
	if a.q.Until, err = instant("--until", f.until, now); err != nil {
		return a, err
	}
	if !a.q.From.IsZero() && !a.q.Until.IsZero() && !a.q.From.Before(a.q.Until) {
		return a, errors.New("--from is not before --until")
	}
	return a, nil
}

// instant reads a time, or how long ago it was.
func instant(flag, text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return time.Time{}, fmt.Errorf("%s: %q is neither a time, such as 2026-11-22T15:04:05Z, nor a duration ago, such as 24h", flag, text)
	}
	return now.Add(-d), nil
}
