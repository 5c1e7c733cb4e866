package ndjson

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/syncward/syncward/attribution"
)

// Reader answers queries from a journal's files beside the process that writes
// them, or behind one that has ended. It changes nothing and takes no lock.
type Reader struct{ path string }

// NewReader returns a reader of the journal at path, which must be there.
func NewReader(path string) (*Reader, error) {
	r := &Reader{filepath.Clean(path)}
	files, err := r.freeze()
	closeAll(files)
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	return r, nil
}

// Events is attribution.Journal's.
func (r *Reader) Events(ctx context.Context, q attribution.Query) ([]attribution.Record, error) {
	files, err := r.freeze()
	defer closeAll(files)
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	newest, index := &files[len(files)-1], newIndex()
	newest.size, _, err = scan(newest, -1, func(n int, b []byte) error {
		l, rec, err := parse(b)
		switch {
		case n == 1 && (err != nil || l.Kind != header):
			return errForeign(r.path)
		case err == nil && n > 1 && l.Kind != header:
			index.apply(l.Kind, rec)
		}
		return ctx.Err()
	})
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	return answer(ctx, files, index.selected(q), q)
}

// Close does nothing: nothing stays open.
func (*Reader) Close() error { return nil }

// freeze opens all files, oldest first. Where the writer changed them meanwhile,
// it looks again.
func (r *Reader) freeze() (files []frozen, err error) {
	for range 100 {
		var before, after []string
		if before, err = archives(r.path); err != nil {
			return nil, err
		}
		if files, err = openAll(append(slices.Clone(before), r.path)); err == nil {
			if after, err = archives(r.path); err == nil && slices.Equal(before, after) {
				return files, nil
			}
		} else if !errors.Is(err, fs.ErrNotExist) || len(before) == 0 {
			return nil, err
		}
		closeAll(files)
		time.Sleep(time.Millisecond) // a rotation is two renames
	}
	if err == nil {
		err = errors.New("the files change faster than they can be opened")
	}
	return nil, err
}

func openAll(names []string) (files []frozen, err error) {
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, frozen{f, -1})
	}
	return files, nil
}

func closeAll(files []frozen) {
	for _, f := range files {
		_ = f.Close()
	}
}
