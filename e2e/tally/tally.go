package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// event is one line of `go test -json` (go doc test2json), or one of the two
// that the Makefile adds: {"Action":"step","Name","Status"} after each command,
// and {"Action":"end"} after the last one.
type event struct {
	Action     string
	Package    string
	ImportPath string // of build events
	Test       string
	Elapsed    float64 // seconds
	Output     string
	Name       string // step
	Status     int    // step: exit status
}

// id names a test, or with an empty test its package.
type id struct{ pkg, test string }

// tally sums one stream. A test with subtests counts through them; it counts
// itself only where it failed and none of them did.
type tally struct {
	out io.Writer

	passed, failed, skipped int

	output map[id][]string // of what still runs
	active map[id]bool     // tests that have begun and not ended
	parent map[id]bool     // tests that had a subtest
	broken map[id]bool     // tests of which a subtest failed
	count  map[string]int  // tests of a package that ended
	failIn map[string]int  // of these, failed
	faults []string        // what is wrong beyond single tests
	ended  bool
}

func newTally(out io.Writer) *tally {
	return &tally{
		out: out, output: map[id][]string{}, active: map[id]bool{}, parent: map[id]bool{},
		broken: map[id]bool{}, count: map[string]int{}, failIn: map[string]int{},
	}
}

// line takes one line of the stream; what is no event is shown as it is.
func (t *tally) line(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil || e.Action == "" {
		t.out.Write(line)
		return
	}
	key := id{e.Package, e.Test}
	switch e.Action {
	case "build-output":
		fmt.Fprint(t.out, e.Output)
	case "run":
		t.active[key] = true
		if p, ok := parentOf(key); ok {
			t.parent[p] = true
		}
	case "output":
		t.output[key] = append(t.output[key], e.Output)
	case "pass", "fail", "skip":
		if e.Test == "" {
			t.endPackage(key, e)
		} else {
			t.endTest(key, e.Action)
		}
	case "step":
		if e.Status != 0 {
			t.fault("%s ended with status %d", e.Name, e.Status)
		}
	case "end":
		t.ended = true
	}
}

func (t *tally) endTest(key id, action string) {
	delete(t.active, key)
	defer delete(t.output, key)
	if action == "pass" && t.parent[key] {
		return // its subtests are counted
	}
	if action == "fail" {
		p, ok := parentOf(key)
		if ok {
			t.broken[p] = true
		}
		t.show("FAIL", key)
		if t.broken[key] {
			return // its subtest is counted
		}
		t.failIn[key.pkg]++
	}
	if action == "skip" {
		t.show("SKIP", key)
	}
	t.add(key.pkg, action)
}

func (t *tally) add(pkg, action string) {
	t.count[pkg]++
	switch action {
	case "pass":
		t.passed++
	case "fail":
		t.failed++
	case "skip":
		t.skipped++
	}
}

// endPackage settles what a package left behind: a panic, a time-out or
// os.Exit ends it with tests still running.
func (t *tally) endPackage(key id, e event) {
	for _, k := range slices.SortedFunc(maps.Keys(t.active), func(a, b id) int { return strings.Compare(a.test, b.test) }) {
		if k.pkg == key.pkg {
			t.endTest(k, "fail")
		}
	}
	if e.Action == "fail" {
		if t.failIn[key.pkg] == 0 {
			t.add(key.pkg, "fail") // did not build, TestMain, a race after the last test
		}
		t.show("FAIL", key)
	}
	if n := t.count[key.pkg]; n > 0 {
		fmt.Fprintf(t.out, "%-4s %s (%d tests, %.1f s)\n", e.Action, key.pkg, n, e.Elapsed)
	}
	delete(t.output, key)
	delete(t.count, key.pkg) // the same package comes again when it is fuzzed
	delete(t.failIn, key.pkg)
}

// show prints what a failed test or package, or a skipped test, wrote.
func (t *tally) show(word string, key id) {
	fmt.Fprintln(t.out, word, key.pkg, key.test)
	for _, line := range t.output[key] {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(t.out, "    ", line)
		}
	}
}

func (t *tally) fault(format string, args ...any) {
	t.faults = append(t.faults, fmt.Sprintf(format, args...))
}

// finish prints the faults and the sum, and tells whether all is well.
func (t *tally) finish(ci bool) bool {
	if !t.ended {
		t.fault("the tests stopped before their end")
	}
	if t.passed+t.failed == 0 {
		t.fault("no test ran")
	}
	if ci && t.skipped > 0 {
		t.fault("tests were skipped, which CI=true forbids")
	}
	for _, f := range t.faults {
		fmt.Fprintln(t.out, "tally:", f)
	}
	fmt.Fprintf(t.out, "%d passed, %d failed, %d skipped\n", t.passed, t.failed, t.skipped)
	return t.failed == 0 && len(t.faults) == 0
}

// parentOf returns the test whose subtest key is.
func parentOf(key id) (id, bool) {
	i := strings.LastIndexByte(key.test, '/')
	if i < 0 {
		return id{}, false
	}
	return id{key.pkg, key.test[:i]}, true
}
