package ndjson

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/syncward/syncward/attribution/internal/gather"
)

// Options make a Journal. The zero value is the safe one.
type Options struct {
	// Interval reports a record as kept when the kernel has it, and calls fsync
	// that often: a kill of the process loses nothing, a loss of power up to
	// this much. 0: fsync before anything is reported.
	Interval time.Duration
	// MaxBytes is how much a file grows before it becomes an archive. 0: 64 MiB.
	MaxBytes int64
	// MaxOpen is how many open intents are held in memory, and carried from file
	// to file; what one write brings may come on top. Beyond it the oldest are
	// given up: see the package's comment. 0: 100,000.
	MaxOpen int
	// ByClient keeps in memory who wrote with a clientId first, for FirstUser; not
	// where that is Nobody. Archives are read for it once, behind Open.
	ByClient bool
	Nobody   string
	// Damaged is told of a line that cannot be read, other than a last one that
	// a kill tore; it is skipped. Nil: nobody is told.
	Damaged func(file string, line int)
	// Failed is told what went wrong outside of any call: with the rewriting of
	// an archive, or an fsync of Interval. Nil: nobody is told.
	Failed func(error)

	disk disk // for tests
}

// disk is what the newest file is written by.
type disk struct {
	write func(f *os.File, b []byte, at int64) (int, error)
	sync  func(f *os.File) error
}

// Journal is an attribution.Journal in files. Make one with Open.
type Journal struct {
	path string
	opt  Options
	lock *os.File

	queue *gather.Queue[*write]

	mu       sync.RWMutex
	index    *index
	file     *os.File
	size     int64 // of file, as far as it holds what was reported
	archives []string
	closed   bool

	// Of the writer alone:
	full   int64 // the size at which the file becomes an archive
	begun  bool  // bytes of a failed write may be in the file
	dirty  bool  // Interval: something was written behind the last fsync
	moved  bool  // files were renamed behind the last fsync of the directory
	stop   context.CancelFunc
	tasks  sync.WaitGroup // the writer, the compactor and learn
	rework chan struct{}  // there is an archive to compact
}

const (
	defaultMaxBytes = 64 << 20
	defaultMaxOpen  = 100_000
)

// Open opens the journal at path, or begins it; its directory must be there.
// An error of a file that another process has open names the file.
func Open(path string, opt Options) (*Journal, error) {
	if opt.MaxBytes <= 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.MaxOpen <= 0 {
		opt.MaxOpen = defaultMaxOpen
	}
	if opt.Damaged == nil {
		opt.Damaged = func(string, int) {}
	}
	if opt.Failed == nil {
		opt.Failed = func(error) {}
	}
	if opt.disk.write == nil {
		opt.disk = disk{write: (*os.File).WriteAt, sync: (*os.File).Sync}
	}
	path = filepath.Clean(path)
	if err := Probe(path); err != nil { // a file that is none of ours gets no lock beside it either
		return nil, err
	}
	lock, err := lockFile(path + ".lock")
	if err != nil {
		return nil, err
	}
	j := &Journal{path: path, opt: opt, lock: lock, index: newIndex(), rework: make(chan struct{}, 1)}
	if opt.ByClient {
		j.index.clients = newClients(opt.Nobody)
	}
	j.queue = gather.New[*write](maxQueued, errClosed, errFull)
	if err := j.load(); err != nil {
		_ = lock.Close()
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	j.full = j.opt.MaxBytes
	j.rework <- struct{}{}
	ctx, stop := context.WithCancel(context.Background())
	j.stop = stop
	if before := slices.Clone(j.archives); opt.ByClient {
		j.tasks.Go(func() { j.learn(ctx, before) })
	}
	j.tasks.Go(func() { j.writer(ctx) })
	j.tasks.Go(func() { j.compactor(ctx) })
	return j, nil
}

// Close writes what waits, and ends the journal.
func (j *Journal) Close() error {
	j.mu.Lock()
	was := j.closed
	j.closed = true
	j.mu.Unlock()
	if was {
		return nil
	}
	j.queue.Close()
	j.stop()
	j.tasks.Wait()
	return errors.Join(j.file.Close(), j.lock.Close())
}

// load reads the files that are there, and opens the newest for appending.
func (j *Journal) load() error {
	_ = os.Remove(j.path + ".new") // of a rotation that was killed
	var err error
	if j.archives, err = archives(j.path); err != nil {
		return err
	}
	if _, err := os.Stat(j.path); errors.Is(err, fs.ErrNotExist) && len(j.archives) > 0 {
		// Killed between the two renames of a rotation: the last one it is.
		last := len(j.archives) - 1
		if err := os.Rename(j.archives[last], j.path); err != nil {
			return err
		}
		j.archives = j.archives[:last]
	}
	if j.file, err = os.OpenFile(j.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if err = j.replay(); err == nil && j.index.givenUp > 0 {
		err = j.recall()
	}
	if err != nil {
		_ = j.file.Close()
	}
	return err
}

// replay reads the newest file into the index, and mends its end.
func (j *Journal) replay() error {
	end, torn, err := scan(j.file, -1, func(n int, b []byte) error {
		l, r, err := parse(b)
		switch {
		case n == 1 && (err != nil || l.Kind != header):
			return errForeign(j.path)
		case err != nil:
			j.opt.Damaged(j.path, n)
		case n == 1:
			j.index.givenUp = l.GivenUp
		case l.Kind != header:
			j.index.apply(l.Kind, r)
		}
		return nil
	})
	if err != nil {
		return err
	}
	var mend []byte
	if end == 0 { // new, or killed while it was
		if !bytes.HasPrefix(headerLine(false, 0), torn) {
			return errForeign(j.path)
		}
		mend = headerLine(false, 0)
	} else if l, r, err := parse(torn); err == nil { // whole, but for its end
		j.index.apply(l.Kind, r)
		end += int64(len(torn))
		mend = []byte{'\n'}
	}
	if err := j.file.Truncate(end); err != nil {
		return err
	}
	if _, err := j.file.WriteAt(mend, end); err != nil {
		return err
	}
	j.size = end + int64(len(mend))
	return errors.Join(j.file.Sync(), syncDir(j.path))
}

func errForeign(path string) error {
	return fmt.Errorf("%s is no journal of this version, and is left as it is", path)
}
