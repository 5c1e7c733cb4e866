package main

import (
	"strings"

	"github.com/syncward/syncward/authz"
)

// devUser is who everybody is in development, unless said otherwise.
const devUser = "dev-user"

// modeOf returns the mode by the variables: AUTH_MODE before REQUIRE_AUTH.
// What is no mode was faulted by its closed list.
func (c *config) modeOf() authz.Mode {
	if mode, err := authz.ParseMode(c.AuthMode); err == nil {
		return mode
	}
	if c.DevMode || !c.RequireAuth {
		return authz.Observe
	}
	return authz.Enforce
}

// startMode is the mode that the start is judged by: the flags file's, where
// it has one.
func (c *config) startMode() authz.Mode {
	if c.Flags.AuthMode != nil {
		return *c.Flags.AuthMode
	}
	return c.Mode
}

// checkMode faults contradictions between the variables of the mode, and warns
// of every mode that lets unauthenticated users in.
func checkMode(c *config, r *report) {
	if c.environ.set("AUTH_MODE") && c.environ.set("REQUIRE_AUTH") && (c.modeOf() == authz.Enforce) != c.RequireAuth {
		r.fault("AUTH_MODE", "says %s, but REQUIRE_AUTH says %t; unset REQUIRE_AUTH", c.AuthMode, c.RequireAuth)
	}
	percent := c.EnforcePercent
	if percent < 0 || percent > 100 {
		r.fault("ENFORCE_PERCENT", "%d is no percentage; write a whole number from 0 to 100", percent)
	}
	if c.Flags.EnforcePercent != nil {
		percent = *c.Flags.EnforcePercent
	}
	switch mode := c.startMode(); {
	case mode == authz.Observe:
		r.warn("AUTH_MODE", "observe: nobody is refused, connections without a valid token are admitted as %s", c.AnonymousUserID)
	case mode == authz.Off:
		r.warn("AUTH_MODE", "off: nothing is inspected, tokens go to the upstream as they came")
	case percent < 100:
		r.warn("ENFORCE_PERCENT", "%d: only that share of users is enforced; below 100 it protects nothing", percent)
	}
	r.Disagreements = append(r.Disagreements, c.disagreements(c.Flags)...)
}

// checkDevMode keeps development from being mistaken for protection.
func checkDevMode(c *config, r *report) {
	if !visibleUserID(c.AnonymousUserID) {
		r.fault("ANONYMOUS_USER_ID", "is no userId; write 1 to 256 visible ASCII characters")
	}
	if !c.DevMode {
		return
	}
	if !loopback(c.ListenAddr) && !c.InsecureDevModeAnywhere {
		r.fault("DEV_MODE", "is refused, since LISTEN_ADDR is not loopback; write LISTEN_ADDR=127.0.0.1:8080, or unset DEV_MODE")
	}
	switch {
	case c.environ.set("AUTH_MODE") && c.AuthMode != authz.Observe.String():
		r.fault("DEV_MODE", "means observe, but AUTH_MODE says %q; unset one of them", c.AuthMode)
	case c.environ.set("REQUIRE_AUTH") && c.RequireAuth:
		r.fault("DEV_MODE", "means observe, but REQUIRE_AUTH says true; unset one of them")
	}
	r.warn("DEV_MODE", "true: nobody is refused, connections without a valid token are %s; never for production", c.AnonymousUserID)
}

// visibleUserID tells whether s has the shape that every userId has.
func visibleUserID(s string) bool {
	return len(s) >= 1 && len(s) <= 256 && strings.IndexFunc(s, func(c rune) bool { return c <= ' ' || c > '~' }) < 0
}
