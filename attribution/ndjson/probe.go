package ndjson

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Probe tells whether Open could go on with the file at path, and changes
// nothing; one that is not there can be begun. The error says why not.
func Probe(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return fmt.Errorf("ndjson: %w", err)
	}
	defer f.Close()
	enough := errors.New("")
	_, torn, err := scan(f, maxLine, func(_ int, b []byte) error {
		if l, _, err := parse(b); err != nil || l.Kind != header {
			return errForeign(path)
		}
		return enough
	})
	if err == nil && !bytes.HasPrefix(headerLine(false, 0), torn) {
		err = errForeign(path)
	}
	if err != nil && !errors.Is(err, enough) {
		return fmt.Errorf("ndjson: %w", err)
	}
	return nil
}
