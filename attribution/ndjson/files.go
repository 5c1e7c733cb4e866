package ndjson

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// archiveName is the file name of an archive; they are counted from 1.
func archiveName(path string, n int) string { return fmt.Sprintf("%s.%06d", path, n) }

// archiveNumber returns n of archiveName(path, n), 0 for any other file.
func archiveNumber(path, name string) int {
	digits, ok := strings.CutPrefix(name, path+".")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || archiveName(path, n) != name {
		return 0
	}
	return n
}

// archives lists the archives of a journal, oldest first.
func archives(path string) ([]string, error) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if name := filepath.Join(filepath.Dir(path), e.Name()); archiveNumber(path, name) > 0 {
			found = append(found, name)
		}
	}
	slices.SortFunc(found, func(a, b string) int { return archiveNumber(path, a) - archiveNumber(path, b) })
	return found, nil
}

// scan hands each line that has its end to each, with its number from 1. It
// reads up to limit bytes, -1: to the end; a line that is too long for ours is
// handed over empty. end is where the last such line ends; torn is what follows
// it, or where that is too long its beginning. An error of each ends the scan.
func scan(f io.ReaderAt, limit int64, each func(n int, b []byte) error) (end int64, torn []byte, err error) {
	if limit < 0 {
		limit = 1 << 62
	}
	in := bufio.NewReaderSize(io.NewSectionReader(f, 0, limit), maxLine)
	for n := 1; ; n++ {
		b, err := in.ReadSlice('\n')
		switch {
		case err == nil:
			end += int64(len(b))
			if err := each(n, b); err != nil {
				return end, nil, err
			}
		case errors.Is(err, bufio.ErrBufferFull):
			size, begin := int64(len(b)), bytes.Clone(b)
			skipped, err := skipLine(in)
			if err != nil {
				return end, begin, ignoreEOF(err)
			}
			end += size + skipped
			if err := each(n, nil); err != nil {
				return end, nil, err
			}
		default:
			return end, bytes.Clone(b), ignoreEOF(err)
		}
	}
}

// skipLine reads to the end of a line that is longer than any of ours.
func skipLine(in *bufio.Reader) (n int64, err error) {
	for {
		b, err := in.ReadSlice('\n')
		n += int64(len(b))
		if !errors.Is(err, bufio.ErrBufferFull) {
			return n, err
		}
	}
}

func ignoreEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// syncDir makes what was renamed or begun in path's directory durable.
func syncDir(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
