package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"go.uber.org/zap"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/natsstream"
	"github.com/syncward/syncward/attribution/ndjson"
	"github.com/syncward/syncward/attribution/sqlite"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/observe"
	"github.com/syncward/syncward/proxy"
)

// fsyncEvery is the time between two fsyncs with JOURNAL_FSYNC=interval.
const fsyncEvery = time.Second

// books are the journal and who writes in it; the zero value is no journal.
type books struct {
	journal  attribution.Journal
	recorder *attribution.Recorder
}

// openBooks opens the journal of JOURNAL_URL, if there is to be one.
func openBooks(c *config, o *observe.Observer, log *zap.Logger) (books, error) {
	if c.Attribution != "journal" {
		return books{}, nil
	}
	failed := journalFailed(log)
	journal, err := openJournal(c, failed)
	if err != nil && c.startMode() == authz.Off {
		// Off depends on nothing. A mode that attributes finds no journal then,
		// and no event goes on without one.
		journal, err = noJournal{err}, nil
	}
	if err != nil {
		return books{}, faults{{"JOURNAL_URL", "cannot be used (" + cause(err) + "); mend it, or name another"}}
	}
	return books{journal, attribution.New(attribution.Options{
		Journal: journal, Pass: c.JournalFailure == "pass",
		Attributed: o.Hooks().Attributed, Unconfirmed: o.Unconfirmed, Failed: failed,
	})}, nil
}

// openJournal opens the journal. failed is told what goes wrong in it outside of
// any call.
func openJournal(c *config, failed func(error)) (attribution.Journal, error) {
	relaxed := c.JournalFsync == "interval"
	switch c.Journal.kind {
	case "file":
		opt := ndjson.Options{ByClient: c.ClientIDOwnership, Nobody: c.AnonymousUserID, Failed: failed, Damaged: func(file string, line int) {
			failed(fmt.Errorf("%s:%d cannot be read, and is skipped", file, line))
		}}
		if relaxed {
			opt.Interval = fsyncEvery
		}
		return orNone(ndjson.Open(c.Journal.path, opt))
	case "sqlite":
		return orNone(sqlite.Open(c.Journal.path, sqlite.Options{Relaxed: relaxed, ByClient: c.ClientIDOwnership}))
	case "nats":
		return openStream(c, c.Journal, natsstream.Options{Nobody: c.AnonymousUserID}, failed)
	}
	return nil, errors.New("JOURNAL_URL names no journal")
}

// openStream opens a journal on NATS. It waits for no server.
func openStream(c *config, at journalURL, opt natsstream.Options, failed func(error), more ...nats.Option) (attribution.Journal, error) {
	conn, err := dialNATS(c, "syncward journal", at.servers, failed, more...)
	if err != nil {
		return nil, err
	}
	opt.Conn, opt.Stream = conn, at.stream
	j, err := natsstream.New(opt)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return j, nil
}

// orNone keeps a nil pointer from becoming an interface that is not nil.
func orNone[J attribution.Journal](j J, err error) (attribution.Journal, error) {
	if err != nil {
		return nil, err
	}
	return j, nil
}

// record is proxy.Config.Record; nil where there is no journal.
func (b books) record() func(attribution.Author, string) proxy.Recorder {
	if b.recorder == nil {
		return nil
	}
	return func(a attribution.Author, store string) proxy.Recorder { return b.recorder.Connect(a, store) }
}

// close ends the recorder, then the journal.
func (b books) close() {
	if b.recorder != nil {
		b.recorder.Close()
		_ = b.journal.Close() // what it was told is durable is so already
	}
}

// journalFailed returns what tells the log of a journal that fails: at once, and
// then each few seconds with how often it did.
func journalFailed(log *zap.Logger) func(error) {
	var mu sync.Mutex
	var last time.Time
	count := 0
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if count++; time.Since(last) < 5*time.Second {
			return
		}
		last = time.Now()
		log.Error("journal", zap.Int("failures", count), zap.Error(err))
	}
}

// noJournal is a journal that could not be opened.
type noJournal struct{ err error }

// Each of its methods says why.
func (n noJournal) Intend(context.Context, []attribution.Record) error  { return n.err }
func (n noJournal) Confirm(context.Context, []attribution.Record) error { return n.err }
func (n noJournal) Forget(context.Context, []attribution.Record) error  { return n.err }
func (n noJournal) Open(context.Context, []attribution.Place) ([]attribution.Record, error) {
	return nil, n.err
}
func (n noJournal) Events(context.Context, attribution.Query) ([]attribution.Record, error) {
	return nil, n.err
}
func (n noJournal) Unconfirmed(context.Context) (int, error) { return 0, n.err }
func (n noJournal) Close() error                             { return nil }
