package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy"
)

// profile is what a protocol brings where nothing is said: its row in the
// documentation.
type profile struct {
	sources []proxy.Source // default TOKEN_SOURCES
	never   []proxy.Source // sources that it has not
	reject  string         // default REJECT_MODE
	codes   string         // default CLOSE_CODES
}

// profileOf returns a protocol's profile; one of another name is json's, its
// fault is reported elsewhere.
func profileOf(protocol string) profile {
	switch protocol {
	case "livestore":
		return profile{[]proxy.Source{proxy.SourcePayload, proxy.SourceHeader}, []proxy.Source{proxy.SourceFrame}, "http", "http"}
	case "graphql-ws":
		return profile{[]proxy.Source{proxy.SourceFrame, proxy.SourceHeader, proxy.SourceSubprotocol}, []proxy.Source{proxy.SourcePayload}, "close", "graphql-ws"}
	case "hocuspocus":
		return profile{[]proxy.Source{proxy.SourceFrame, proxy.SourceHeader}, []proxy.Source{proxy.SourcePayload}, "close", "http"}
	case "opaque":
		return profile{[]proxy.Source{proxy.SourceHeader, proxy.SourceSubprotocol}, []proxy.Source{proxy.SourceFrame, proxy.SourcePayload}, "http", "http"}
	}
	return profile{[]proxy.Source{proxy.SourceFrame, proxy.SourceHeader, proxy.SourceSubprotocol}, []proxy.Source{proxy.SourcePayload}, "close", "http"}
}

// checkToken faults what says which tokens count.
func checkToken(c *config, r *report) {
	if slices.Contains(strings.Split(c.JWTUserClaim, "."), "") {
		r.fault("JWT_USER_CLAIM", "%q has an empty part; write the claim's path with dots, such as sub or user.id", c.JWTUserClaim)
	}
	switch {
	case c.JWTInstancesClaim == "":
	case slices.Contains(strings.Split(c.JWTInstancesClaim, "."), ""):
		r.fault("JWT_INSTANCES_CLAIM", "%q has an empty part; write the claim's path with dots, such as stores or sync.stores", c.JWTInstancesClaim)
	case c.Protocol == "opaque" || c.Protocol == "graphql-ws":
		r.fault("JWT_INSTANCES_CLAIM", "is set, but PROTOCOL=%s names no instance to hold against it; unset it, or choose another PROTOCOL", c.Protocol)
	}
	if strings.EqualFold(strings.TrimPrefix(strings.ToLower(c.JWTType), "application/"), identity.Type) {
		r.fault("JWT_TYPE", "is the type of Syncward's own assertions, which are no tokens; name the type of your tokens")
	}
	if c.JWTIssuer != "" && c.JWTIssuer == c.IdentityIssuer {
		r.fault("JWT_ISSUER", "equals IDENTITY_ISSUER, so an assertion could be taken for a token; set another IDENTITY_ISSUER")
	}
	var err error
	if c.TokenPointer, err = payload.ParsePointer(c.TokenField); err != nil {
		r.fault("TOKEN_FIELD", "%q is no JSON Pointer to a field; write one such as /authToken or /auth/token (~0 for ~, ~1 for /)", c.TokenField)
	}
	if c.Protocol == "hocuspocus" && c.environ.set("TOKEN_FIELD") {
		r.fault("TOKEN_FIELD", "is set, but PROTOCOL=hocuspocus has one place for a token, and it is no field; unset it")
	}
	if !httpToken(c.TokenCookie) {
		r.fault("TOKEN_COOKIE", "%q is no cookie name; use letters, digits, - and _", c.TokenCookie)
	}
	if strings.ContainsFunc(c.TokenQuery, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("&=#;%+", r) }) {
		r.fault("TOKEN_QUERY", "%q is no plain parameter name; use letters, digits, - and _", c.TokenQuery)
	}
	if strings.ContainsFunc(c.UpstreamAuthToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		r.fault("UPSTREAM_AUTH_TOKEN", "holds a space, a control character or one beyond ASCII; write visible ASCII only")
	}
}

// checkSources faults sources that the protocol has not, or that are unsafe as
// they stand, and fills in what the protocol brings.
func checkSources(c *config, r *report) {
	const name = "TOKEN_SOURCES"
	p := profileOf(c.Protocol)
	c.Sources = p.sources
	if c.environ.set(name) {
		c.Sources = nil
		for _, word := range c.TokenSources {
			s := proxy.Source(word)
			switch {
			case slices.Contains(c.Sources, s):
				r.fault(name, "names %q twice; name it once", word)
			case slices.Contains(p.never, s):
				r.fault(name, "names %q, which PROTOCOL=%s has not; use %s", word, c.Protocol, words(p.has()))
			}
			c.Sources = append(c.Sources, s)
		}
	}
	if slices.Contains(c.Sources, proxy.SourceCookie) && len(c.AllowedOrigins) == 0 {
		r.fault(name, "names cookie, but ALLOWED_ORIGINS is not set: any page could connect as its visitor; set ALLOWED_ORIGINS")
	}
	taken := []string{"storeId", "payload", "transport"}
	if c.Protocol == "livestore" && slices.Contains(c.Sources, proxy.SourceQuery) && slices.Contains(taken, c.TokenQuery) {
		r.fault("TOKEN_QUERY", "%q is a parameter of LiveStore's own; choose another name", c.TokenQuery)
	}
	c.RejectHTTP = or(c.RejectMode, p.reject) == "http"
	c.CloseCodeStyle = or(c.CloseCodes, p.codes)
}

// has returns the sources that the protocol knows.
func (p profile) has() []proxy.Source {
	all := []proxy.Source{
		proxy.SourceFrame, proxy.SourcePayload, proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceCookie, proxy.SourceQuery,
	}
	return slices.DeleteFunc(all, func(s proxy.Source) bool { return slices.Contains(p.never, s) })
}

func words[T ~string](list []T) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ", "), "[]")
}

// or returns s, or def where s is empty.
func or(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// httpToken tells whether s is a token (RFC 9110 §5.6.2).
func httpToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r > '~' || strings.ContainsRune(`()<>@,;:\"/[]?={}`, r)
	})
}
