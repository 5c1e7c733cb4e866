package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Set by the linker: -ldflags "-X main.version=v1.2.3 -X main.commit=4d55edf".
// An image is built without its repository, so the commit must be told.
var (
	version = "dev"
	commit  = ""
)

// build is what is known of this binary.
type build struct{ Version, Commit, Go string }

// thisBuild asks the binary itself. The commit of a tree with changes that
// were not committed ends in +dirty.
func thisBuild() build {
	b := build{Version: version, Commit: or(commit, "unknown"), Go: "unknown"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Go = info.GoVersion
	for _, s := range info.Settings {
		switch {
		case commit != "":
		case s.Key == "vcs.revision":
			b.Commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			b.Commit += "+dirty"
		}
	}
	return b
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and Go version",
		Args:  noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			b := thisBuild()
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "syncward %s\ncommit %s\n%s\n", b.Version, b.Commit, b.Go)
			return err
		},
	}
}
