package main

import (
	"net/netip"
	"net/url"
	"path"
	"strings"

	"github.com/syncward/syncward/identity"
)

// checkAccess faults the lists that say who may come, from where, to what.
func checkAccess(c *config, r *report) {
	for _, s := range c.TrustedProxies {
		p, err := netip.ParsePrefix(s)
		switch {
		case err != nil:
			r.fault("TRUSTED_PROXIES", "%q is no CIDR; write 10.0.0.0/8, or 10.1.2.3/32 for one address", s)
		case p != p.Masked():
			r.fault("TRUSTED_PROXIES", "%q has bits behind its mask; write %s", s, p.Masked())
		default:
			c.TrustedRanges = append(c.TrustedRanges, p)
			if p.Bits() == 0 {
				r.warn("TRUSTED_PROXIES", "%s is everybody: each client names its own address", s)
			}
		}
	}
	for _, s := range c.AllowedOrigins {
		if mend := originFault(s); mend != "" {
			r.fault("ALLOWED_ORIGINS", "%q is no origin; %s", s, mend)
		}
	}
	for _, s := range c.PublicPaths {
		if !globOK(s) {
			r.fault("PUBLIC_PATHS", "%q is no glob of paths; begin with /, use * and **, leave out queries, empty and dot segments", s)
		} else if s == "/**" {
			r.warn("PUBLIC_PATHS", "%s is everything: no GET or HEAD request needs a token", s)
		}
	}
}

// originFault returns the mend of what is no origin (RFC 6454 §6.2) and no
// pattern of one; "" for a good one.
func originFault(s string) string {
	const form = "write https://app.example.com, https://*.example.com or http://localhost:3000"
	if s == "*" {
		return "unset ALLOWED_ORIGINS to allow any"
	}
	u, err := url.Parse(strings.Replace(s, "://*.", "://wildcard.", 1))
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", !validPort(u), strings.Contains(u.Host, "*"):
		return form
	case u.User != nil, u.Path != "", u.RawQuery != "", u.ForceQuery, strings.Contains(s, "#"):
		return "leave out everything but scheme, host and port"
	case u.Scheme == "https" && u.Port() == "443", u.Scheme == "http" && u.Port() == "80":
		return "leave out the port, browsers do not send the usual one"
	case strings.Contains(s, "://*.") && !strings.Contains(strings.TrimPrefix(u.Hostname(), "wildcard."), "."):
		return "a wildcard over a whole top-level domain is anybody; name the domain"
	}
	return ""
}

func globOK(s string) bool {
	clean := path.Clean(s)
	return strings.HasPrefix(s, "/") && (clean == s || clean+"/" == s) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`?#\%[]{}`, r) })
}

// checkIdentity faults names that the upstream could not trust.
func checkIdentity(c *config, r *report) {
	if !visibleUserID(c.IdentityIssuer) {
		r.fault("IDENTITY_ISSUER", "is no name; write 1 to 256 visible ASCII characters")
	}
	if !visibleUserID(c.IdentityAudience) {
		r.fault("IDENTITY_AUDIENCE", "is no name; write 1 to 256 visible ASCII characters")
	}
	const mend = "letters, digits and - only, and nothing that a request needs or that Syncward sets otherwise, such as X-Sync-"
	if err := (identity.Names{Prefix: c.IdentityHeaderPrefix}).Validate(); err != nil {
		r.fault("IDENTITY_HEADER_PREFIX", "%q cannot begin the identity headers; write %s", c.IdentityHeaderPrefix, mend)
	} else if c.names().Validate() != nil {
		r.fault("USER_ID_HEADER", "%q cannot be a header of its own; write %sUser-Id", c.UserIDHeader, mend)
	}
}

// names returns the spelling of the identity headers. Where only the prefix
// was set, the userId's header follows it.
func (c *config) names() identity.Names {
	n := identity.Names{Prefix: c.IdentityHeaderPrefix}
	if c.environ.set("USER_ID_HEADER") {
		n.UserID = c.UserIDHeader
	}
	return n
}
