package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/syncward/syncward/authz"
)

// wish is the command line of `token mint`.
type wish struct {
	user, issuer, audience, kind, alg string
	ttl, issuedAgo, expired           time.Duration
	claims                            []string
}

func tokenMintCommand() *cobra.Command {
	var w wish
	cmd := &cobra.Command{
		Use:   "mint --user ID",
		Short: "Print a token signed with JWT_SECRET, for development",
		Long: `Print a token on stdout, and nothing else. It is signed with JWT_SECRET or
JWT_SECRET_FILE, and made as JWT_ISSUER, JWT_AUDIENCE, JWT_TYPE,
JWT_USER_CLAIM and JWT_ALGORITHMS want it. Other variables of serve may be
there, and need not be. What serve would refuse is minted too; stderr says so.

The exit code is 2 for arguments and variables that cannot be.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return mintToken(cmd, w) },
	}
	f := cmd.Flags()
	f.StringVar(&w.user, "user", "", "userId (required)")
	f.DurationVar(&w.ttl, "ttl", 15*time.Minute, "lifetime, counted from when it was issued")
	f.DurationVar(&w.issuedAgo, "issued-ago", 0, "issued that long ago")
	f.DurationVar(&w.expired, "expired", 0, "expired that long ago; not with --issued-ago")
	f.StringVar(&w.issuer, "issuer", "", "iss, \"\" for none (default: JWT_ISSUER)")
	f.StringVar(&w.audience, "audience", "", "aud, \"\" for none (default: JWT_AUDIENCE)")
	f.StringVar(&w.kind, "type", "", "typ header, \"\" for JWT (default: JWT_TYPE)")
	f.StringArrayVar(&w.claims, "claim", nil, "further claim, name=value; repeatable; the value is JSON, or else a text")
	f.StringVar(&w.alg, "alg", "", "HS256, HS384 or HS512 (default: the first of them in JWT_ALGORITHMS, or HS256)")
	return cmd
}

// mintToken prints the token of a wish.
func mintToken(cmd *cobra.Command, w wish) error {
	if err := w.check(cmd.Flags()); err != nil {
		return usageError{fmt.Errorf("token mint: %w", err)}
	}
	court, err := openCourt(cmd)
	if err != nil {
		return err
	}
	c := court.c
	if len(c.Secrets.JWT) == 0 {
		return court.noKey(cmd)
	}
	w.complete(cmd.Flags(), c)
	extra, err := w.extra(c.JWTUserClaim)
	if err != nil {
		return usageError{fmt.Errorf("token mint: %w", err)}
	}
	d := w.draft(time.Now())
	d.Extra = extra
	token, err := d.sign(w.alg, c.Secrets.JWT, c.JWTUserClaim)
	if err != nil {
		return fmt.Errorf("token mint: cannot sign with %s: %w", w.alg, err)
	}
	stderr := cmd.ErrOrStderr()
	fmt.Fprintf(stderr, "For development: whoever has this token can be %q until %s.\n", w.user, d.Expires.UTC().Format(time.RFC3339))
	if v := court.verifier.Decide(cmd.Context(), token); !v.Allow {
		fmt.Fprintf(stderr, "A serve with this environment refuses it: %s, %s.\n", v.Refusal(), inWords(v.Reason))
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
	return err
}

// check refuses what contradicts itself whatever the environment says.
func (w wish) check(f *pflag.FlagSet) error {
	switch {
	case w.user == "":
		return fmt.Errorf("--user is missing")
	case w.ttl < time.Second:
		return fmt.Errorf("--ttl %s: a token counts whole seconds; use at least 1s", w.ttl)
	case w.issuedAgo < 0:
		return fmt.Errorf("--issued-ago %s is negative", w.issuedAgo)
	case f.Changed("expired") && w.expired <= 0:
		return fmt.Errorf("--expired %s: use how long ago, more than 0s", w.expired)
	case f.Changed("expired") && f.Changed("issued-ago"):
		return fmt.Errorf("--expired and --issued-ago both say when it was issued; use one")
	case w.alg != "" && !slices.Contains(secretAlgorithms(), w.alg):
		return fmt.Errorf("--alg: unknown %q; use HS256, HS384 or HS512", w.alg)
	}
	return nil
}

// complete takes from the configuration what was not said.
func (w *wish) complete(f *pflag.FlagSet, c *config) {
	for _, one := range []struct {
		flag  string
		value *string
		from  string
	}{{"issuer", &w.issuer, c.JWTIssuer}, {"audience", &w.audience, c.JWTAudience}, {"type", &w.kind, c.JWTType}} {
		if !f.Changed(one.flag) {
			*one.value = one.from
		}
	}
	for _, alg := range append(slices.Clone(c.JWTAlgorithms), "HS256") {
		if w.alg == "" && slices.Contains(secretAlgorithms(), alg) {
			w.alg = alg
		}
	}
}

// secretAlgorithms are those that a secret can sign with.
func secretAlgorithms() []string { return (*authz.HMACSecrets)(nil).Algorithms() }

// extra reads --claim. What another flag says cannot be said here too.
func (w wish) extra(userClaim string) (map[string]any, error) {
	root, _, _ := strings.Cut(userClaim, ".")
	taken := map[string]string{"iat": "--issued-ago", "exp": "--ttl or --expired", "iss": "--issuer", "aud": "--audience"}
	taken[root] = "--user"
	claims := map[string]any{}
	for _, one := range w.claims {
		name, value, ok := strings.Cut(one, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--claim: write name=value")
		}
		if flag := taken[name]; flag != "" {
			return nil, fmt.Errorf("--claim %s: use %s", name, flag)
		}
		if _, twice := claims[name]; twice {
			return nil, fmt.Errorf("--claim %s is there twice", name)
		}
		claims[name] = value
		if json.Valid([]byte(value)) {
			claims[name] = json.RawMessage(value) // as it is: 1e3 is not 1000
		}
	}
	return claims, nil
}

// draft sets the times. It has expired where --expired says so, else it was
// issued when --issued-ago says.
func (w wish) draft(now time.Time) draft {
	issued := now.Add(-w.issuedAgo)
	if w.expired > 0 {
		issued = now.Add(-w.expired - w.ttl)
	}
	return draft{
		User: w.user, Issuer: w.issuer, Audience: w.audience, Type: w.kind,
		Issued: issued, Expires: issued.Add(w.ttl),
	}
}
