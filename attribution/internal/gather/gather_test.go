package gather_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/syncward/syncward/attribution/internal/gather"
)

var errClosed, errFull, errDisk = errors.New("closed"), errors.New("full"), errors.New("disk")

func TestWhoeverWaitsSharesTheNextWriteAndItsOutcome(t *testing.T) {
	q := gather.New[int](100, errClosed, errFull)
	for _, outcome := range []error{nil, errDisk} {
		var callers sync.WaitGroup
		for n := range 5 {
			callers.Go(func() {
				if err := q.Do(t.Context(), n, 1); !errors.Is(err, outcome) {
					t.Errorf("%v, want %v", err, outcome)
				}
			})
		}
		for seen := 0; seen < 5; {
			<-q.Ready()
			q.Write(func(items []int) error {
				slices.Sort(items)
				if len(slices.Compact(items)) != len(items) {
					t.Errorf("twice: %v", items)
				}
				seen += len(items)
				return outcome
			})
		}
		callers.Wait()
	}
	q.Write(func([]int) error { t.Error("a write of nothing"); return nil })
}

func TestAFullOrClosedQueueTakesNothing(t *testing.T) {
	q := gather.New[string](2, errClosed, errFull)
	gone, leave := context.WithCancelCause(context.Background())
	leave(errDisk)
	for _, row := range []struct {
		item   string
		weight int
		want   error
	}{{"alone, however heavy", 3, errDisk}, {"beyond the limit", 1, errFull}} {
		if err := q.Do(gone, row.item, row.weight); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", row.item, err, row.want)
		}
	}
	q.Close()
	if err := q.Do(t.Context(), "late", 0); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
	if n := q.Waiting(); n != 1 {
		t.Errorf("%d wait", n)
	}
	q.Write(func(items []string) error { // what came before is still written
		if len(items) != 1 {
			t.Errorf("%q", items)
		}
		return nil
	})
}
