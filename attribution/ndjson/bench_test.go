package ndjson_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/attribution/ndjson"
	"github.com/syncward/syncward/framing/payload"
)

// callers is how many connections push at a time.
const callers = 256

// bare appends lines of a record's length, with the same group fsync as the
// journal, and nothing else: what a journal cannot beat.
type bare struct {
	mu    sync.Mutex
	wait  []chan struct{}
	lines []byte
	kick  chan struct{}
	done  chan struct{}
}

var bareLine = append(bytes.Repeat([]byte("x"), 330), '\n')

func (a *bare) run(b *testing.B, f *os.File) {
	defer close(a.done)
	for range a.kick {
		a.mu.Lock()
		wait, lines := a.wait, a.lines
		a.wait, a.lines = nil, nil
		a.mu.Unlock()
		if len(wait) == 0 {
			continue
		}
		if _, err := f.Write(lines); err != nil {
			b.Error(err)
		}
		if err := f.Sync(); err != nil {
			b.Error(err)
		}
		for _, w := range wait {
			close(w)
		}
	}
}

func (a *bare) append() {
	done := make(chan struct{})
	a.mu.Lock()
	a.wait, a.lines = append(a.wait, done), append(a.lines, bareLine...)
	a.mu.Unlock()
	select {
	case a.kick <- struct{}{}:
	default:
	}
	<-done
}

// parallel runs n events by as many callers as there are.
func parallel(n int, event func(caller int)) time.Duration {
	var left atomic.Int64
	left.Store(int64(n))
	var all sync.WaitGroup
	began := time.Now()
	for c := range callers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				event(c)
			}
		})
	}
	all.Wait()
	return time.Since(began)
}

// BenchmarkJournalAgainstBareAppend prints the events/s of the recorder with a
// journal (an intent and a confirmation, each durable) and of a bare append
// that does two of the same length, with the same group fsync, and the ratio.
// They take turns, since a disk that others use has moods.
func BenchmarkJournalAgainstBareAppend(b *testing.B) {
	a, own := newBare(b), newPushers(b)
	var floor, took time.Duration
	const turns = 10
	for turn := range turns {
		n := (turn+1)*b.N/turns - turn*b.N/turns
		floor += parallel(n, func(int) { a.append(); a.append() })
		took += parallel(n, own)
	}
	b.ReportMetric(float64(b.N)/floor.Seconds(), "bare-events/s")
	b.ReportMetric(float64(b.N)/took.Seconds(), "journal-events/s")
	b.ReportMetric(floor.Seconds()/took.Seconds(), "of-bare")
}

// BenchmarkJournal is the recorder with a journal alone, for its allocations.
func BenchmarkJournal(b *testing.B) {
	own := newPushers(b)
	b.ReportAllocs()
	b.ResetTimer()
	parallel(b.N, own)
}

func newBare(b *testing.B) *bare {
	f, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	a := &bare{kick: make(chan struct{}, 1), done: make(chan struct{})}
	go a.run(b, f)
	b.Cleanup(func() {
		close(a.kick)
		<-a.done
		_ = f.Close()
	})
	return a
}

// newPushers returns what has one of the callers push one event more.
func newPushers(b *testing.B) func(caller int) {
	j, err := ndjson.Open(filepath.Join(b.TempDir(), "journal"), ndjson.Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := attribution.New(attribution.Options{Journal: j, Failed: func(err error) { b.Error(err) }})
	b.Cleanup(func() {
		r.Close()
		_ = j.Close()
	})
	var conns [callers]*attribution.Conn
	var last [callers]int64
	for c := range conns {
		id := strconv.Itoa(c)
		conns[c] = r.Connect(attribution.Author{UserID: "user-" + id, ConnectionID: "0198c5f0-7a3e-7c11-9d3b-" + id}, "store-"+id)
	}
	ctx := context.Background()
	return func(c int) {
		last[c]++
		id := strconv.FormatInt(last[c], 10)
		e := payload.Event{SeqNum: last[c], Name: "v1.TodoCreated", ClientID: "client-a", SessionID: "static"}
		if err := conns[c].Push(ctx, payload.Push{Request: id, Backend: "b1", Events: []payload.Event{e}}); err != nil {
			b.Error(err)
		}
		if err := conns[c].Tell(ctx, payload.News{Backend: "b1", Answers: []payload.Answer{{Request: id, Outcome: payload.Accepted}}}); err != nil {
			b.Error(err)
		}
	}
}
