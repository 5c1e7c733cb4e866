package main

import (
	"strings"
	"testing"
)

const end = `{"Action":"end"}`

func TestTheLastLineIsTheSumAndTheStatusIsHonest(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream string
		ci, ok bool
		want   string // last line
		shows  string // somewhere before it
	}{
		{
			"passes", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Elapsed":1}
` + end, true, true, "1 passed, 0 failed, 0 skipped", "pass p (1 tests, 1.0 s)",
		},
		{
			"a test counts through its subtests", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"run","Package":"p","Test":"A/y"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"output","Package":"p","Test":"A/y","Output":"why it failed\n"}
{"Action":"fail","Package":"p","Test":"A/y"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
` + end, false, false, "1 passed, 1 failed, 0 skipped", "    why it failed\n",
		},
		{
			"a test that fails beside its passing subtest", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"run","Package":"p","Test":"A/x"}
{"Action":"pass","Package":"p","Test":"A/x"}
{"Action":"fail","Package":"p","Test":"A"}
{"Action":"fail","Package":"p"}
` + end, false, false, "1 passed, 1 failed, 0 skipped", "FAIL p A\n",
		},
		{
			"a package that does not build", `{"Action":"build-output","ImportPath":"q","Output":"q.go:1: bad\n"}
{"Action":"build-fail","ImportPath":"q"}
{"Action":"fail","Package":"q","FailedBuild":"q"}
{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
` + end, false, false, "1 passed, 1 failed, 0 skipped", "q.go:1: bad\n",
		},
		{
			"a panic leaves a test without an end", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"A","Output":"panic: no\n"}
{"Action":"fail","Package":"p"}
` + end, false, false, "0 passed, 1 failed, 0 skipped", "panic: no",
		},
		{
			"a package fails after its tests passed", `{"Action":"run","Package":"p","Test":"A"}
{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Output":"exit status 66\n"}
{"Action":"fail","Package":"p"}
` + end, false, false, "1 passed, 1 failed, 0 skipped", "exit status 66",
		},
		{"nothing ran", end, false, false, "0 passed, 0 failed, 0 skipped", "no test ran"},
		{
			"a skip is forgiven on a desk, but shown", `{"Action":"pass","Package":"p","Test":"A"}
{"Action":"output","Package":"p","Test":"B","Output":"no kernel for it\n"}
{"Action":"skip","Package":"p","Test":"B"}
` + end, false, true, "1 passed, 0 failed, 1 skipped", "SKIP p B\n    no kernel for it\n",
		},
		{
			"a skip is not forgiven in CI", `{"Action":"pass","Package":"p","Test":"A"}
{"Action":"skip","Package":"p","Test":"B"}
` + end, true, false, "1 passed, 0 failed, 1 skipped", "skipped, which CI=true forbids",
		},
		{"a stream that breaks off", `{"Action":"pass","Package":"p","Test":"A"}`, false, false, "1 passed, 0 failed, 0 skipped", "before their end"},
		{
			"a step with a bad status", `{"Action":"pass","Package":"p","Test":"A"}
go: go.mod is broken
{"Action":"step","Name":"unit","Status":1}
` + end, false, false, "1 passed, 0 failed, 0 skipped", "go: go.mod is broken\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := run(strings.NewReader(c.stream), &out, c.ci)
			if err != nil || ok != c.ok {
				t.Errorf("ok is %v, %v; want %v", ok, err, c.ok)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if last := lines[len(lines)-1]; last != c.want {
				t.Errorf("last line %q, want %q", last, c.want)
			}
			if !strings.Contains(out.String(), c.shows) {
				t.Errorf("%q is not in\n%s", c.shows, out.String())
			}
		})
	}
}
