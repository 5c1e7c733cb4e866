package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncward/syncward/authz"
)

// verdict is what there is to say of a token. It holds nothing of the token
// but claims of one whose signature is right.
type verdict struct {
	Accepted    bool         `json:"accepted"`
	Status      authz.Status `json:"status,omitempty"` // valid or grace
	Code        authz.Code   `json:"code,omitempty"`   // why not
	Reason      authz.Reason `json:"reason,omitempty"`
	Words       string       `json:"words"`
	UserID      string       `json:"userId,omitempty"`
	IssuedAt    time.Time    `json:"issuedAt,omitzero"`
	ExpiresAt   time.Time    `json:"expiresAt,omitzero"`
	GraceEndsAt time.Time    `json:"graceEndsAt,omitzero"`
}

func tokenInspectCommand() *cobra.Command {
	var asJSON bool
	var file string
	cmd := &cobra.Command{
		Use:   "inspect [TOKEN | -]",
		Short: "Say whether serve would accept a token, and why not",
		Long: `Judge a token by the code and the environment of serve, and say the verdict in
words. The token is read from stdin, which is better than an argument: those
can be seen by everybody who may list processes; or from --file. It is never
printed.

Variables that have no say in which tokens count, such as UPSTREAM_URL, need
not be set. The verdict is enforce's, whatever the mode.

The exit code is 0 for accepted (valid or in grace), 1 for refused, 2 for
arguments and variables that cannot be.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 { // the arguments may be tokens: none is repeated
				return usageError{fmt.Errorf("%s: more than one argument", cmd.CommandPath())}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return inspectToken(cmd, args, file, asJSON) },
	}
	cmd.Flags().StringVar(&file, "file", "", "read the token from this file")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON instead of words")
	return cmd
}

// inspectToken prints the verdict on one token.
func inspectToken(cmd *cobra.Command, args []string, file string, asJSON bool) error {
	court, err := openCourt(cmd)
	if err != nil {
		return err
	}
	token, err := givenToken(cmd.InOrStdin(), args, file)
	if err != nil {
		return usageError{fmt.Errorf("token inspect: %w", err)}
	}
	d := court.verifier.Decide(cmd.Context(), token)
	if d.Reason == authz.ReasonNoKeys {
		return court.noKey(cmd)
	}
	v := verdictOf(d)
	if asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		err = enc.Encode(v)
	} else {
		err = v.print(cmd.OutOrStdout(), time.Now())
	}
	if err == nil && !v.Accepted {
		return errReported
	}
	return err
}

// givenToken reads the token from the one place that was named, which is stdin
// where none was. Whitespace round it is what editors and `echo` leave behind.
func givenToken(stdin io.Reader, args []string, file string) (string, error) {
	var b []byte
	var err error
	switch {
	case file != "" && len(args) > 0:
		return "", errors.New("--file and an argument both name a token; use one")
	case file != "":
		if b, err = readFile(file); err != nil {
			return "", errors.New("--file cannot be read (" + cause(err) + ")")
		}
	case len(args) > 0 && args[0] != "-":
		b = []byte(args[0])
	default:
		if b, err = io.ReadAll(io.LimitReader(stdin, maxFile+1)); err != nil {
			return "", fmt.Errorf("stdin cannot be read: %w", err)
		}
	}
	if b = bytes.TrimSpace(b); len(b) == 0 {
		return "", errors.New("there is no token")
	}
	return string(b), nil // one that was too long to be read whole is too long to be accepted
}

func verdictOf(d authz.Decision) verdict {
	return verdict{
		Accepted: d.Allow, Status: d.Status, Code: d.Refusal(), Reason: d.Reason, Words: inWords(d.Reason), UserID: d.UserID,
		IssuedAt: d.IssuedAt.UTC(), ExpiresAt: d.ExpiresAt.UTC(), GraceEndsAt: d.GraceEndsAt.UTC(),
	}
}

// print writes one line for each thing that is known.
func (v verdict) print(w io.Writer, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if v.Accepted {
		fmt.Fprintf(t, "verdict\taccepted, %s: %s\n", v.Status, v.Words)
	} else {
		fmt.Fprintf(t, "verdict\trefused, %s (%s): %s\n", v.Code, v.Reason, v.Words)
	}
	if v.UserID != "" {
		fmt.Fprintf(t, "user\t%s\n", printable(v.UserID))
	}
	for _, at := range []struct {
		name string
		time time.Time
	}{{"issued", v.IssuedAt}, {"expires", v.ExpiresAt}, {"grace ends", v.GraceEndsAt}} {
		if !at.time.IsZero() {
			fmt.Fprintf(t, "%s\t%s, %s\n", at.name, at.time.Format(time.RFC3339), when(at.time.Sub(now)))
		}
	}
	return t.Flush()
}

// when says a distance in time in words.
func when(d time.Duration) string {
	if d = d.Round(time.Second); d < 0 {
		return (-d).String() + " ago"
	}
	return "in " + d.String()
}
