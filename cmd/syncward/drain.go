package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"runtime"

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
			// The connection ends with this process: until then serve, and with it
			// a container, lives on.
			hold, err := askToDrain(cmd.Context(), path)
			if err != nil {
				return fmt.Errorf("drain: %w", err)
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "drained")
			runtime.KeepAlive(hold)
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

// askToDrain asks whoever listens at path to drain, and returns when that is
// over. Then serve waits a moment more for the connection to be closed, which
// is the caller's to do; after an error it is closed.
func askToDrain(ctx context.Context, path string) (io.Closer, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", path)
	if err != nil {
		return nil, errNobodyServes
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	err = errEndedEarly
	if _, failed := fmt.Fprintln(conn, wordDrain); failed != nil {
		err = errNobodyServes
	}
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		switch lines.Text() {
		case wordOver:
			return conn, nil
		case wordRefused:
			err = errMayNotDrain
		}
	}
	_ = conn.Close()
	return nil, err
}
