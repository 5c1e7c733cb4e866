package rounds

import (
	"io"
	"slices"
	"testing"
	"time"

	"github.com/syncward/syncward/bench/internal/report"
	"github.com/syncward/syncward/bench/internal/targets"
)

func TestEachRoundHasEveryTargetOnceAndBeginsElsewhere(t *testing.T) {
	list := []int{0, 1, 2, 3, 4, 5, 6}
	begun := map[int]bool{}
	for round := range len(list) {
		got := turned(list, round)
		if begun[got[0]] {
			t.Errorf("round %d begins with %d, like one before", round, got[0])
		}
		begun[got[0]] = true
		if slices.Sort(got); !slices.Equal(got, list) {
			t.Errorf("round %d measures %v", round, got)
		}
	}
	if turned(nil, 3) != nil {
		t.Error("of nothing there is something")
	}
}

func TestATargetThatIsNotInstalledKeepsItsRow(t *testing.T) {
	list := []targets.Target{{Name: "ghost", Title: "a ghost", Role: targets.Peer, Needs: "no-such-program-of-ours"}}
	rows, err := Run(t.Context(), nil, list, Full(2), io.Discard)
	if err != nil || len(rows) != 1 || rows[0].Name != "ghost" || rows[0].Absent != "not installed" {
		t.Errorf("%+v, %v", rows, err)
	}
}

func TestCPUIsSharedOutOverWhatWasDone(t *testing.T) {
	s := session{pid: 1, sample: map[report.Measure]float64{}}
	if err := s.per(report.Setup, 3*time.Millisecond, 20); err != nil || s.sample[report.Setup] != 150 {
		t.Errorf("%v µs, %v", s.sample[report.Setup], err)
	}
	if err := s.per(report.Setup, time.Millisecond, 0); err == nil {
		t.Error("nothing done has a cost for each")
	}
}

func TestEveryPartOfAPlanIsBounded(t *testing.T) {
	for name, p := range map[string]Plan{"full": Full(3), "quick": Quick()} {
		bounded := p.Warm.For > 0 && p.Loop.For > 0 && p.Sparse.For > 0 && p.Churn.For > 0 && p.Churn.Count > 0 && p.Bulk.For > 0
		if !bounded || p.Idle == 0 || p.Rounds == 0 {
			t.Errorf("%s: %+v", name, p)
		}
	}
}
