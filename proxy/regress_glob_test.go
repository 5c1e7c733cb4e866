package proxy

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

func TestRegressPublicPathsMatchWhatTheirGlobsSay(t *testing.T) {
	for _, row := range []struct {
		glob, path string
		want       bool
	}{
		{"/a", "/a", true}, {"/a", "/a/", false}, {"/a", "/b", false}, {"/a", "/A", false}, {"", "", true}, {"", "/", false},
		{"/public/*", "/public/", true}, {"/public/*", "/public/a.js", true}, {"/public/*", "/public/a/b", false},
		{"/public/*", "/public", false}, {"/public/*", "/public/a%2fsecret", false}, {"/public/*", "/public/a%2Fsecret", false},
		{"/public/**", "/public/a%2fb", true}, {"/public/**", "/publics", false}, {"/**", "/", true}, {"**", "/a/b", true},
		{"/*.js", "/a.js", true}, {"/*.js", "/a.js.map", false}, {"/*.js", "/a.js.js", true}, {"/*/b", "/a/b", true}, {"/*/b", "/a/a/b", false},
		{"/a*b*c", "/axbxbc", true}, {"/a*b*c", "/axbxb/c", false}, {"/**/*.css", "/x/y/z.css", true}, {"/**/*.css", "/x/y/z.cs", false},
		{"/**/a/**/b", "/a/a/b", false}, {"/**/a/**/b", "/x/a/y/b", true}, {"/a/**/b", "/a/b", false}, {"/a***b", "/a/x/b", true},
		{"/?", "/a", false}, {"/[a]", "/a", false},
	} {
		if got := pathMatches(row.glob, row.path); got != row.want {
			t.Errorf("%s matches %s: %v", row.glob, row.path, got)
		}
	}
}

// slowMatch is pathMatches as its definition reads, and as slow as that is.
func slowMatch(glob, path string) bool {
	if glob == "" {
		return path == ""
	}
	if rest, deep := strings.CutPrefix(glob, "**"); deep {
		return slowMatch(rest, path) || path != "" && slowMatch(glob, path[1:])
	}
	if glob[0] == '*' {
		return slowMatch(glob[1:], path) || path != "" && path[0] != '/' && slowMatch(glob, path[1:])
	}
	return path != "" && path[0] == glob[0] && slowMatch(glob[1:], path[1:])
}

func TestRegressQuickMatchingFindsWhatSlowMatchingFinds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	some := func(of string, n int) string {
		b := make([]byte, random.IntN(n))
		for i := range b {
			b[i] = of[random.IntN(len(of))]
		}
		return string(b)
	}
	matched := 0
	for range 200_000 {
		glob, path := some("ab/**", 10), some("aab/", 12)
		want := slowMatch(glob, path)
		if got := pathMatches(glob, path); got != want {
			t.Fatalf("%q matches %q: %v, not %v", glob, path, got, want)
		}
		if want {
			matched++
		}
	}
	if matched < 10_000 {
		t.Errorf("only %d of the pairs matched", matched)
	}
}

func TestRegressHostilePathsAreCheap(t *testing.T) {
	done := make(chan bool)
	go func() {
		defer close(done)
		for glob, path := range map[string]string{
			strings.Repeat("/**/a", 20) + "/b": strings.Repeat("/a", 1000), strings.Repeat("*a", 30) + "b": strings.Repeat("a", 2000),
			strings.Repeat("**a*", 20) + "b": strings.Repeat("a", 2000),
		} {
			if pathMatches(glob, path) {
				t.Errorf("%s matches", glob)
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second): // a safety net: the naive way takes years
		t.Fatal("a path takes for ever")
	}
	if pathMatches("/**", "/"+strings.Repeat("a", maxPublicPath)) {
		t.Error("a path of any length is looked at")
	}
}
