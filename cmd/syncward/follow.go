package main

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/syncward/syncward/observe"
)

// followEvery is the time between two looks at the followed files. A change
// is applied when two looks in a row agree, so after a second at most, well
// within the 2 s for flags and the 5 s for secrets.
const followEvery = 500 * time.Millisecond

// watch is what is followed: files that are read together.
type watch struct {
	What  observe.Reload // what it is to metrics
	Name  string         // the variable of the first file, for the log
	Paths []string       // read again at each look; a swapped symlink is a change
	// Start is what the files held when the configuration was loaded.
	Start digest
	// Apply puts new contents in force, or says why the last good ones stay.
	// Its error never holds a value.
	Apply func(contents [][]byte) error
}

// digest stands for contents that are not kept.
type digest [sha256.Size]byte

// follower polls files and compares their contents: that works on every file
// system, through the symlink swaps of a ConfigMap, and misses nothing that
// happened before it began.
type follower struct {
	watches []watch
	states  []struct{ done, before digest } // by watch
	// report is called for each change: err is nil where it was applied.
	report func(w watch, err error)
}

func newFollower(watches []watch, report func(watch, error)) *follower {
	f := &follower{watches: watches, report: report}
	for _, w := range watches {
		f.states = append(f.states, struct{ done, before digest }{w.Start, w.Start})
	}
	return f
}

// run looks until ctx ends.
func (f *follower) run(ctx context.Context, every time.Duration) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			f.step()
		}
	}
}

// step looks once. What differs from the look before is left to settle: it may
// be half written.
func (f *follower) step() {
	for i, w := range f.watches {
		s := &f.states[i]
		contents, now, err := look(w.Paths)
		settled := now == s.before
		s.before = now
		if !settled || now == s.done {
			continue
		}
		s.done = now
		if err == nil {
			err = w.Apply(contents)
		}
		f.report(w, err)
	}
}

// look reads files and sums them up. A file that cannot be read is a content
// of its own, so that it is reported once and not at each look.
func look(paths []string) ([][]byte, digest, error) {
	sum := sha256.New()
	var contents [][]byte
	for _, path := range paths {
		b, err := readFile(path)
		if err != nil {
			return nil, sha256.Sum256([]byte("unreadable: " + cause(err))), errorString("cannot be read (" + cause(err) + ")")
		}
		one := sha256.Sum256(b)
		sum.Write(one[:])
		contents = append(contents, b)
	}
	return contents, digest(sum.Sum(nil)), nil
}

// errorString is an error that is its text.
type errorString string

// Error returns the text.
func (e errorString) Error() string { return string(e) }
