package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"
)

func drainCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "drain",
		Short: "Drain the sidecar of this container, and wait until that is over",
		Long: `Ask the serve that runs in this container to drain, as SIGTERM does, and return
when it is over: for a preStop hook. It reads DRAIN_SOCKET and ADMIN_ADDR from
the environment of that serve, and goes over a local socket, never the network.

A SIGTERM that serve gets meanwhile does not hurry it; a second one does.
The exit code is 0 only if the drain came to its end.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c := &config{environ: pick(os.Environ())}
			c.parse(&report{}) // what is wrong elsewhere was serve's to say
			path := c.drainSocket()
			if path == "" {
				return faults{{"DRAIN_SOCKET", "is not set, and ADMIN_ADDR names no port to make it of; set it for serve and for drain"}}
			}
			if err := askToDrain(cmd.Context(), path); err != nil {
				return fmt.Errorf("drain: %w", err)
			}
			_, err := fmt.Fprintln(cmd.OutOrStdout(), "drained")
			return err
		},
	}
}

// The words of the drain's socket, one a line: the first is the client's.
const (
	wordDrain   = "drain"
	wordBegun   = "draining"
	wordOver    = "drained"
	wordRefused = "refused"
)

var (
	errNobodyServes = errors.New("no serve answers on DRAIN_SOCKET; run drain in its container and with its environment")
	errMayNotDrain  = errors.New("refused: only root and the user that serve runs as may drain it")
	errEndedEarly   = errors.New("serve ended before the drain was over")
)

// askToDrain asks whoever listens at path to drain, and returns nil when that
// is over.
func askToDrain(ctx context.Context, path string) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return errNobodyServes
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := fmt.Fprintln(conn, wordDrain); err != nil {
		return errNobodyServes
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch lines.Text() {
		case wordOver:
			return nil
		case wordRefused:
			return errMayNotDrain
		}
	}
	return errEndedEarly
}
