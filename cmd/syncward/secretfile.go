package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// maxFile bounds every file that configuration comes from, in bytes.
const maxFile = 1 << 20

// readFile reads a small file. A device or pipe without an end does not hang
// the start: what is longer than maxFile is an error.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("not a regular file")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("longer than %d bytes", maxFile)
	}
	return b, nil
}

// cause is what went wrong with a file, without its path: somebody who writes
// the secret itself into a _FILE variable must not find it in a log.
func cause(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// trimNewline drops the one newline that editors and `echo` leave behind.
func trimNewline(b []byte) []byte { return bytes.TrimSuffix(b, []byte("\n")) }

// readSecret returns the value of a variable or of its _FILE twin; nil where
// neither is set. The error says what is wrong and the mend, after the name of
// the variable that it belongs to.
func readSecret(e environ, name string) ([]byte, *fault) {
	twin := name + "_FILE"
	switch {
	case e.set(name) && e.set(twin):
		return nil, &fault{name, "and " + twin + " are both set; unset one of them"}
	case !e.set(twin):
		return []byte(e[name]), nil
	}
	b, err := readFile(e[twin])
	if err != nil {
		return nil, &fault{twin, "cannot be read (" + cause(err) + "); name a readable file"}
	}
	if b = trimNewline(b); len(b) == 0 {
		return nil, &fault{twin, "is an empty file; write the value into it"}
	}
	return b, nil
}
