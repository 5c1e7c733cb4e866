package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// finding is everything that `check` has to say.
type finding struct {
	OK            bool      `json:"ok"` // serve would start and work
	Variables     []setting `json:"variables"`
	Faults        faults    `json:"faults"`
	Disagreements faults    `json:"disagreements"`
	Warnings      faults    `json:"warnings"`
	Probes        []probe   `json:"probes"`
}

func checkCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Show the effective configuration and try keys and upstream",
		Long: `Read the same environment as serve, print the effective configuration with
its secrets redacted, and try the addresses, the keys and the upstream.

The exit code is 0 only if serve would start and work, else 1.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f := examine(cmd, pick(os.Environ()))
			if asJSON {
				return f.asJSON(cmd.OutOrStdout())
			}
			return f.asTable(cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of a table")
	return cmd
}

// examine loads the configuration and, where it has no fault, tries it.
func examine(cmd *cobra.Command, e environ) finding {
	c, r := load(e)
	f := finding{
		Variables: c.effective(), Faults: r.Faults, Disagreements: r.Disagreements, Warnings: r.Warnings, Probes: []probe{},
	}
	if len(f.Faults) == 0 {
		f.Probes = probeAll(cmd.Context(), c)
	}
	f.OK = len(f.Faults) == 0
	for _, p := range f.Probes {
		f.OK = f.OK && p.OK
	}
	return f
}

// err is the command's end: the exit code says what was printed.
func (f finding) err() error {
	if f.OK {
		return nil
	}
	return errReported
}

func (f finding) asJSON(w io.Writer) error {
	for _, list := range []*faults{&f.Faults, &f.Disagreements, &f.Warnings} {
		if *list == nil {
			*list = faults{} // [] and not null
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(f); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return f.err()
}

// asTable prints the configuration and the probes on out, the faults on err as
// serve would.
func (f finding) asTable(out, err io.Writer) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "VARIABLE\tVALUE\tORIGIN")
	for _, s := range f.Variables {
		fmt.Fprintf(t, "%s\t%s\t%s\n", s.Variable, or(printable(s.Value), "-"), s.Origin)
	}
	t.Flush()
	for _, section := range []struct {
		title string
		list  faults
	}{{"contradictions", f.Disagreements}, {"warnings", f.Warnings}} {
		if len(section.list) > 0 {
			fmt.Fprintf(out, "\n%s\n", section.title)
		}
		for _, one := range section.list {
			fmt.Fprintf(out, "  %s\n", one)
		}
	}
	if len(f.Probes) > 0 {
		fmt.Fprintln(out, "\nprobes")
	}
	for _, p := range f.Probes {
		fmt.Fprintf(out, "  %-9s %-6s %s\n", p.Name, map[bool]string{true: "ok", false: "FAILED"}[p.OK], p.Detail)
	}
	if len(f.Faults) > 0 {
		fmt.Fprintln(err, f.Faults)
	}
	return f.err()
}

// printable keeps a value on its line of the table.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '?'
		}
		return r
	}, s)
}
