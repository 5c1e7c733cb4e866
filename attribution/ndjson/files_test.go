package ndjson_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/ndjson"
)

func rec(n int64) attribution.Record {
	return attribution.Record{StoreID: "st", BackendID: "b", SeqNum: n, Name: "v1.Made", Author: attribution.Author{UserID: "ada", ConnectionID: "c"},
		Timestamp: time.UnixMilli(1000 + n).UTC(), State: attribution.Unconfirmed}
}

func confirmed(n int64) attribution.Record {
	r := rec(n)
	r.State = attribution.Confirmed
	return r
}

// open opens a journal whose lines must all be whole.
func open(t *testing.T, path string, opt ndjson.Options) *ndjson.Journal {
	t.Helper()
	opt.Damaged = func(file string, line int) { t.Errorf("%s:%d is damaged", filepath.Base(file), line) }
	j, err := ndjson.Open(path, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = j.Close() })
	return j
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// numbers says which events the journal knows: 1 unconfirmed, 2 confirmed is "1 2+".
func numbers(t *testing.T, j attribution.Journal) string {
	t.Helper()
	all, err := j.Events(context.Background(), attribution.Query{Limit: 1 << 20})
	ok(t, err)
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, " %d", r.SeqNum)
		if r.State == attribution.Confirmed {
			b.WriteByte('+')
		}
	}
	return strings.TrimSpace(b.String())
}

func is(t *testing.T, j attribution.Journal, want string) {
	t.Helper()
	if got := numbers(t, j); got != want {
		t.Errorf("the journal knows %q, want %q", got, want)
	}
}

func TestASecondOpenerIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	j := open(t, path, ndjson.Options{})
	if _, err := ndjson.Open(path, ndjson.Options{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the second Open gives %v", err)
	}
	ok(t, j.Close())
	ok(t, open(t, path, ndjson.Options{}).Close())
}

func TestAFileThatIsNoJournalIsLeftAsItIs(t *testing.T) {
	for _, text := range []string{"notes\n", "notes", "{}\n", `{"kind":"syncward-journal","version":2}` + "\n"} {
		path := filepath.Join(t.TempDir(), "e")
		ok(t, os.WriteFile(path, []byte(text), 0o600))
		if _, err := ndjson.Open(path, ndjson.Options{}); err == nil {
			t.Errorf("%q was taken for a journal", text)
		}
		if now, _ := os.ReadFile(path); string(now) != text {
			t.Errorf("%q became %q", text, now)
		}
	}
}

func TestATornLastLineIsDroppedAndNoWholeOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	j := open(t, path, ndjson.Options{})
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1)}))
	ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(2)}))
	ok(t, j.Close())
	whole, err := os.ReadFile(path)
	ok(t, err)
	for size := range len(whole) + 1 {
		path := filepath.Join(t.TempDir(), "e")
		ok(t, os.WriteFile(path, whole[:size], 0o600))
		j := open(t, path, ndjson.Options{})
		lines := bytes.Count(append(whole[:size:size], '\n'), []byte("}\n")) // with or without its end
		want := []string{"", "", "1", "1 2+"}[lines]
		is(t, j, want)
		ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(3)}))
		ok(t, j.Close())
		is(t, open(t, path, ndjson.Options{}), strings.TrimSpace(want+" 3+"))
	}
}

func TestATornLineLeavesNothingBehindAShorterOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	j := open(t, path, ndjson.Options{})
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1)}))
	ok(t, j.Close())
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	ok(t, err)
	_, err = f.WriteString(`{"kind":"intent","storeId":"` + strings.Repeat("x", 3000))
	ok(t, errors.Join(err, f.Close()))
	for n := range int64(3) {
		j := open(t, path, ndjson.Options{})
		ok(t, j.Intend(t.Context(), []attribution.Record{rec(2 + n)}))
		ok(t, j.Close())
	}
	is(t, open(t, path, ndjson.Options{}), "1 2 3 4")
}

func TestADamagedLineIsSkippedAndTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	j := open(t, path, ndjson.Options{})
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1)}))
	ok(t, j.Close())
	whole, err := os.ReadFile(path)
	ok(t, err)
	lines := bytes.SplitAfter(whole, []byte("\n"))
	broken := bytes.Join([][]byte{lines[0], []byte("\x00\x00\n"), bytes.Repeat([]byte("x"), 3<<20), []byte("\n"), lines[1]}, nil)
	ok(t, os.WriteFile(path, broken, 0o600))
	var told []int
	k, err := ndjson.Open(path, ndjson.Options{Damaged: func(_ string, n int) { told = append(told, n) }})
	ok(t, err)
	defer k.Close()
	is(t, k, "1")
	if fmt.Sprint(told) != "[2 3]" {
		t.Errorf("told of the lines %v", told)
	}
}

func TestAKillBetweenTheRenamesOfARotationIsMended(t *testing.T) {
	path := filepath.Join(t.TempDir(), "e")
	j := open(t, path, ndjson.Options{})
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1), rec(2)}))
	ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(1)}))
	ok(t, j.Close())
	ok(t, os.Rename(path, path+".000001"))
	ok(t, os.WriteFile(path+".new", []byte("half"), 0o600))
	j = open(t, path, ndjson.Options{MaxBytes: 1})
	is(t, j, "1+ 2")
	ok(t, j.Forget(t.Context(), []attribution.Record{rec(2)}))
	is(t, j, "1+")
}

func TestSettledIntentsDoNotGrowForEver(t *testing.T) {
	dir := t.TempDir()
	j := open(t, filepath.Join(dir, "e"), ndjson.Options{MaxBytes: 10_000, Failed: func(err error) { t.Error(err) }})
	ok(t, j.Intend(t.Context(), []attribution.Record{rec(1), rec(2)}))
	ok(t, j.Confirm(t.Context(), []attribution.Record{confirmed(2)}))
	for n := range int64(500) {
		ok(t, j.Intend(t.Context(), []attribution.Record{rec(10 + n)}))
		ok(t, j.Forget(t.Context(), []attribution.Record{rec(10 + n)}))
	}
	is(t, j, "1 2+")
	var size int64
	until(t, func() string {
		size = 0
		files, err := os.ReadDir(dir)
		ok(t, err)
		for _, f := range files {
			if info, err := f.Info(); err == nil {
				size += info.Size()
			}
		}
		if size < 20_000 { // 500 pairs are 200 kB
			return ""
		}
		return fmt.Sprint(size, " bytes are left for two records")
	})
	ok(t, j.Close())
	is(t, open(t, filepath.Join(dir, "e"), ndjson.Options{}), "1 2+")
}

func TestManyWaitersShareOneFsync(t *testing.T) {
	var syncs atomic.Int64
	began, release := make(chan struct{}, 100), make(chan struct{})
	opt := ndjson.OnDisk(ndjson.Options{}, (*os.File).WriteAt, func(f *os.File) error {
		syncs.Add(1)
		began <- struct{}{}
		<-release
		return f.Sync()
	})
	j := open(t, filepath.Join(t.TempDir(), "e"), opt)
	var callers sync.WaitGroup
	intend := func(n int64) {
		callers.Go(func() { ok(t, j.Intend(context.Background(), []attribution.Record{rec(n)})) })
	}
	intend(1)
	<-began
	for n := range int64(50) {
		intend(2 + n)
	}
	until(t, func() string {
		if n := ndjson.Waiting(j); n < 50 {
			return fmt.Sprint(n, " callers wait, of 50")
		}
		return ""
	})
	close(release)
	callers.Wait()
	if syncs.Load() != 2 {
		t.Errorf("%d fsyncs for a caller and 50 who came meanwhile, want 2", syncs.Load())
	}
}

var errDisk = errors.New("no space left")

// However its lines end, or do not.
func TestAMistypedPathCostsNobodyTheirFile(t *testing.T) {
	for name, content := range map[string]string{
		"a line":                   "root:x:0:0\n",
		"no end of a line":         "root:x:0:0",
		"one line of a megabyte":   `{"rows":"` + strings.Repeat("x", 3<<20) + `"}`,
		"the same, with an end":    `{"rows":"` + strings.Repeat("x", 3<<20) + "\"}\n",
		"somebody else's NDJSON":   `{"kind":"intent"}` + "\n",
		"a megabyte that is blank": strings.Repeat(" ", 2<<20),
	} {
		path := filepath.Join(t.TempDir(), "data")
		ok(t, os.WriteFile(path, []byte(content), 0o600))
		if err := ndjson.Probe(path); err == nil {
			t.Errorf("%s: Probe takes it for a journal", name)
		}
		j, err := ndjson.Open(path, ndjson.Options{})
		if err == nil {
			t.Errorf("%s: Open takes it for a journal", name)
			_ = j.Close()
		}
		if now, err := os.ReadFile(path); err != nil || string(now) != content {
			t.Errorf("%s: %d bytes became %d, %v", name, len(content), len(now), err)
		}
		if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
			t.Errorf("%s: %v is left behind", name, left)
		}
	}
}

func TestAJournalIsKnownForOne(t *testing.T) {
	path := filepath.Join(t.TempDir(), "j")
	ok(t, ndjson.Probe(path))
	ok(t, os.WriteFile(path, nil, 0o600))
	ok(t, ndjson.Probe(path))
	j := open(t, path, ndjson.Options{})
	ok(t, ndjson.Probe(path)) // beside who writes it
	ok(t, j.Confirm(context.Background(), []attribution.Record{confirmed(1)}))
	ok(t, ndjson.Probe(path))
	if err := ndjson.Probe(filepath.Dir(path)); err == nil {
		t.Error("a folder is no journal")
	}
}
