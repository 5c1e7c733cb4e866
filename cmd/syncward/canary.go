package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"
)

// flight is the command line of `canary`.
type flight struct {
	url, direct, store string
	way                way
	timeout            time.Duration
	json               bool
}

func canaryCommand() *cobra.Command {
	var f flight
	cmd := &cobra.Command{
		Use:   "canary --url ws://HOST/PATH",
		Short: "Try to get in without a good token, and expect to be refused",
		Long: `Connect through the sidecar with no token and with forged ones, in the way of
the protocol, and expect each to be refused with the right code: the close
reason, or the code in an HTTP answer. With --direct, try the same straight at
the upstream, which should be unreachable from here, or refuse by itself.

It knows no secret and reads no environment. All attempts are made at once, so
it ends soon after --timeout at the latest. An upgrade after which the
connection is still open by then counts as let in.

The exit code is 0 only if each attempt was refused with the right code, 1 if
one was let in or refused otherwise, 2 if none of that but one got no answer
(with --direct, unreachable is the wanted answer), and for unknown arguments.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.url, "url", "", "where clients connect to the sidecar, ws:// or wss:// (required)")
	flags.StringVar(&f.direct, "direct", "", "where the upstream listens, ws:// or wss://")
	flags.StringVar(&f.way.protocol, "protocol", "json", "json, livestore, graphql-ws, hocuspocus or opaque")
	flags.StringVar((*string)(&f.way.source), "token-source", "", "where clients have their token: frame, payload, header, subprotocol, cookie or query (default by protocol)")
	flags.StringVar(&f.way.field, "token-field", "", "TOKEN_FIELD of the sidecar (default \"/authToken\")")
	flags.StringVar(&f.way.name, "token-name", "", "TOKEN_COOKIE or TOKEN_QUERY of the sidecar (default \"sync_token\", \"token\")")
	flags.StringVar(&f.way.origin, "origin", "", "Origin to say, one of ALLOWED_ORIGINS: a cookie needs it")
	flags.DurationVar(&f.timeout, "timeout", 5*time.Second, "time for each attempt")
	flags.StringVar(&f.store, "store", "", "instanceId or storeId to ask for, with json, livestore and hocuspocus (default \"syncward-canary\")")
	flags.BoolVar(&f.json, "json", false, "print JSON instead of a table")
	return cmd
}

// run makes all attempts and prints what came of them.
func (f flight) run(cmd *cobra.Command) error {
	var err error
	if f.way, err = f.way.checked(); err != nil {
		return usageError{fmt.Errorf("canary: %w", err)}
	}
	targets, err := f.targets()
	if err != nil {
		return usageError{fmt.Errorf("canary: %w", err)}
	}
	all := tryAll(cmd.Context(), targets, forgeries(time.Now()), f)
	if f.json {
		err = all.asJSON(cmd.OutOrStdout())
	} else {
		err = all.asTable(cmd.OutOrStdout())
	}
	if code := all.exit(); err == nil && code != exitOK {
		return reported(code)
	}
	return err
}

// target is one place to connect to.
type target struct {
	name   string // as it is printed: an address may hold what is nobody's business
	url    *url.URL
	direct bool
}

// targets reads the command line.
func (f flight) targets() ([]target, error) {
	switch {
	case f.url == "":
		return nil, errors.New("--url is missing")
	case f.timeout <= 0:
		return nil, fmt.Errorf("--timeout %s: use more than 0s", f.timeout)
	case f.store != "" && !slices.Contains([]string{"json", "livestore", "hocuspocus"}, f.way.protocol):
		return nil, fmt.Errorf("--store: %s has none; leave it out", f.way.protocol)
	}
	sidecar, err := f.address("--url", f.url)
	if err != nil {
		return nil, err
	}
	list := []target{{"sidecar", sidecar, false}}
	if f.direct != "" {
		upstream, err := f.address("--direct", f.direct)
		if err != nil {
			return nil, err
		}
		list = append(list, target{"direct", upstream, true})
	}
	return list, nil
}

// address reads a URL. The errors do not repeat it: it may hold a password.
func (f flight) address(flag, text string) (*url.URL, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Scheme != "ws" && u.Scheme != "wss" || u.Hostname() == "":
		return nil, fmt.Errorf("%s: write ws://HOST/PATH or wss://HOST/PATH", flag)
	case u.User != nil:
		return nil, fmt.Errorf("%s: holds a user or password; leave them out", flag)
	case strings.Contains(text, "#"):
		return nil, fmt.Errorf("%s: a WebSocket has no fragment; leave it out", flag)
	}
	for name := range u.Query() {
		if f.way.protocol == "livestore" && slices.Contains([]string{"storeId", "payload", "transport"}, name) {
			return nil, fmt.Errorf("%s: holds %s, which the canary sets itself; use --store", flag, name)
		}
	}
	return u, nil
}

// tryAll makes every attempt at every target, all at once: the time they take
// together is that of the slowest.
func tryAll(ctx context.Context, targets []target, list []forgery, f flight) attempts {
	store := or(f.store, "syncward-canary")
	all := make(attempts, len(targets)*len(list))
	var running sync.WaitGroup
	for i := range all {
		t, forged := targets[i/len(list)], list[i%len(list)]
		running.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, f.timeout)
			defer cancel()
			all[i] = judged(t, forged, f.way.question(*t.url, store, forged.token).ask(ctx))
		})
	}
	running.Wait()
	return all
}
