package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/syncward/syncward/bench/internal/load"
	"github.com/syncward/syncward/bench/internal/proc"
	"github.com/syncward/syncward/bench/internal/targets"
)

// reading measures what it costs to read messages of 1 KiB, and prints it
// beside what it costs to relay them unread.
func reading(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("reading", flag.ExitOnError)
	binary := flags.String("syncward", "../bin/syncward", "the binary to measure")
	rounds := flags.Int("rounds", 5, "rounds; the figures are their medians")
	flags.Parse(args)
	self, err := os.Executable()
	if err != nil {
		return err
	}
	path, err := filepath.Abs(*binary)
	if err != nil {
		return err
	}
	lab, err := targets.NewLab(ctx, targets.Binaries{Self: self, Syncward: path})
	if err != nil {
		return err
	}
	defer lab.Close()
	samples := map[string][]float64{}
	for range *rounds {
		for _, r := range targets.Readings {
			cost, err := read(ctx, lab, r)
			if err != nil {
				return fmt.Errorf("bench: %s: %w", r.Name, err)
			}
			samples[r.Name] = append(samples[r.Name], cost)
		}
	}
	fmt.Println("| a message of 1 KiB | CPU µs | of its relay |\n| --- | --- | --- |")
	for _, r := range targets.Readings {
		ratio := "1"
		if r.Beside != "" {
			ratio = fmt.Sprintf("%.2f", median(samples[r.Name])/median(samples[r.Beside]))
		}
		fmt.Printf("| %s | %.1f | %s |\n", r.Name, median(samples[r.Name]), ratio)
	}
	return nil
}

// read returns Syncward's CPU time for each message, in µs.
func read(ctx context.Context, lab *targets.Lab, r targets.Reading) (float64, error) {
	p, client, message, err := lab.StartReading(ctx, r)
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	conns, err := client.OpenMany(ctx, 64)
	if err != nil {
		return 0, err
	}
	defer conns.Close()
	if _, err := load.Taken(ctx, conns, message, load.Limit{For: 300 * time.Millisecond}); err != nil {
		return 0, err
	}
	tree, err := proc.Tree(p.PID)
	if err != nil {
		return 0, err
	}
	before, err := proc.CPU(tree)
	if err != nil {
		return 0, err
	}
	n, err := load.Taken(ctx, conns, message, load.Limit{For: 1300 * time.Millisecond})
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%d messages: %w", n, err)
	}
	after, err := proc.CPU(tree)
	return float64((after - before).Nanoseconds()) / 1000 / float64(n), err
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}
