package rounds

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/syncward/syncward/bench/internal/report"
	"github.com/syncward/syncward/bench/internal/targets"
)

// Run measures the targets by the plan and returns one row for each, the
// absent ones too. A target that fails keeps its place with the reason, and is
// tried no further. Progress goes to w.
func Run(ctx context.Context, lab *targets.Lab, list []targets.Target, plan Plan, w io.Writer) ([]report.Target, error) {
	rows := make([]report.Target, len(list))
	var present []int
	for i, t := range list {
		rows[i] = report.Target{Name: t.Name, Title: t.Title, Role: string(t.Role), Verifies: t.Verifies(), Samples: map[report.Measure][]float64{}}
		if t.Missing() {
			rows[i].Absent = "not installed"
			fmt.Fprintf(w, "%s: not installed\n", t.Name)
			continue
		}
		present = append(present, i)
	}
	for round := range plan.Rounds {
		for _, i := range turned(present, round) {
			if rows[i].Absent != "" {
				continue
			}
			fmt.Fprintf(w, "round %d of %d: %s\n", round+1, plan.Rounds, list[i].Name)
			sample, err := measure(ctx, lab, list[i], plan)
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err != nil {
				fmt.Fprintf(w, "%s: failed: %v\n", list[i].Name, err)
				rows[i].Absent, rows[i].Samples = "failed", nil
				continue
			}
			for m, v := range sample {
				rows[i].Samples[m] = append(rows[i].Samples[m], v)
			}
		}
	}
	return rows, nil
}

// turned begins each round elsewhere, so that no target always has the same
// one before it, or the machine's first minute.
func turned(list []int, round int) []int {
	if len(list) == 0 {
		return nil
	}
	at := round * 5 % len(list)
	return slices.Concat(list[at:], list[:at])
}

// measure starts a target, takes each figure once and stops it.
func measure(ctx context.Context, lab *targets.Lab, t targets.Target, plan Plan) (map[report.Measure]float64, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, 2*time.Minute, fmt.Errorf("bench: %s takes too long", t.Name))
	defer cancel()
	p, err := lab.Start(ctx, t)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	if err := lab.Probe(ctx, t, p.Addr); err != nil {
		return nil, err
	}
	s := &session{plan: plan, pid: p.PID, client: lab.Client(t, p.Addr), sink: lab.Sink(t, p.Addr), sample: map[report.Measure]float64{}}
	// Idle first: a fresh process has no memory of earlier load in it.
	for _, step := range []func(context.Context) error{s.idle, s.loops, s.sparse, s.setup, s.bulk} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return s.sample, nil
}
