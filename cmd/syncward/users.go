package main

import (
	"context"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/directory"
	"github.com/syncward/syncward/proxy"
)

// judge decides on a token.
type judge func(ctx context.Context, token string) authz.Decision

// users returns the directory of the configuration; nil: there is none, or its
// URL has a fault, with which only mode off starts.
func (c *config) users(hooks proxy.Hooks) *directory.Directory {
	o := directory.Options{
		URL: c.UserDirectoryURL, Timeout: c.UserDirectoryTimeout, TTL: c.UserDirectoryTTL,
		AllowOnFailure: c.UserDirectoryFailure == "allow", BreakerFailures: c.BreakerFailures, BreakerOpen: c.BreakerOpen,
	}
	if hooks.Breaker != nil {
		o.Breaker = func(s directory.State) { hooks.Breaker("directory", proxy.BreakerState(s)) }
	}
	if hooks.Fault != nil {
		o.Fault = func(err error) { hooks.Fault("", "directory", err) }
	}
	users, _ := directory.New(o)
	return users
}

// asking has each user whom j admits looked up as well. What mode off let start
// with a fault admits nobody after a flip, rather than everybody.
func (c *config) asking(users *directory.Directory, j judge) judge {
	switch {
	case c.UserDirectoryURL == "":
		return j
	case users == nil:
		return func(context.Context, string) authz.Decision {
			return authz.Refuse(authz.AuthUnavailable, authz.ReasonDirectory)
		}
	}
	return func(ctx context.Context, token string) authz.Decision { return users.Judge(ctx, j(ctx, token)) }
}

// checkUsers faults a URL that cannot be asked. In mode off no directory can
// stop the start.
func checkUsers(c *config, r *report) {
	if c.UserDirectoryURL == "" {
		return
	}
	if _, err := directory.New(directory.Options{URL: c.UserDirectoryURL}); err != nil {
		c.keyFault(r, "USER_DIRECTORY_URL", err.Error())
	}
	if c.UserDirectoryFailure == "allow" {
		r.warn("USER_DIRECTORY_FAILURE", "allow: deleted users come in while the directory does not answer")
	}
}

// probeUsers asks about a user whom nobody knows.
func probeUsers(ctx context.Context, c *config) probe {
	const name = "directory"
	users := c.users(proxy.Hooks{})
	switch {
	case c.UserDirectoryURL == "":
		return probe{name, true, "none configured"}
	case c.startMode() == authz.Off:
		return probe{name, true, "not asked in mode off"}
	case users == nil:
		return probe{name, false, "cannot be asked; see USER_DIRECTORY_URL"}
	}
	defer users.Close()
	if err := users.Check(ctx); err != nil {
		return probe{name, false, plain(err) + "; see USER_DIRECTORY_URL"}
	}
	return probe{name, true, "answers"}
}
