package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "serve",
		Short: "Run the sidecar, configured by environment variables",
		Long: `Run the sidecar in front of UPSTREAM_URL.

Everything is configured by environment variables (docs/configuration.md).
What is wrong with them stops the start, one line for each fault on stderr,
with exit code 1. SIGTERM drains, a second one closes all connections now.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, r := load(pick(os.Environ()))
			if err := r.err(); err != nil {
				return err
			}
			drain, now := signals(cmd.Context())
			return run(drain, now, c, r, cmd.ErrOrStderr())
		},
	}
}

// signals returns a context that ends with the first SIGTERM or SIGINT, and
// one that ends with the second. The goroutine ends with the process.
func signals(ctx context.Context) (first, second context.Context) {
	first, drain := context.WithCancel(ctx)
	second, now := context.WithCancel(ctx)
	got := make(chan os.Signal, 2)
	signal.Notify(got, syscall.SIGTERM, syscall.SIGINT)
	go func() {
		<-got
		drain()
		<-got
		now()
	}()
	return first, second
}
