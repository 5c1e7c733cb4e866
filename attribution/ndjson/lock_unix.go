//go:build unix

package ndjson

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile takes the lock that keeps other processes out; it ends with the
// file's Close, or with the process. A file of its own, since the journal's is
// replaced now and then.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("ndjson: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("ndjson: another process has the journal open (%s): %w", path, err)
	}
	return f, nil
}
