package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/syncward/syncward/bench/internal/report"
)

// render writes a result into a document's generated block and draws the chart
// beside it.
func render(args []string) error {
	flags := flag.NewFlagSet("render", flag.ExitOnError)
	check := flags.Bool("check", false, "write nothing; fail where the files are not what would be written")
	flags.Parse(args)
	if flags.NArg() != 3 {
		return errors.New("bench: render wants a result, a document and a chart")
	}
	text, err := os.ReadFile(flags.Arg(0))
	if err != nil {
		return err
	}
	var result report.Result
	if err := json.Unmarshal(text, &result); err != nil {
		return fmt.Errorf("bench: %s: %w", flags.Arg(0), err)
	}
	if result.Quick {
		return errors.New("bench: a quick run is not for publication")
	}
	document, err := os.ReadFile(flags.Arg(1))
	if err != nil {
		return err
	}
	wanted, err := report.Insert(string(document), result)
	if err != nil {
		return err
	}
	return errors.Join(settle(*check, flags.Arg(1), wanted), settle(*check, flags.Arg(2), report.Chart(result)))
}

// settle writes a file, or compares it.
func settle(check bool, path, wanted string) error {
	if !check {
		return os.WriteFile(path, []byte(wanted), 0o644)
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != wanted {
		return fmt.Errorf("bench: %s is not what the published result renders to: make bench-render", path)
	}
	return nil
}
