// Syncward authenticates the connections of a sync server that stays as it is:
// it verifies each client's token, takes it out, and relays the rest under a
// signed name.
//
//	UPSTREAM_URL=http://127.0.0.1:8787 JWT_SECRET_FILE=/run/secrets/jwt syncward serve
//	syncward demo
//	syncward check
//	syncward token mint --user alice | syncward token inspect
//	syncward canary --url ws://127.0.0.1:8080/
//	syncward drain
//	syncward events --store notes --from 24h
//	syncward version
//
// This package reads the configuration and wires the others; it holds nothing
// of what happens to a connection.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
)

// The exit codes.
const (
	exitOK    = 0
	exitFault = 1 // the configuration, or the run
	exitUsage = 2 // unknown commands, arguments and flags
)

func main() {
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// usageError is a command line that says nothing we know.
type usageError struct{ error }

// reported ends a command with this exit code after it has said why itself.
type reported int

func (reported) Error() string { return "already reported" }

// errReported is that of a fault, and of an answer that is no.
const errReported = reported(exitFault)

// execute runs one command line and returns its exit code. What went wrong is
// on stderr, one fault a line.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := &cobra.Command{
		Use:               "syncward",
		Short:             "Authenticates the connections of an unchanged sync server",
		Args:              noArguments,
		RunE:              func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(serveCommand(), demoCommand(), checkCommand(), tokenCommand(), canaryCommand(), drainCommand(), eventsCommand(), versionCommand())
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var usage usageError
	var said reported
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%v\nsyncward --help lists the commands.\n", err)
		return exitUsage
	case errors.As(err, &said):
		return int(said)
	}
	fmt.Fprintln(stderr, err)
	return exitFault
}

// noArguments refuses arguments: everything is configured by the environment.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError{fmt.Errorf("%s: unknown argument %q", cmd.CommandPath(), args[0])}
}
