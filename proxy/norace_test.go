//go:build !race

package proxy_test

import (
	"runtime"
	"testing"
	"time"
)

// The race detector keeps books of its own about memory, so these run without.

func TestASessionIsFoundWithoutAWalkOverAll(t *testing.T) {
	few, many := crowd(t, 1_000, time.Time{}), crowd(t, 100_000, time.Time{})
	a := bytesOf(func() { few.Of("500") })
	b := bytesOf(func() { many.Of("500") })
	if t.Logf("bytes: %d among 1 000, %d among 100 000", a, b); a != b {
		t.Errorf("finding the sessions of one user takes %d bytes among 1 000, %d among 100 000", a, b)
	}
	if steps, most := testing.AllocsPerRun(100, func() { many.Of("500") }), 4.0; steps > most {
		t.Errorf("%v allocations", steps)
	}
}

func TestADeadlineCostsLittleMemoryAndNoGoroutine(t *testing.T) {
	const n, most = 20_000, 200
	without, with := crowd(t, n, time.Time{}), crowd(t, n, time.Now().Add(time.Hour))
	without.Watch() // which has nothing to watch
	goroutines := runtime.NumGoroutine()
	idle := heldBy(without.Watch)
	armed := heldBy(with.Watch)
	each := (armed - idle) / n
	t.Logf("a deadline holds %d bytes (%d sessions: %d bytes with, %d without)", each, n, armed, idle)
	if each > most || each < 8 {
		t.Errorf("a deadline holds %d bytes, want 8 to %d", each, most)
	}
	if now := runtime.NumGoroutine(); now > goroutines+2 { // the collector's own may come and go
		t.Errorf("%d goroutines, there were %d", now, goroutines)
	}
	runtime.KeepAlive(with)
}

// bytesOf is what f allocates each time, in bytes.
func bytesOf(f func()) uint64 {
	var before, after runtime.MemStats
	const runs = 100
	f()
	runtime.ReadMemStats(&before)
	for range runs {
		f()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / runs
}

// heldBy is what is held after f that was not before, in bytes.
func heldBy(f func()) int64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return int64(after.HeapAlloc) - int64(before.HeapAlloc)
}
