package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
)

func sample() Result {
	r := Result{Date: "2026-01-02T03:04:05Z", Rounds: 3, Load: "0.10", Machine: Machine{CPU: "A & B", Cores: 2, Kernel: "6.1"},
		Versions: []Version{{"nginx", "1.2"}},
		Targets: []Target{
			{Name: "ours-jwt", Title: "**Syncward**, token", Role: "ours", Verifies: true, Samples: map[Measure][]float64{Small: {30, 10, 20}, Rate: {500}}},
			{Name: "good", Title: "a good peer", Role: "peer", Verifies: true, Samples: map[Measure][]float64{Small: {10}, Rate: {1000}}},
			{Name: "direct", Title: "direct", Role: "base", Samples: map[Measure][]float64{Rate: {2000}}},
			{Name: "splice", Title: "splice", Role: "base", Samples: map[Measure][]float64{Small: {5}}},
			{Name: "cheap", Title: "a cheap peer < that verifies nothing", Role: "peer", Samples: map[Measure][]float64{Small: {1}, Rate: {9000}}},
			{Name: "ghost", Title: "a ghost", Role: "peer", Absent: "not installed"},
		}}
	r.Settle()
	return r
}

func TestTheMedianIsTheMiddleOrTheMeanOfTheMiddleTwo(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{7}, 7}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 100}, 3.5}} {
		if got := Median(c.values); got != c.want {
			t.Errorf("of %v it is %v, not %v", c.values, got, c.want)
		}
	}
}

func TestAPercentileIsTheNearestRank(t *testing.T) {
	hundred := make([]int, 100)
	for i := range hundred {
		hundred[i] = i + 1
	}
	for share, want := range map[float64]int{0.01: 1, 0.5: 50, 0.99: 99, 0.991: 100, 1: 100} {
		if got := Percentile(hundred, share); got != want {
			t.Errorf("%v of 1..100 is %d, not %d", share, got, want)
		}
	}
	if got := Percentile([]int(nil), 0.5); got != 0 {
		t.Errorf("of none it is %d", got)
	}
}

func TestWhatVerifiesNothingNeverStandsAmongTheRowsWithAJWT(t *testing.T) {
	with, without, ok := strings.Cut(Tables(sample()), "No token verified")
	if !ok || strings.Contains(with, "cheap") || !strings.Contains(without, "cheap") {
		t.Errorf("the tables are\n%s", Tables(sample()))
	}
	if got := ratio(sample(), sample().Targets[0], Small); got != "2.00 × good, 4.00 × splice" {
		t.Errorf("compared with %q", got)
	}
	if got := ratio(sample(), sample().Targets[0], Rate); got != "0.50 × good, 0.25 × direct" {
		t.Errorf("compared with %q", got)
	}
}

func TestAnAbsentTargetIsNamedWithTheReason(t *testing.T) {
	for what, text := range map[string]string{"tables": Tables(sample()), "chart": Chart(sample())} {
		if !strings.Contains(text, "a ghost") || !strings.Contains(text, "not installed") {
			t.Errorf("%s: the ghost is left out", what)
		}
	}
}

func TestTheChartIsWellFormedAndHoldsEveryTargetButDirect(t *testing.T) {
	chart := Chart(sample())
	d := xml.NewDecoder(strings.NewReader(chart))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, target := range sample().Targets {
		title := strings.NewReplacer("**", "", "<", "&lt;").Replace(target.Title)
		if got := strings.Contains(chart, ">"+title+"<") || strings.Contains(chart, ">Syncward, token<") && target.Role == "ours"; got == (target.Name == "direct") {
			t.Errorf("%s: in the chart: %v", target.Name, got)
		}
	}
}

func TestOnlyTheMarkedBlockOfADocumentIsReplaced(t *testing.T) {
	const head, tail = "# Title\n\nText.\n\n", "\nMore.\n"
	once, err := Insert(head+begin+"old\n"+end+tail, sample())
	if err != nil {
		t.Fatal(err)
	}
	again, err := Insert(once, sample())
	if err != nil || again != once {
		t.Errorf("a second time it is another: %v", err)
	}
	if !strings.HasPrefix(once, head) || !strings.HasSuffix(once, tail) || strings.Contains(once, "old") || !strings.Contains(once, "a good peer") {
		t.Errorf("the document is\n%s", once)
	}
	for _, document := range []string{"", begin, end + begin} {
		if _, err := Insert(document, sample()); err == nil {
			t.Errorf("%q has a block", document)
		}
	}
}

func TestTheHeadingOwnsUpToAQuickRunAndABusyMachine(t *testing.T) {
	r := sample()
	if got := Heading(r); strings.Contains(got, "quick") || strings.Contains(got, "other work") || !strings.Contains(got, "nginx 1.2") {
		t.Errorf("of a full run on a quiet machine it is %q", got)
	}
	r.Quick, r.Load = true, "4.07"
	if got := Heading(r); !strings.Contains(got, "quick") || !strings.Contains(got, "other work") {
		t.Errorf("of a quick run on a busy machine it is %q", got)
	}
}

func TestTheCPUsNameIsFound(t *testing.T) {
	if got := cpuModel([]byte("processor : 0\nmodel name\t: Fast(R) CPU\nmodel name : Other\n")); got != "Fast(R) CPU" {
		t.Errorf("it is %q", got)
	}
	if got := cpuModel(nil); got != "an unknown CPU" {
		t.Errorf("it is %q", got)
	}
}
