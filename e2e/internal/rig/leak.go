package rig

import (
	"net/url"
	"strings"
	"testing"
)

// NoToken fails the test if haystack holds token or one of its three parts:
// as it is, or percent-encoded once or twice in any spelling.
func NoToken(t testing.TB, where, haystack, token string) {
	t.Helper()
	if part := leaked(haystack, token); part != "" {
		t.Errorf("%s holds a part of the token (%d bytes of it)", where, len(part))
	}
}

// leaked returns the part of token that haystack holds, "" where none.
func leaked(haystack, token string) string {
	for range 3 {
		for part := range strings.SplitSeq(token, ".") {
			if part != "" && strings.Contains(haystack, part) {
				return part
			}
		}
		haystack = percentDecode(haystack)
	}
	return ""
}

// percentDecode decodes every %XX that is one and leaves the rest alone:
// url.QueryUnescape gives up at the first bad escape, and bytes from a wire
// have such.
func percentDecode(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+3 <= len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				b.WriteString(c)
				i += 2
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
