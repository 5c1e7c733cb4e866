package ndjson_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/ndjson"
)

// failing is a disk that can be full, or lose what it was asked to sync.
type failing struct{ full, lossy atomic.Bool }

func (d *failing) options() ndjson.Options {
	return ndjson.OnDisk(ndjson.Options{}, func(f *os.File, b []byte, at int64) (int, error) {
		if d.full.Load() {
			n, _ := f.WriteAt(b[:len(b)/2], at)
			return n, errDisk
		}
		return f.WriteAt(b, at)
	}, func(f *os.File) error {
		if d.lossy.Load() {
			return errDisk
		}
		return f.Sync()
	})
}

func TestAFullDiskIsAnErrorAndHeals(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	var d failing
	j := open(t, path, d.options())
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1)}))
	d.full.Store(true)
	for range 3 {
		if err := j.Intend(t.Context(), []attribution.Record{rec(2)}); !errors.Is(err, errDisk) {
			t.Errorf("a full disk gives %v", err)
		}
		if err := j.Confirm(t.Context(), []attribution.Record{confirmed(1)}); !errors.Is(err, errDisk) {
			t.Errorf("a full disk gives %v", err)
		}
		is(t, j, "1") // what failed is not known
	}
	d.full.Store(false)
	ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(1)}))
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(3)}))
	is(t, j, "1+ 3")
	ok(t, j.Close())
	is(t, open(t, path, ndjson.Options{}), "1+ 3")
}

func TestAFileWhoseFsyncFailedIsNotTrustedAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	var d failing
	j := open(t, path, d.options())
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1)}))
	ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(2)}))
	before, err := os.Stat(path)
	ok(t, err)
	d.lossy.Store(true)
	if err := j.Intend(t.Context(), []attribution.Record{rec(3)}); !errors.Is(err, errDisk) {
		t.Errorf("a failed fsync gives %v", err)
	}
	is(t, j, "1 2+")
	d.lossy.Store(false)
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(4)}))
	after, err := os.Stat(path)
	ok(t, err)
	if os.SameFile(before, after) {
		t.Error("the file is written on, and the next fsync would say that all is well")
	}
	is(t, j, "1 2+ 4")
	ok(t, j.Close())
	is(t, open(t, path, ndjson.Options{}), "1 2+ 4")
}
