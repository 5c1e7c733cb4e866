//go:build !unix

package ndjson

import (
	"errors"
	"os"
)

// lockFile refuses: two processes in one file would spoil it.
func lockFile(string) (*os.File, error) {
	return nil, errors.New("ndjson: this system has no lock for the journal; take sqlite")
}
