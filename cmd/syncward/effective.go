package main

import (
	"fmt"
	"os"
	"strings"
)

// origin says where an effective value comes from.
type origin string

// The closed list of origins.
const (
	fromDefault origin = "default"
	fromEnviron origin = "environment"
	fromFile    origin = "file"
	fromFlags   origin = "flags file"
)

// setting is one variable as it is in force; the value of a secret is only
// its length.
type setting struct {
	Variable string `json:"variable"`
	Value    string `json:"value"`
	Origin   origin `json:"origin"`
}

// effective returns every variable that this version knows to use, in the
// order of the table, and those it does not where they are set.
func (c *config) effective() []setting {
	var list []setting
	for _, v := range variables {
		s := setting{v.Name, v.Default, fromDefault}
		if c.environ.set(v.Name) {
			s.Value, s.Origin = c.environ[v.Name], fromEnviron
		}
		twin := v.Name + "_FILE"
		switch {
		case v.Later && s.Origin == fromDefault && !(v.Twin && c.environ.set(twin)):
			continue
		case v.Secret:
			c.redact(v, &s)
		default:
			c.derive(&s)
		}
		list = append(list, s)
		if v.Twin && c.environ.set(twin) {
			list = append(list, setting{twin, shownPath(c.environ[twin]), fromEnviron})
		}
	}
	return list
}

// redact puts a secret's length in the place of its value.
func (c *config) redact(v variable, s *setting) {
	n := len(s.Value)
	if v.Twin && s.Origin == fromDefault && c.environ.set(v.Name+"_FILE") {
		s.Origin = fromFile
		b, _ := readFile(c.environ[v.Name+"_FILE"])
		n = len(trimNewline(b))
	}
	switch {
	case n > 0:
		s.Value = redacted(n)
	case v.Name == "IDENTITY_KEY":
		s.Value = "(ephemeral Ed25519)"
	default:
		s.Value = ""
	}
}

// redacted stands for a value of n bytes that is not shown.
func redacted(n int) string { return fmt.Sprintf("(set, %d bytes)", n) }

// shownPath shows a path only where there is a file: somebody may have written
// the secret itself into the _FILE variable.
func shownPath(path string) string {
	if _, err := os.Stat(path); err != nil {
		return redacted(len(path))
	}
	return path
}

// derive puts what others decide in the place of what was written: the flags
// file, the mode's second variable, the protocol, development.
func (c *config) derive(s *setting) {
	flag := func(set bool, value any) {
		if set {
			s.Value, s.Origin = fmt.Sprint(value), fromFlags
		}
	}
	switch s.Variable {
	case "UPSTREAM_URL":
		if s.Value != "" && c.Upstream.Address == "" { // faulted: it may hold a password
			s.Value = redacted(len(s.Value))
		}
	case "AUTH_MODE":
		if s.Origin == fromDefault {
			s.Value = c.Mode.String()
			if c.environ.set("REQUIRE_AUTH") || c.environ.set("DEV_MODE") {
				s.Origin = fromEnviron
			}
		}
		flag(c.Flags.AuthMode != nil, c.startMode())
	case "ENFORCE_PERCENT":
		flag(c.Flags.EnforcePercent != nil, deref(c.Flags.EnforcePercent))
	case "LOG_LEVEL":
		flag(c.Flags.LogLevel != nil, deref(c.Flags.LogLevel))
	case "ANONYMOUS_USER_ID":
		s.Value = c.AnonymousUserID
	case "TOKEN_SOURCES":
		s.Value = strings.ReplaceAll(words(c.Sources), ", ", ",")
	case "REJECT_MODE":
		s.Value = map[bool]string{true: "http", false: "close"}[c.RejectHTTP]
	case "CLOSE_CODES":
		s.Value = c.CloseCodeStyle
	case "NATS_CREDS_FILE":
		if s.Value != "" {
			s.Value = shownPath(s.Value)
		}
	case "DRAIN_SOCKET":
		s.Value = c.drainSocket()
	case "USER_ID_HEADER":
		s.Value = c.names().UserIDHeader()
	case "JWT_ALGORITHMS":
		if s.Value == "" {
			s.Value = strings.Join(c.served(), ",")
		}
	case "JWT_JWKS_URL":
		if s.Value != "" && c.JWTJWKSURL == "" { // faulted: it may hold a password
			s.Value = redacted(len(s.Value))
		} else {
			s.Value = c.shownJWKS()
		}
	}
}

// deref returns what p points to, the zero value for nil.
func deref[T any](p *T) T {
	if p == nil {
		return *new(T)
	}
	return *p
}
