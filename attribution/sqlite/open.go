package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/syncward/syncward/attribution/internal/gather"
)

// Options make a Journal. The zero value is the safe one.
type Options struct {
	// Relaxed leaves fsync to SQLite's checkpoints: a kill of the process loses
	// nothing, a loss of power what came behind the last one. Otherwise every
	// transaction is synced before anything is reported.
	Relaxed bool
	// ByClient keeps an index by which a Query for a clientId costs little,
	// whatever the journal holds; a write costs more for it.
	ByClient bool
	// ReadOnly is for who only asks, beside those who write: the database must
	// be there, and Intend, Confirm and Forget are errors.
	ReadOnly bool
}

// Journal is an attribution.Journal in a database. Make one with Open.
type Journal struct {
	queue  *gather.Queue[*write]
	reads  *sql.DB
	writes *sql.DB
	conn   *sql.Conn // of writes: the one that the writer goroutine uses
	ops    map[op]*sql.Stmt
	// byClient: the index is there.
	byClient bool
	stop     context.CancelFunc
	tasks    sync.WaitGroup
	once     sync.Once
}

const (
	schemaVersion = 1
	busy          = 5 * time.Second // how long another process's transaction is waited for
	readers       = 4
)

const schema = `
CREATE TABLE IF NOT EXISTS events (
	store TEXT NOT NULL, backend TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
	name TEXT NOT NULL, client TEXT NOT NULL, session TEXT NOT NULL, hash BLOB NOT NULL,
	user TEXT NOT NULL, connection TEXT NOT NULL, timestamp INTEGER NOT NULL, attempt INTEGER NOT NULL,
	PRIMARY KEY (store, backend, seq, event)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS intents (
	store TEXT NOT NULL, backend TEXT NOT NULL, seq INTEGER NOT NULL, event TEXT NOT NULL,
	name TEXT NOT NULL, client TEXT NOT NULL, session TEXT NOT NULL, hash BLOB NOT NULL,
	user TEXT NOT NULL, connection TEXT NOT NULL, timestamp INTEGER NOT NULL, attempt INTEGER NOT NULL,
	PRIMARY KEY (store, backend, seq, event, user, connection, attempt, hash)
) STRICT, WITHOUT ROWID;
`

const clientIndex = `
CREATE INDEX IF NOT EXISTS events_by_client ON events (client, store);
CREATE INDEX IF NOT EXISTS intents_by_client ON intents (client, store);
`

// Open opens the journal in the database at path, or begins it; its directory
// must be there.
func Open(path string, opt Options) (*Journal, error) {
	j := &Journal{queue: gather.New[*write](maxQueued, errClosed, errFull)}
	open := j.open
	if opt.ReadOnly {
		open = j.openToRead
	}
	if err := open(path, opt); err != nil {
		return nil, fmt.Errorf("sqlite: %w", errors.Join(err, j.release()))
	}
	if opt.ReadOnly {
		j.queue.Close()
		j.stop = func() {}
		return j, nil
	}
	ctx, stop := context.WithCancel(context.Background())
	j.stop = stop
	j.tasks.Go(func() { j.writer(ctx) })
	return j, nil
}

func (j *Journal) open(path string, opt Options) (err error) {
	// It holds userIds: nobody else's to read. SQLite gives the files beside it
	// the same mode. One that is there is not opened: closing it would end the
	// locks that this process has on it.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Close()
	}
	if err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	sync := "synchronous(FULL)"
	if opt.Relaxed {
		sync = "synchronous(NORMAL)"
	}
	if j.writes, err = sql.Open("sqlite", address(path, sync)); err != nil {
		return err
	}
	if j.reads, err = sql.Open("sqlite", address(path, "query_only(1)")); err != nil {
		return err
	}
	j.reads.SetMaxOpenConns(readers)
	j.reads.SetMaxIdleConns(readers)
	ctx, cancel := context.WithTimeout(context.Background(), 4*busy)
	defer cancel()
	// Two processes that begin at a time may lock each other out of the change
	// to WAL at once, without the wait of busy_timeout.
	for wait := 10 * time.Millisecond; ; wait *= 2 {
		if err = j.prepare(ctx, opt); err == nil || errors.Is(err, errVersion) || wait > busy/2 {
			return err
		}
		time.Sleep(wait) // SQLite tells nobody when the other is through
	}
}

// openToRead opens a database that is there for queries alone.
func (j *Journal) openToRead(path string, _ Options) (err error) {
	if _, err := os.Stat(path); err != nil {
		return err
	}
	if j.reads, err = sql.Open("sqlite", address(path, "query_only(1)")+"&mode=ro"); err != nil {
		return err
	}
	var version int
	if err := j.reads.QueryRow("PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if version != schemaVersion {
		return errVersion
	}
	return nil
}

// address is the database at path for the driver.
func address(path string, pragmas ...string) string {
	pragmas = append(pragmas, fmt.Sprintf("busy_timeout(%d)", busy.Milliseconds())) // the driver runs it first
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + url.Values{"_pragma": pragmas}.Encode()
}

var errVersion = errors.New("the database is no journal of this version, and is left as it is")

// prepare makes the writer's connection, the tables and the statements.
func (j *Journal) prepare(ctx context.Context, opt Options) (err error) {
	if j.conn == nil {
		if j.conn, err = j.writes.Conn(ctx); err != nil {
			j.conn = nil
			return err
		}
	}
	var version, tables int
	if err := j.conn.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version); err != nil {
		return err
	}
	if err := j.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return err
	}
	switch {
	case version == 0 && tables == 0:
		begin := fmt.Sprintf("BEGIN IMMEDIATE; %s PRAGMA user_version=%d; COMMIT", schema, schemaVersion)
		if _, err := j.conn.ExecContext(ctx, begin); err != nil {
			_, _ = j.conn.ExecContext(ctx, "ROLLBACK")
			return err
		}
	case version != schemaVersion:
		return errVersion
	}
	// Only now: the mode stays in the file, and this one is ours.
	if _, err := j.conn.ExecContext(ctx, "PRAGMA journal_mode=WAL"); err != nil {
		return err
	}
	if opt.ByClient {
		if _, err := j.conn.ExecContext(ctx, clientIndex); err != nil {
			return err
		}
		j.byClient = true
	}
	j.ops = map[op]*sql.Stmt{}
	for op, text := range statements {
		if j.ops[op], err = j.conn.PrepareContext(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

// Close writes what waits, and ends the journal.
func (j *Journal) Close() (err error) {
	j.once.Do(func() {
		j.queue.Close()
		j.stop()
		j.tasks.Wait()
		err = j.release()
	})
	return err
}

// release closes what is open.
func (j *Journal) release() (err error) {
	for _, s := range j.ops {
		err = errors.Join(err, s.Close())
	}
	if j.conn != nil {
		err = errors.Join(err, j.conn.Close())
	}
	for _, db := range []*sql.DB{j.reads, j.writes} {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}
	return err
}
