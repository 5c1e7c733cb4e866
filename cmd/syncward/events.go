package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/spf13/cobra"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/natsstream"
	"github.com/syncward/syncward/attribution/ndjson"
	"github.com/syncward/syncward/attribution/sqlite"
)

func eventsCommand() *cobra.Command {
	var f eventsFlags
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Say who wrote which event, from the attribution journal",
		Long: `Read the journal of ATTRIBUTION=journal, also beside the serve that writes it,
and print who wrote which event, ordered by store and place in its log.

The journal is that of JOURNAL_URL, or of --journal, which may be given several
times: replicas that kept one file each are read as one. A record that several
of them hold comes once; where they name different authors for one place, all
come, with the state conflict. Variables that say nothing of the journal need
not be set; NATS_CREDS_FILE and its kin count for nats://.

The states: confirmed, the event is in the log at this place and by this user;
unconfirmed, it was offered and nobody knows yet; conflict. A user is empty for
no event: what no journal knows is not listed.

A table is for people: what cannot be printed is shown as ?. json is one object
a line, with timestamps in milliseconds; csv quotes what a spreadsheet could
take for a formula with a ' in front.

The exit code is 0 for an answer, also an empty one; 1 where a journal could not
be read to its end (what was printed is true, and not all); 2 for flags and
variables that cannot be.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.register(cmd)
	return cmd
}

// run answers the command line.
func (f *eventsFlags) run(cmd *cobra.Command) error {
	ask, err := f.parse(time.Now())
	if err != nil {
		return usageError{fmt.Errorf("events: %w", err)}
	}
	print, err := printerOf(f.format, cmd.OutOrStdout())
	if err != nil {
		return usageError{fmt.Errorf("events: %w", err)}
	}
	books, err := f.openAll(cmd)
	defer func() {
		for _, b := range books {
			_ = b.Close()
		}
	}()
	if err != nil {
		return err
	}
	conflicts := 0
	err = ask.each(cmd.Context(), books, func(e attribution.Record) error {
		if e.State == stateConflict {
			conflicts++
		}
		return print.event(e)
	})
	if err = errors.Join(err, print.end()); err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "events: not all could be read: %v\n", err)
		return errReported
	}
	if conflicts > 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "events: %d records contradict each other: the journals name different authors for a place\n", conflicts)
	}
	return nil
}

// book is a journal that is asked.
type book interface {
	Events(context.Context, attribution.Query) ([]attribution.Record, error)
	io.Closer
}

// openAll opens the journals. What is wrong is said on stderr.
func (f *eventsFlags) openAll(cmd *cobra.Command) (books []book, err error) {
	c, _ := load(pick(os.Environ())) // its faults are of no concern here
	named, variable := f.journals, "--journal"
	if len(named) == 0 {
		named, variable = []string{c.JournalURL}, "JOURNAL_URL"
		if c.JournalURL == "" {
			return nil, misconfigured(cmd, faults{{variable, "is not set; set it, or name the journal with --journal"}})
		}
	}
	for _, raw := range named {
		at, err := parseJournal(raw)
		if err != nil {
			return books, misconfigured(cmd, faults{{variable, err.Error()}})
		}
		b, err := openBook(c, at)
		if err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: cannot be read (%s)\n", variable, cause(err))
			return books, errReported
		}
		books = append(books, b)
	}
	return books, nil
}

// openBook opens a journal for queries alone.
func openBook(c *config, at journalURL) (book, error) {
	switch at.kind {
	case "file":
		return orNoBook(ndjson.NewReader(at.path))
	case "sqlite":
		return orNoBook(sqlite.Open(at.path, sqlite.Options{ReadOnly: true}))
	}
	return openStream(c, at, natsstream.Options{ReadOnly: true}, func(error) {}, nats.RetryOnFailedConnect(false), nats.NoReconnect())
}

// orNoBook keeps a nil pointer from becoming an interface that is not nil.
func orNoBook[B book](b B, err error) (book, error) {
	if err != nil {
		return nil, err
	}
	return b, nil
}
