package rig

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

func TestATokenIsFoundHoweverItIsHidden(t *testing.T) {
	const token = "eyJhbGciOiJI.eyJzdWIiOiJ1.c2lnbmF0dXJl"
	everyByte := func(s string) string {
		var b strings.Builder
		for _, c := range []byte(s) {
			fmt.Fprintf(&b, "%%%02x", c)
		}
		return b.String()
	}
	for name, haystack := range map[string]string{
		"raw":                 "x" + token + "y",
		"header alone":        "GET /?a=eyJhbGciOiJI",
		"claims alone":        "eyJzdWIiOiJ1",
		"signature alone":     "..c2lnbmF0dXJl",
		"encoded":             "%zz" + everyByte("eyJzdWIiOiJ1"),
		"encoded twice":       url.QueryEscape(everyByte("eyJzdWIiOiJ1")),
		"behind a bad escape": "100%" + everyByte("c2lnbmF0dXJl") + "%4",
	} {
		if leaked(haystack, token) == "" {
			t.Errorf("%s: not found in %q", name, haystack)
		}
	}
	if part := leaked("GET /?payload=%257B%257D eyJhbGciOiJ", token); part != "" {
		t.Errorf("found %q where there is none", part)
	}
}
