package proxy

import "strings"

// originAllowed tells whether a browser page of origin may connect. Entries are
// exact origins, or https://*.example.com for exactly one label in that place.
// An empty list allows any; with a list an absent Origin is allowed (it is no
// browser, so there is no ambient credential to ride on), "null" is not.
func originAllowed(origins []string, allowed []string) bool {
	if len(allowed) == 0 || len(origins) == 0 {
		return true
	}
	if len(origins) != 1 {
		return false
	}
	for _, a := range allowed {
		if originMatches(origins[0], a) {
			return true
		}
	}
	return false
}

func originMatches(origin, pattern string) bool {
	before, after, wild := strings.Cut(pattern, "://*.")
	if !wild {
		return strings.EqualFold(origin, pattern)
	}
	scheme, host, ok := strings.Cut(origin, "://")
	if !ok || !strings.EqualFold(scheme, before) {
		return false
	}
	label, rest, ok := strings.Cut(host, ".")
	return ok && isLabel(label) && strings.EqualFold(rest, after)
}

// isLabel tells whether s is one label of a host name; userinfo, ports and
// further dots are not.
func isLabel(s string) bool {
	if s == "" || len(s) > 63 {
		return false
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_') {
			return false
		}
	}
	return true
}
