package report

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// columns are the figures of the main tables.
var columns = []struct {
	title    string
	measures []Measure
}{
	{"CPU µs per round trip: 128 B", []Measure{Small}},
	{"4 KiB", []Measure{Medium}},
	{"128 B, sparse", []Measure{Sparse}},
	{"CPU µs per connection", []Measure{Setup}},
	{"KiB per idle connection", []Measure{Idle}},
	{"p50 / p99 µs, sparse", []Measure{P50, P99}},
	{"MB/s up", []Measure{Rate}},
	{"CPU µs per MiB up", []Measure{PerMiB}},
}

// Tables returns the medians, in one table for the targets that verify a JWT
// and one for those that do not, and the ratios, as Markdown that also reads
// well on a terminal.
func Tables(r Result) string {
	var b strings.Builder
	b.WriteString("Each connection authenticated by a JWT (HS256):\n\n")
	b.WriteString(medians(r, true))
	b.WriteString("\nNo token verified:\n\n")
	b.WriteString(medians(r, false))
	b.WriteString("\nSyncward as a multiple of others; of peers, the best at that measure in the same table. For MB/s more is better, else less:\n\n")
	b.WriteString(ratios(r))
	return b.String()
}

func medians(r Result, verifies bool) string {
	head := []string{"target"}
	for _, c := range columns {
		head = append(head, c.title)
	}
	rows := [][]string{head}
	for _, t := range r.Targets {
		if t.Verifies != verifies {
			continue
		}
		row := []string{t.Title}
		if t.Absent != "" {
			row = append(row, t.Absent)
		}
		for len(row) <= len(columns) {
			row = append(row, cell(t, columns[len(row)-1].measures))
		}
		rows = append(rows, row)
	}
	return markdown(rows)
}

// cell renders a target's medians; a dash where there are none.
func cell(t Target, measures []Measure) string {
	var parts []string
	for _, m := range measures {
		if v, ok := t.value(m); ok {
			parts = append(parts, figure(v))
		}
	}
	if len(parts) == 0 {
		return "–"
	}
	return strings.Join(parts, " / ")
}

// figure renders a number with the digits that mean something.
func figure(v float64) string {
	switch {
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// ratios has a row for each measure and a column for each row of ours.
func ratios(r Result) string {
	head := []string{"measure"}
	var ours []Target
	for _, t := range r.Targets {
		if t.Role == "ours" {
			ours = append(ours, t)
			head = append(head, t.Title)
		}
	}
	rows := [][]string{head}
	for _, c := range columns {
		row := []string{c.title}
		m := c.measures[0] // p99 is too unsteady to be compared
		if m == P50 {
			row[0] = "p50 µs, sparse"
		}
		for _, t := range ours {
			row = append(row, ratio(r, t, m))
		}
		rows = append(rows, row)
	}
	return markdown(rows)
}

// ratio compares a row of ours with direct (where that has a figure), with
// splice and with the best peer of its table.
func ratio(r Result, t Target, m Measure) string {
	mine, ok := t.value(m)
	if !ok {
		return "–"
	}
	var parts []string
	against := func(other Target, name string) {
		if v, ok := other.value(m); ok && v > 0 {
			parts = append(parts, fmt.Sprintf("%.2f × %s", mine/v, name))
		}
	}
	if peer, ok := r.bestPeer(m, t.Verifies); ok {
		against(peer, peer.Name)
	}
	splice, _ := r.find("splice")
	against(splice, "splice")
	direct, _ := r.find("direct")
	against(direct, "direct")
	return strings.Join(parts, ", ")
}

// markdown renders rows, the first of which is the head, with aligned columns.
func markdown(rows [][]string) string {
	width := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, c := range row {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	line := func(row []string, pad string) {
		for i, c := range row {
			b.WriteString("| " + c + strings.Repeat(pad, width[i]-utf8.RuneCountInString(c)) + " ")
		}
		b.WriteString("|\n")
	}
	line(rows[0], " ")
	line(make([]string, len(width)), "-")
	for _, row := range rows[1:] {
		line(row, " ")
	}
	return b.String()
}
