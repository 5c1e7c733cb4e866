package house_test

import (
	"bytes"
	"fmt"
	"go/format"
	"regexp"
	"strings"
)

// word is what no file of the repository may hold.
type word struct {
	pattern   *regexp.Regexp
	what, why string
	mend      string
}

// forbidden is put together from pieces: written out, the list would find itself.
var forbidden = []word{
	{anyOf(`(?:^|[^\w.\-/])(?:file:/`+`/|unix:/`+`/)?/(?:`, `)/`, "wo"+"rk", "ro"+"ot", "tm"+"p", "ho"+"me"),
		"a path of some machine", "it exists on one machine, for one person",
		"take a path relative to the repository, a test's own temporary directory or a variable"},
	{anyOf(`\.\./(?:`, `)\b`, "sha"+"red"),
		"a folder outside the repository", "a clone does not have it", "say it here, in our own words"},
	{anyOf(`(?i)\b(?:`, `)\b`,
		"registry"+`\.npmjs\.`+"org", "registry"+`\.yarnpkg\.`+"com", "proxy"+`\.golang\.`+"org", "sum"+`\.golang\.`+"org",
		"deb"+`\.debian\.`+"org", "security"+`\.debian\.`+"org", "archive"+`\.ubuntu\.`+"com", "pypi"+`\.`+"org", "files"+`\.pythonhosted\.`+"org"),
		"the host of a package registry", "which registry or mirror serves a package is the builder's choice",
		"name the package and let the client's own configuration find it (npm: omit-lockfile-registry-resolved=true)"},
}

// anyOf compiles head, one of the alternatives, tail.
func anyOf(head, tail string, alternatives ...string) *regexp.Regexp {
	return regexp.MustCompile(head + strings.Join(alternatives, "|") + tail)
}

// words: no file holds a forbidden word, nor its path.
func words(tr *tree) (out []finding) {
	for _, f := range tr.files {
		for _, w := range forbidden {
			n := 0
			for line := range bytes.Lines(f.text) {
				n++
				if w.pattern.Match(line) {
					out = append(out, finding{fmt.Sprintf("%s:%d", f.path, n), fmt.Sprintf("%s: %q", w.what, w.pattern.Find(line)), w.why, w.mend})
				}
			}
		}
	}
	return out
}

// formatted: gofmt has nothing to say.
func formatted(tr *tree) (out []finding) {
	for _, s := range tr.sources {
		if want, err := format.Source(s.text); err != nil || !bytes.Equal(want, s.text) {
			out = append(out, finding{s.path, "is not as gofmt writes it", "a diff shows what changed, and nothing else", "make fmt"})
		}
	}
	return out
}
