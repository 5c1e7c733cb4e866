package report

import (
	"fmt"
	"html"
	"strings"
)

// panels are the parts of the chart, side by side.
var panels = []struct {
	measure Measure
	title   string
	unit    string
}{
	{Small, "Round trip", "CPU µs, 128 B on 64 connections"},
	{Setup, "Connection", "CPU µs, opened and closed"},
	{Idle, "Idle connection", "KiB"},
}

// Geometry of the chart, in pixels.
const (
	labels     = 250 // width of the names
	panelWidth = 225
	barWidth   = 150 // of the longest bar
	rowHeight  = 24
	top        = 84
	gap        = 34 // above a group
)

// colours by role.
var colours = map[string]string{"ours": "#2563eb", "peer": "#94a3b8", "base": "#d9c08a"}

// Chart returns the steady figures as an SVG picture: bars by target, those
// that verify a JWT first.
func Chart(r Result) string {
	var body strings.Builder
	y := top
	for _, group := range []struct {
		title    string
		verifies bool
	}{{"Each connection authenticated by a JWT", true}, {"No token verified", false}} {
		fmt.Fprintf(&body, "<text x=\"20\" y=\"%d\" class=\"group\">%s</text>\n", y+14, group.title)
		y += gap - 10
		for _, t := range r.Targets {
			if t.Verifies == group.verifies && t.Name != "direct" {
				row(&body, r, t, y)
				y += rowHeight
			}
		}
		y += gap - 10
	}
	width, height := labels+len(panels)*panelWidth+20, y+18
	var b strings.Builder
	fmt.Fprintf(&b, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\">\n", width, height, width, height)
	b.WriteString("<title>CPU and memory that each proxy costs</title>\n<style>" +
		"text{font:13px system-ui,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1e293b}" +
		".head{font-weight:600;font-size:15px}.unit{fill:#64748b;font-size:12px}.group{font-weight:600;fill:#475569}" +
		".ours{font-weight:600;fill:#1d4ed8}</style>\n")
	fmt.Fprintf(&b, "<rect width=\"%d\" height=\"%d\" rx=\"10\" fill=\"#ffffff\"/>\n", width, height)
	for i, p := range panels {
		x := labels + i*panelWidth
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"34\" class=\"head\">%s</text>\n<text x=\"%d\" y=\"54\" class=\"unit\">%s</text>\n", x, p.title, x, p.unit)
	}
	b.WriteString(body.String())
	fmt.Fprintf(&b, "<text x=\"20\" y=\"%d\" class=\"unit\">Shorter is better. Medians of %s, %s, %d cores. Sand: moves bytes and reads no HTTP.</text>\n</svg>\n",
		height-14, plural(r.Rounds, "round"), html.EscapeString(date(r)), r.Machine.Cores)
	return b.String()
}

// row draws one target.
func row(b *strings.Builder, r Result, t Target, y int) {
	class := ""
	if t.Role == "ours" {
		class = ` class="ours"`
	}
	fmt.Fprintf(b, "<text x=\"20\" y=\"%d\"%s>%s</text>\n", y+15, class, html.EscapeString(plain(t.Title)))
	for i, p := range panels {
		x := labels + i*panelWidth
		v, ok := t.value(p.measure)
		switch {
		case ok:
			length := max(2, v/longest(r, p.measure)*barWidth)
			fmt.Fprintf(b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"14\" rx=\"3\" fill=\"%s\"/>\n", x, y+4, length, colours[t.Role])
			fmt.Fprintf(b, "<text x=\"%.1f\" y=\"%d\" class=\"unit\">%s</text>\n", float64(x)+length+6, y+15, figure(v))
		case i == 0:
			fmt.Fprintf(b, "<text x=\"%d\" y=\"%d\" class=\"unit\">%s</text>\n", x, y+15, html.EscapeString(t.Absent))
		}
	}
}

// plain takes the Markdown out of a title, and what a picture has no room for.
func plain(title string) string {
	return strings.NewReplacer("**", "", "`", "", ", TCP only", "", "httputil.", "", "token in the ", "", ", header", "").Replace(title)
}

func longest(r Result, m Measure) (most float64) {
	for _, t := range r.Targets {
		v, _ := t.value(m)
		most = max(most, v)
	}
	return most
}

// date returns the day of a run.
func date(r Result) string {
	day, _, _ := strings.Cut(r.Date, "T")
	return day
}
