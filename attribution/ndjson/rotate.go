package ndjson

import (
	"bufio"
	"errors"
	"os"
)

// rotate begins a new file with what is open, and makes the old one an archive.
// It is the writer's, so the index stands still; whatever fails, the old file
// stays the newest one.
func (j *Journal) rotate() error {
	if j.begun {
		// What is behind size was reported as failed. It is true all the same,
		// but may be torn.
		_ = j.file.Truncate(j.size)
	}
	j.flush() // the archive is not synced again
	fresh, size, err := j.begin(j.path + ".new")
	if err != nil {
		return err
	}
	n := 1
	if len(j.archives) > 0 {
		n += archiveNumber(j.path, j.archives[len(j.archives)-1])
	}
	archive := archiveName(j.path, n)
	j.mu.Lock()
	defer j.mu.Unlock()
	// Killed between the two, the next Open finds no newest file and takes the
	// last archive for it.
	if err := os.Rename(j.path, archive); err != nil {
		return errors.Join(err, fresh.Close())
	}
	if err := os.Rename(j.path+".new", j.path); err != nil {
		return errors.Join(err, fresh.Close(), os.Rename(archive, j.path))
	}
	old := j.file
	j.file, j.size, j.full = fresh, size, size+j.opt.MaxBytes
	j.begun, j.dirty, j.moved = false, false, true
	j.archives = append(j.archives, archive)
	select {
	case j.rework <- struct{}{}:
	default:
	}
	_ = old.Close() // what it was asked to keep is synced, or was reported as failed
	return nil
}

// begin writes a file with all that is open, durably.
func (j *Journal) begin(path string) (f *os.File, size int64, err error) {
	f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, 0, err
	}
	out := bufio.NewWriter(f)
	n, err := out.Write(headerLine(false, j.index.givenUp))
	size = int64(n)
	var b []byte
	for _, at := range j.index.oldestFirst() {
		for _, r := range j.index.open[at].records {
			b = appendLine(b[:0], intent, r)
			n, _ = out.Write(b) // Flush repeats its error
			size += int64(n)
		}
	}
	if err = errors.Join(err, out.Flush()); err == nil {
		err = f.Sync()
	}
	if err != nil {
		return nil, 0, errors.Join(err, f.Close(), os.Remove(path))
	}
	return f, size, nil
}
