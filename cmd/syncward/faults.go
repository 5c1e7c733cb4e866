package main

import (
	"fmt"
	"slices"
	"strings"
)

// fault is one thing that stops the start, or that the start warns of: the
// variable, and what is wrong with it together with the mend. It never holds
// the value of a secret.
type fault struct {
	Variable string `json:"variable"`
	Text     string `json:"text"`
}

// String returns the fault's line.
func (f fault) String() string { return f.Variable + ": " + f.Text }

// faults is an error of several lines, one for each fault.
type faults []fault

// Error returns the lines, in the order of the table.
func (f faults) Error() string {
	lines := make([]string, len(f))
	for i, one := range f {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// report collects everything that is to be said about a configuration.
type report struct {
	Faults   faults // stop the start
	Warnings faults // do not
	// Disagreements are settings of which a stronger one wins.
	Disagreements faults
}

func (r *report) fault(name, format string, args ...any) {
	r.Faults = append(r.Faults, fault{name, fmt.Sprintf(format, args...)})
}

func (r *report) warn(name, format string, args ...any) {
	r.Warnings = append(r.Warnings, fault{name, fmt.Sprintf(format, args...)})
}

// sort puts every list into the order of the table.
func (r *report) sort() {
	for _, list := range []faults{r.Faults, r.Warnings, r.Disagreements} {
		slices.SortStableFunc(list, func(a, b fault) int { return rank(a.Variable) - rank(b.Variable) })
	}
}

// err returns the faults as an error, nil where there are none.
func (r *report) err() error {
	if len(r.Faults) == 0 {
		return nil
	}
	return r.Faults
}
