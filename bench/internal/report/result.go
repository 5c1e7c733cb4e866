// Package report holds what a run measured and renders it: JSON, tables, a
// chart.
//
//	r := report.Result{...}
//	fmt.Print(report.Tables(r))
//	svg := report.Chart(r)
//
// It measures nothing; rendering the same result again gives the same bytes.
package report

import (
	"cmp"
	"slices"
)

// Measure names one figure.
type Measure string

// The closed list of measures, each with its unit. CPU is the target's own.
const (
	Small  Measure = "cpu_us_round_trip_128B_64_conns"
	Medium Measure = "cpu_us_round_trip_4KiB_64_conns"
	Sparse Measure = "cpu_us_round_trip_128B_sparse"
	Setup  Measure = "cpu_us_connection"
	Idle   Measure = "kib_idle_connection"
	P50    Measure = "p50_us_sparse"
	P99    Measure = "p99_us_sparse"
	Rate   Measure = "mb_per_s_up"
	PerMiB Measure = "cpu_us_mib_up"
)

// Result is one run.
type Result struct {
	Date     string    `json:"date"` // of its start, RFC 3339 in UTC
	Quick    bool      `json:"quick,omitempty"`
	Rounds   int       `json:"rounds"`
	Load     string    `json:"load"` // load average when it started, other work included
	Machine  Machine   `json:"machine"`
	Versions []Version `json:"versions"`
	Targets  []Target  `json:"targets"`
}

// Machine is where it was measured.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
}

// Version is a program's or library's.
type Version struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Target is one row.
type Target struct {
	Name     string                `json:"name"`
	Title    string                `json:"title"`
	Role     string                `json:"role"` // base, peer or ours
	Verifies bool                  `json:"verifies"`
	Absent   string                `json:"absent,omitempty"` // why there are no figures
	Samples  map[Measure][]float64 `json:"samples,omitempty"`
	Medians  map[Measure]float64   `json:"medians,omitempty"`
}

// Settle computes the medians.
func (r *Result) Settle() {
	for i := range r.Targets {
		t := &r.Targets[i]
		t.Medians = map[Measure]float64{}
		for m, samples := range t.Samples {
			t.Medians[m] = Median(samples)
		}
	}
}

// Median returns the middle of the values, of an even number the mean of the
// two in the middle, of none 0.
func Median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// Percentile returns the value that share of the sorted values do not exceed
// (nearest rank); of none the zero value. share is in (0, 1].
func Percentile[T cmp.Ordered](sorted []T, share float64) (value T) {
	if len(sorted) == 0 {
		return value
	}
	rank := int(share*float64(len(sorted))+0.9999999) - 1
	return sorted[min(max(rank, 0), len(sorted)-1)]
}

// value returns a target's median, and whether there is one.
func (t Target) value(m Measure) (float64, bool) {
	v, ok := t.Medians[m]
	return v, ok
}

// find returns the target of that name.
func (r Result) find(name string) (Target, bool) {
	i := slices.IndexFunc(r.Targets, func(t Target) bool { return t.Name == name })
	if i < 0 {
		return Target{}, false
	}
	return r.Targets[i], true
}

// bestPeer returns the peer that does best at m among those that verify, or
// among those that do not.
func (r Result) bestPeer(m Measure, verifies bool) (best Target, ok bool) {
	for _, t := range r.Targets {
		v, measured := t.value(m)
		if t.Role != "peer" || t.Verifies != verifies || !measured {
			continue
		}
		if b, _ := best.value(m); !ok || v < b != (m == Rate) {
			best, ok = t, true
		}
	}
	return best, ok
}
