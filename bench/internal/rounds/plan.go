// Package rounds runs the measurements: in each round every target once, so
// that what disturbs the machine disturbs all alike.
//
//	result, err := rounds.Run(ctx, lab, rounds.Full(3), os.Stderr)
//
// It judges no figure.
package rounds

import (
	"time"

	"github.com/syncward/syncward/bench/internal/load"
)

// Plan bounds a run. Each part of it ends by count or by time.
type Plan struct {
	Rounds  int
	Quick   bool
	Warm    load.Limit    // round trips before anything is read
	Loop    load.Limit    // round trips on 64 connections
	Sparse  load.Limit    // round trips at 1 000 a second on 4 connections
	Churn   load.Limit    // connections opened and closed
	Bulk    load.Limit    // messages of 1 MiB
	Idle    int           // connections that do nothing
	Settled time.Duration // until a target that does nothing has come to rest
}

// Full is the plan whose figures may be quoted, at some 9 s a target and round.
func Full(rounds int) Plan {
	return Plan{
		Rounds:  rounds,
		Warm:    load.Limit{For: 300 * time.Millisecond, Count: 20_000},
		Loop:    load.Limit{For: 1300 * time.Millisecond, Count: 200_000},
		Sparse:  load.Limit{For: 2 * time.Second},
		Churn:   load.Limit{For: 1500 * time.Millisecond, Count: 3000},
		Bulk:    load.Limit{For: time.Second, Count: 4000},
		Idle:    1000,
		Settled: time.Second,
	}
}

// Quick is a plan for a first look: one short round.
func Quick() Plan {
	return Plan{
		Rounds:  1,
		Quick:   true,
		Warm:    load.Limit{For: 100 * time.Millisecond},
		Loop:    load.Limit{For: 350 * time.Millisecond},
		Sparse:  load.Limit{For: 600 * time.Millisecond},
		Churn:   load.Limit{For: 400 * time.Millisecond, Count: 1000},
		Bulk:    load.Limit{For: 350 * time.Millisecond, Count: 1000},
		Idle:    300,
		Settled: 400 * time.Millisecond,
	}
}
