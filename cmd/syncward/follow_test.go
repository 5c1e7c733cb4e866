package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// journey follows one file by single steps and keeps what happened.
type journey struct {
	t    *testing.T
	path string
	f    *follower
	seen []string
}

// begin follows a file that holds contents; "bad" is refused.
func begin(t *testing.T, path string) *journey {
	t.Helper()
	j := &journey{t: t, path: path}
	_, start, _ := look([]string{path})
	var last string
	w := watch{Paths: []string{path}, Start: start, Apply: func(c [][]byte) error {
		if last = string(c[0]); last == "bad" {
			return errors.New("bad")
		}
		return nil
	}}
	j.f = newFollower([]watch{w}, func(_ watch, err error) {
		j.seen = append(j.seen, fmt.Sprintf("%s %v", last, err))
	})
	return j
}

// want looks n times and compares what happened meanwhile.
func (j *journey) want(n int, events ...string) {
	j.t.Helper()
	for range n {
		j.f.step()
	}
	if !slices.Equal(j.seen, events) {
		j.t.Errorf("after %d looks: %q, want %q", n, j.seen, events)
	}
	j.seen = nil
}

func write(t *testing.T, path, contents string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(contents), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestFollowAppliesEachChangeOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	j := begin(t, path)
	j.want(3)
	write(t, path, "two")
	j.want(5, "two <nil>")
	write(t, path, "bad")
	j.want(5, "bad bad")
	write(t, path, "two")
	j.want(5, "two <nil>")
}

func TestFollowLetsAHalfWrittenFileSettle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	j := begin(t, path)
	write(t, path, "")
	j.want(1)
	write(t, path, "tw")
	j.want(1)
	write(t, path, "two")
	j.want(1)
	j.want(1, "two <nil>")
}

func TestFollowReportsAFileThatIsGoneOnceAndTakesItBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	j := begin(t, path)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	j.want(5, " cannot be read (no such file or directory)")
	write(t, path, "two")
	j.want(5, "two <nil>")
}

// A ConfigMap's files are symlinks through ..data, which is swapped.
func TestFollowSeesASymlinkSwap(t *testing.T) {
	dir := t.TempDir()
	for _, v := range []string{"v1", "v2"} {
		if err := os.Mkdir(filepath.Join(dir, v), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, v, "f"), v)
	}
	link := func(v string) {
		tmp := filepath.Join(dir, "tmp")
		if err := errors.Join(os.Symlink(v, tmp), os.Rename(tmp, filepath.Join(dir, "..data"))); err != nil {
			t.Fatal(err)
		}
	}
	link("v1")
	path := filepath.Join(dir, "f")
	if err := os.Symlink("..data/f", path); err != nil {
		t.Fatal(err)
	}
	j := begin(t, path)
	link("v2")
	j.want(2, "v2 <nil>")
}

// What changes while the configuration is loaded is a change too.
func TestFollowSeesWhatChangedDuringTheStart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "logLevel: info")
	c, r := load(minimal("FLAGS_FILE=" + path))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	l, err := newLive(c)
	if err != nil {
		t.Fatal(err)
	}
	var seen []error
	f := newFollower(l.watches(c), func(_ watch, err error) { seen = append(seen, err) })
	f.step()
	f.step()
	if len(seen) != 0 {
		t.Errorf("changes %v of a file that did not change", seen)
	}
	write(t, path, "logLevel: debug")
	f = newFollower(l.watches(c), f.report) // as if it began only now
	f.step()
	f.step()
	if len(seen) != 1 || seen[0] != nil || l.force.Load().LogLevel.String() != "debug" {
		t.Errorf("changes %v, level %v", seen, l.force.Load().LogLevel)
	}
}

func TestFilesThatNeverEndAreNotRead(t *testing.T) {
	if _, err := readFile("/dev/zero"); err == nil {
		t.Error("a device was read")
	}
	path := filepath.Join(t.TempDir(), "big")
	write(t, path, string(make([]byte, maxFile+1)))
	if _, err := readFile(path); err == nil {
		t.Error("a file over the limit was read")
	}
}
