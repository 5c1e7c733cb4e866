package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/syncward/syncward/authz"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Mint and inspect tokens, for development",
		Long: `Mint a token that a serve with the same environment accepts, or ask whether
such a serve would accept a token.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 { // it may be a token: it is not repeated
				return usageError{errors.New("token: unknown argument; use token mint or token inspect")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tokenMintCommand(), tokenInspectCommand())
	return cmd
}

// court is what judges tokens under the environment, as serve does.
type court struct {
	c        *config
	r        *report
	verifier *authz.Verifier
}

// openCourt loads the environment. Only what it says of tokens counts: where
// the upstream is, or whether there is one, is nothing to a token.
func openCourt(cmd *cobra.Command) (court, error) {
	c, r := load(pick(os.Environ()))
	about := slices.DeleteFunc(slices.Clone(r.Faults), func(f fault) bool { return !concernsTokens(f.Variable) })
	if len(about) > 0 {
		return court{}, misconfigured(cmd, about)
	}
	l, err := newLive(c)
	if err != nil {
		return court{}, misconfigured(cmd, err)
	}
	if l.remote != nil {
		_ = l.remote.Fetch(cmd.Context()) // without it the verdict says that keys cannot answer
	}
	v, err := l.verifier()
	if err != nil {
		return court{}, misconfigured(cmd, err)
	}
	return court{c, r, v}, nil
}

// concernsTokens tells whether a variable has a say in which tokens count.
func concernsTokens(name string) bool {
	for _, prefix := range []string{"JWT_", "JWKS_", "IDENTITY_"} {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return slices.Contains([]string{"ANONYMOUS_USER_ID", "AUTH_MODE", "REQUIRE_AUTH", "FLAGS_FILE", "USER_ID_HEADER", "environment"}, name)
}

// misconfigured says what is wrong with the environment. The exit code is 2:
// 1 is a verdict.
func misconfigured(cmd *cobra.Command, err error) error {
	fmt.Fprintln(cmd.ErrOrStderr(), err)
	return reported(exitUsage)
}

// noKey is the fault of an environment without a key. In mode off a key that
// is no good is only warned of: the warnings say why there is none.
func (c court) noKey(cmd *cobra.Command) error {
	list := faults{{"JWT_SECRET", "is not set; set JWT_SECRET or JWT_SECRET_FILE"}}
	for _, w := range c.r.Warnings {
		if w.Variable == "JWT_SECRET_FILE" || w.Variable == "JWT_SECRET" && c.c.environ.set("JWT_SECRET") {
			list = faults{w}
		}
	}
	return misconfigured(cmd, list)
}
