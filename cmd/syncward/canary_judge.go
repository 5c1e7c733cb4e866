package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"github.com/syncward/syncward/authz"
)

// finish is what an attempt's answer is worth.
type finish string

// The closed list of finishes.
const (
	asWanted finish = "ok"
	letIn    finish = "LET IN"
	wrong    finish = "WRONG"
	noReply  finish = "NO ANSWER"
)

// attempt is one line of the output. It holds no token.
type attempt struct {
	Target string     `json:"target"` // sidecar or direct
	Sent   string     `json:"sent"`
	Wanted string     `json:"wanted"`
	Answer string     `json:"answer"`
	Number int        `json:"number,omitempty"` // HTTP status or close code
	Code   authz.Code `json:"code,omitempty"`
	Result finish     `json:"result"`
}

// judged says what an answer is worth.
func judged(t target, f forgery, a reply) attempt {
	out := attempt{Target: t.name, Sent: f.name, Wanted: string(f.want), Answer: a.text, Number: a.number, Code: a.code}
	if t.direct {
		out.Wanted, out.Result = "unreachable", judgeDirect(a)
	} else {
		out.Result = judgeSidecar(f.want, a)
	}
	return out
}

// judgeSidecar: the reason string decides. The number depends on REJECT_MODE
// and CLOSE_CODES, which are not known here.
func judgeSidecar(want authz.Code, a reply) finish {
	switch {
	case a.outcome == admitted:
		return letIn
	case a.outcome == mute, a.outcome == unreachable:
		return noReply
	case a.outcome == closed && a.code == want, a.outcome == answered && a.number >= 400 && a.code == want:
		return asWanted
	}
	return wrong
}

// judgeDirect: an upstream that can be reached must refuse by itself, in its own
// words. What could as well mean something else, such as a wrong path or a
// crash, is no refusal.
func judgeDirect(a reply) finish {
	refused := a.outcome == answered && slices.Contains([]int{400, 401, 403}, a.number) ||
		a.outcome == closed && (slices.Contains([]int{1008, 3000, 3003}, a.number) || a.number >= 4000)
	switch {
	case a.outcome == unreachable, a.outcome == denied, refused:
		return asWanted
	case a.outcome == admitted:
		return letIn
	case a.outcome == mute:
		return noReply
	}
	return wrong
}

// attempts are all lines, in the order of targets and forgeries.
type attempts []attempt

// exit returns the exit code: the worst that happened.
func (all attempts) exit() int {
	has := func(f finish) bool { return slices.ContainsFunc(all, func(a attempt) bool { return a.Result == f }) }
	switch {
	case has(letIn), has(wrong):
		return exitFault
	case has(noReply):
		return exitUsage
	}
	return exitOK
}

func (all attempts) asTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TARGET\tSENT\tWANTED\tANSWER\tRESULT")
	for _, a := range all {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", a.Target, a.Sent, a.Wanted, a.Answer, a.Result)
	}
	return t.Flush()
}

func (all attempts) asJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(struct {
		OK       bool     `json:"ok"`
		Attempts attempts `json:"attempts"`
	}{all.exit() == exitOK, all})
}
