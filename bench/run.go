package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/syncward/syncward/bench/internal/report"
	"github.com/syncward/syncward/bench/internal/rounds"
	"github.com/syncward/syncward/bench/internal/targets"
)

// run measures, prints the tables and writes the result.
func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("run", flag.ExitOnError)
	binary := flags.String("syncward", "../bin/syncward", "the binary to measure")
	count := flags.Int("rounds", 3, "rounds; the figures are their medians")
	quick := flags.Bool("quick", false, "one short round, for a first look")
	only := flags.String("only", "", "names of the targets, by commas; empty: all")
	output := flags.String("o", "", "file for the result as JSON")
	flags.Parse(args)
	list, err := choose(*only)
	if err != nil {
		return err
	}
	plan := rounds.Full(*count)
	if *quick {
		plan = rounds.Quick()
	}
	if plan.Rounds < 1 {
		return errors.New("bench: at least one round")
	}
	result, err := measure(ctx, *binary, list, plan)
	if err != nil {
		return err
	}
	fmt.Print("\n" + report.Heading(result) + "\n" + report.Tables(result))
	if *output != "" {
		if err := save(*output, result); err != nil {
			return err
		}
		fmt.Println("\nwritten to " + *output)
	}
	return complete(result)
}

// measure starts the lab and runs the plan in it.
func measure(ctx context.Context, binary string, list []targets.Target, plan rounds.Plan) (report.Result, error) {
	result := report.Result{Date: time.Now().UTC().Format(time.RFC3339), Quick: plan.Quick, Rounds: plan.Rounds}
	self, err := os.Executable()
	if err != nil {
		return result, err
	}
	if binary, err = filepath.Abs(binary); err != nil {
		return result, err
	}
	result.Machine, result.Load = report.ThisMachine()
	result.Versions = targets.Versions(ctx, binary)
	lab, err := targets.NewLab(ctx, targets.Binaries{Self: self, Syncward: binary})
	if err != nil {
		return result, err
	}
	defer lab.Close()
	result.Targets, err = rounds.Run(ctx, lab, list, plan, os.Stderr)
	result.Settle()
	return result, err
}

// choose returns the targets of those names, all for none.
func choose(names string) (list []targets.Target, err error) {
	if names == "" {
		return targets.All, nil
	}
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(targets.All, func(t targets.Target) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("bench: there is no target %q", name)
		}
		list = append(list, targets.All[i])
	}
	return list, nil
}

// complete is an error when a target failed. One that is not installed did not.
func complete(r report.Result) error {
	var failed []string
	for _, t := range r.Targets {
		if t.Absent == "failed" {
			failed = append(failed, t.Name)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("bench: failed: %s", strings.Join(failed, ", "))
	}
	return nil
}

func save(path string, r report.Result) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
