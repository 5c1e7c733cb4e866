// Command tally reads the JSON streams of `go test` on its standard input,
// prints what failed as it comes, and ends with one line:
//
//	{ go test -json ./... ; echo '{"Action":"end"}'; } | go run ./e2e/tally
//	…
//	412 passed, 0 failed, 0 skipped
//
// Its exit status is 1 where anything failed or did not build, where a step
// ended with another status than 0, where no test ran, where the stream stopped
// before its end line, and, with CI=true, where a test was skipped. It runs
// nothing itself and knows no tests by name.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
)

func main() {
	ok, err := run(os.Stdin, os.Stdout, os.Getenv("CI") == "true")
	if err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
	}
	if !ok || err != nil {
		os.Exit(1)
	}
}

// run reads in to its end; the last line on out is the sum.
func run(in io.Reader, out io.Writer, ci bool) (bool, error) {
	t := newTally(out)
	lines := bufio.NewReader(in)
	var err error
	for err == nil {
		var line []byte
		line, err = lines.ReadBytes('\n')
		if len(line) > 0 {
			t.line(line)
		}
	}
	ok := t.finish(ci)
	if !errors.Is(err, io.EOF) {
		return false, fmt.Errorf("reading the stream: %w", err)
	}
	return ok, nil
}
