package main

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/syncward/syncward/attribution/natsstream"
	"github.com/syncward/syncward/attribution/ndjson"
	"github.com/syncward/syncward/attribution/sqlite"
	"github.com/syncward/syncward/authz"
)

// probeJournal looks whether the journal's folder takes files and what is there
// under its name is a journal, or its stream is there. It opens no journal: a
// running syncward may have it open.
func probeJournal(ctx context.Context, c *config) probe {
	const name = "journal"
	off := c.startMode() == authz.Off
	switch {
	case c.Attribution != "journal" || c.Journal.kind == "":
		return probe{name, true, "none"}
	case c.Journal.kind == "nats" && off:
		return probe{name, true, "not asked in mode off"}
	case c.Journal.kind == "nats":
		return probeStream(ctx, c)
	}
	f, err := os.CreateTemp(filepath.Dir(c.Journal.path), ".syncward-check-*")
	if err != nil {
		return probe{name, off, cause(err) + "; JOURNAL_URL needs a folder that can be written to"}
	}
	defer os.Remove(f.Name())
	if err := f.Close(); err != nil {
		return probe{name, false, cause(err)}
	}
	if err := probeJournalFile(c.Journal); err != nil {
		return probe{name, off, cause(err) + "; mend the file, or name another in JOURNAL_URL"}
	}
	return probe{name, true, c.Journal.kind + ", in a folder that can be written to"}
}

// probeJournalFile tells whether serve could go on with a journal that is there.
func probeJournalFile(at journalURL) error {
	if at.kind == "file" {
		return ndjson.Probe(at.path)
	}
	f, err := os.OpenFile(at.path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err != nil || info.Size() == 0 { // empty is as not there
		return err
	}
	j, err := sqlite.Open(at.path, sqlite.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	return j.Close()
}

// probeStream looks whether the stream is there, or can be made.
func probeStream(ctx context.Context, c *config) probe {
	const name = "journal"
	conn, err := dialNATS(c, "syncward check", c.Journal.servers, func(error) {}, nats.RetryOnFailedConnect(false), nats.NoReconnect())
	if err != nil {
		return probe{name, false, plain(err) + "; see JOURNAL_URL, NATS_CREDS_FILE, NATS_CA_FILE"}
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	there, err := natsstream.Probe(ctx, conn, c.Journal.stream)
	switch {
	case err != nil:
		return probe{name, false, plain(err) + "; see JOURNAL_URL"}
	case !there:
		return probe{name, true, "NATS answers; serve makes the stream " + c.Journal.stream}
	}
	return probe{name, true, "stream " + c.Journal.stream}
}
