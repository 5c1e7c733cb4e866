package revocation

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/go-json-experiment/json"
)

// load reads a file of one entry a line; one that is not there holds none.
func load(path string) ([]Entry, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	} else if err != nil {
		return nil, fmt.Errorf("revocation: %w", err)
	}
	var all []Entry
	lines := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; lines.Scan(); n++ {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e, json.RejectUnknownMembers(true)); err != nil || !e.Valid() {
			return nil, fmt.Errorf("revocation: %s:%d is no entry", filepath.Base(path), n)
		}
		all = append(all, e)
	}
	return all, lines.Err()
}

// save replaces the file by a new one, whole or not at all: it is renamed into
// place when it is on the disk.
func save(path string, entries []Entry) error {
	var text bytes.Buffer
	for _, e := range entries {
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("revocation: %w", err)
		}
		text.Write(append(line, '\n'))
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".revocations-*")
	if err != nil {
		return fmt.Errorf("revocation: %w", err)
	}
	_, err = f.Write(text.Bytes())
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return fmt.Errorf("revocation: %w", err)
	}
	return nil
}
