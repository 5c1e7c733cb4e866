package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/syncward/syncward/demo"
)

func demoCommand() *cobra.Command {
	var listen string
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show it: a legacy sync server, an auth service, the sidecar and a web page",
		Long: `Run the sidecar between a page and a legacy sync server that knows no users,
all in this process. Everything is kept in memory, for this run only.
It reads no environment variable, and listens on loopback only unless
--listen says otherwise. SIGTERM or Ctrl-C ends it.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runDemo(cmd.Context(), listen, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&listen, "listen", "127.0.0.1:8787", "address of the page, host:port")
	return cmd
}

// runDemo wires the sidecar of `serve` into a demo, and returns when both have
// ended.
func runDemo(ctx context.Context, listen string, out io.Writer) error {
	drain, now := signals(ctx)
	d, err := demo.New(listen)
	if err != nil {
		return err
	}
	c, r := load(pick(d.Variables()))
	if err := r.err(); err != nil {
		return errors.Join(err, d.Close())
	}
	page, stop := context.WithCancel(context.Background())
	sidecar := make(chan error, 1)
	go func() {
		defer stop()
		sidecar <- run(drain, now, c, r, d.Log())
	}()
	select {
	case <-d.Ready():
		fmt.Fprintf(out, demoWelcome, d.URL())
	case <-page.Done():
	}
	err = d.Serve(page)
	return errors.Join(err, <-sidecar, d.Close())
}

const demoWelcome = `Syncward demo: %s

Three things to try there:
  1. Send an event as alice. Each event bears the user that the server was told;
     what the client claims is never asked.
  2. Go offline, send two, come back: they are there, in order. Open the page
     again and log out in one tab: all tabs are.
  3. Press "Break my token": refused with 4401 TOKEN_INVALID, and mended by the
     client; the legacy server has not heard of it. Switch to off and press
     "Reconnect": now the token reaches it. Switch back: no restart.

Ctrl-C ends it.
`
