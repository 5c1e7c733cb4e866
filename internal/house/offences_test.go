package house_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"
)

// comment is a package comment that keeps the rule.
func comment(pkg, name string) string {
	return fmt.Sprintf("// %s %s does one thing.\n//\n//\tuse(it)\n//\n// It does not do another.\n", pkg, name)
}

// tidy is a small repository that keeps every rule.
func tidy() map[string]string {
	return map[string]string{
		".gitignore":                 "/bin/\nnode_modules/\n*.out\n",
		"go.mod":                     "module example.test/m\n\ngo 1.26\n\nrequire (\n\tgithub.com/sony/gobreaker/v2 v2.4.0 // indirect\n)\n",
		"cmd/syncward/main.go":       "// Syncward does one thing.\n//\n//\tsyncward serve\n//\n// It does not do another.\npackage main\n\nimport _ \"example.test/m/proxy\"\n\nfunc main() {}\n",
		"authz/authz.go":             comment("Package", "authz") + "package authz\n\n// Codes lists.\nfunc Codes() {}\n\n// Decide decides.\nfunc Decide() {}\n",
		"authz/code.go":              "package authz\n\n// Code is a code.\ntype Code string\n\n// The codes.\nconst (\n\tA Code = \"a\"\n\tB Code = \"b\"\n)\n",
		"proxy/proxy.go":             comment("Package", "proxy") + "package proxy\n\nimport (\n\t_ \"example.test/m/authz\"\n\t_ \"github.com/sony/gobreaker/v2\"\n)\n",
		"framing/framing.go":         comment("Package", "framing") + "package framing\n",
		"observe/observe.go":         comment("Package", "observe") + "package observe\n\nimport \"example.test/m/authz\"\n\nvar _ authz.Code\n\nfunc f() { authz.Codes() }\n",
		"docs/decisions/0001-few.md": "# Few\n\n`github.com/sony/gobreaker/v2`: breakers\n",
		"bench/go.mod":               "module example.test/bench\n",
		"bench/bench.go":             "package bench\n\nimport _ \"example.test/m/authz\"\n",
		".git":                       "gitdir: /ro" + "ot/x/.git/worktrees/y\n",
		"node_modules/x/x.go":        "not Go at all, nobody's business",
		"bin/syncward.py":            strings.Repeat("\n", maxFile+1),
		"framing/testdata/broken.go": "this neither",
		"framing/framing_test.go":    "package framing_test\n\nimport _ \"example.test/m/authz\"\n\n" + function(maxFunction+1),
		"authz/testdata/picture":     "\x00/ro" + "ot/x",
	}
}

// function returns a function of so many lines.
func function(lines int) string {
	return "func _() {\n" + strings.Repeat("\t_ = 0\n", lines-2) + "}\n"
}

// offences break one rule each: rule, the files that do it (over those of
// tidy), and a piece of what must be found.
var offences = []struct {
	rule, want string
	files      map[string]string
}{
	{"layers: who may import whom", "authz imports proxy", map[string]string{"authz/x.go": "package authz\n\nimport _ \"example.test/m/proxy\"\n"}},
	{"layers: who may import whom", "framing imports framing/json", map[string]string{"framing/x.go": "package framing\n\nimport _ \"example.test/m/framing/json\"\n"}},
	{"layers: who may import whom", "framing/a imports framing/b", map[string]string{"framing/a/x.go": "package a\n\nimport _ \"example.test/m/framing/b\"\n"}},
	{"layers: who may import whom", "proxy/engine imports authz", map[string]string{"proxy/engine/x.go": "package engine\n\nimport _ \"example.test/m/authz\"\n"}},
	{"layers: who may import whom", "proxy imports observe", map[string]string{"proxy/x.go": "package proxy\n\nimport _ \"example.test/m/observe\"\n"}},
	{"layers: who may import whom", "observe imports framing", map[string]string{"observe/x.go": "package observe\n\nimport _ \"example.test/m/framing\"\n"}},
	{"layers: who may import whom", "demo imports proxy", map[string]string{"demo/x.go": "package demo\n\nimport _ \"example.test/m/proxy\"\n"}},
	{"layers: who may import whom", "package misc is in no layer", map[string]string{"misc/x.go": "package misc\n"}},
	{"layers: what comes from outside, and where", "authz imports go.uber.org/zap/zapcore", map[string]string{"authz/x.go": "package authz\n\nimport _ \"go.uber.org/zap/zapcore\"\n"}},
	{"layers: what comes from outside, and where", "framing imports encoding/json", map[string]string{"framing/x.go": "package framing\n\nimport _ \"encoding/json\"\n"}},
	{"layers: what comes from outside, and where", "framing imports net", map[string]string{"framing/x.go": "package framing\n\nimport _ \"net\"\n"}},
	{"layers: what comes from outside, and where", "cmd/syncward imports log/slog", map[string]string{"cmd/syncward/x.go": "package main\n\nimport _ \"log/slog\"\n"}},
	{"layers: what comes from outside, and where", "proxy imports github.com/koding/websocketproxy", map[string]string{"proxy/x.go": "package proxy\n\nimport _ \"github.com/koding/websocketproxy\"\n"}},
	{"layers: observe uses names of others, not their code", "authz.Decide", map[string]string{"observe/x.go": "package observe\n\nimport a \"example.test/m/authz\"\n\nvar _ = a.Decide\n"}},
	{"comments: one package comment each", "0 package comments", map[string]string{"framing/framing.go": "package framing\n"}},
	{"comments: one package comment each", "2 package comments (authz/authz.go, authz/two.go)", map[string]string{"authz/two.go": "// Package authz again.\npackage authz\n"}},
	{"comments: one package comment each", "does not begin with", map[string]string{"framing/framing.go": "// This is it.\n//\n//\tuse(it)\n//\n// Not more.\npackage framing\n"}},
	{"comments: one package comment each", `does not begin with "Syncward "`, map[string]string{"cmd/syncward/main.go": comment("Package", "main") + "package main\n"}},
	{"comments: one package comment each", "shows no usage", map[string]string{"framing/framing.go": "// Package framing is not much.\npackage framing\n"}},
	{"comments: one package comment each", "does not say", map[string]string{"framing/framing.go": "// Package framing frames.\n//\n//\tuse(not)\npackage framing\n"}},
	{"comments: every export is documented", "Free is exported", map[string]string{"authz/x.go": "package authz\n\nfunc Free() {}\n"}},
	{"comments: every export is documented", "Do is exported", map[string]string{"authz/x.go": "package authz\n\n// T is one.\ntype T[K any] struct{}\n\nfunc (*T[K]) Do() {}\n"}},
	{"comments: every export is documented", "Limit is exported", map[string]string{"authz/x.go": "package authz\n\nconst Limit = 1\n"}},
	{"comments: every export is documented", "Bare is exported", map[string]string{"authz/x.go": "package authz\n\ntype Bare int\n"}},
	{"sizes: files", "501 lines", map[string]string{"client/src/x.ts": strings.Repeat("\n", maxFile+1)}},
	{"sizes: files", "501 lines", map[string]string{"authz/x_test.go": "package authz\n" + strings.Repeat("\n", maxFile)}},
	{"sizes: files", "the median Go file has", map[string]string{
		"authz/x.go": "package authz\n" + strings.Repeat("\n", maxMedian), "authz/y.go": "package authz\n" + strings.Repeat("\n", maxMedian),
		"authz/z.go": "package authz\n" + strings.Repeat("\n", maxMedian), "authz/v.go": "package authz\n" + strings.Repeat("\n", maxMedian),
		"authz/u.go": "package authz\n" + strings.Repeat("\n", maxMedian), "authz/w.go": "package authz\n" + strings.Repeat("\n", maxMedian),
		"authz/t.go": "package authz\n" + strings.Repeat("\n", maxMedian),
	}},
	{"sizes: functions", "_ has 61 lines", map[string]string{"authz/x.go": "package authz\n\n" + function(maxFunction+1)}},
	{"sizes: exports of a package", "26 exports", map[string]string{"framing/x.go": "package framing\n\n" + funcs(maxExports+1)}},
	{"dependencies: few, each with a reason", "no decision names `github.com/sony/gobreaker/v2`", map[string]string{"docs/decisions/0001-few.md": "gobreaker\n"}},
	{"dependencies: few, each with a reason", "no requirement in go.mod", map[string]string{"proxy/x.go": "package proxy\n\nimport _ \"gopkg.in/surprise\"\n"}},
	{"dependencies: few, each with a reason", "21 direct dependencies", many(maxDependencies)},
	{"decisions: short and numbered", "46 lines", map[string]string{"docs/decisions/0001-few.md": strings.Repeat("x\n", maxDecision+1)}},
	{"decisions: short and numbered", "does not begin with 0002-", map[string]string{"docs/decisions/0003-gap.md": "x\n"}},
	{"words: no machine, no registry", "a path of some machine", map[string]string{"x.sh": "cd /ro" + "ot/x\n"}},
	{"words: no machine, no registry", "a path of some machine", map[string]string{"x.yaml": "url: file:/" + "//wo" + "rk/main\n"}},
	{"words: no machine, no registry", "a folder outside", map[string]string{"x.md": "see ../sha" + "red/facts\n"}},
	{"words: no machine, no registry", "the host of a package registry", map[string]string{"package-lock.json": "https:/" + "/registry.npmjs" + ".org/x\n"}},
	{"format: gofmt", "is not as gofmt writes it", map[string]string{"bench/x.go": "package bench\nfunc  f() {}\n"}},
}

// many returns files that import so many modules more.
func many(n int) map[string]string {
	mod, imports := tidy()["go.mod"], ""
	for i := range n {
		mod += fmt.Sprintf("require example.test/d%d v1.0.0\n", i)
		imports += fmt.Sprintf("import _ \"example.test/d%d\"\n", i)
	}
	return map[string]string{"go.mod": mod, "proxy/x.go": "package proxy\n\n" + imports}
}

// funcs returns so many exported functions.
func funcs(n int) (text string) {
	for i := range n {
		text += fmt.Sprintf("func F%d() {}\n", i)
	}
	return text
}

// tidyWith returns tidy's tree with the files of an offence.
func tidyWith(t *testing.T, files map[string]string) *tree {
	t.Helper()
	all, fsys := tidy(), fstest.MapFS{}
	maps.Copy(all, files)
	for name, text := range all {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	tr, err := load(fsys)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestATidyRepositoryOffendsNoRule(t *testing.T) {
	tr := tidyWith(t, nil)
	for _, r := range rules {
		for _, f := range r.check(tr) {
			t.Errorf("%s: %s: %s", r.name, f.where, f.what)
		}
	}
}

func TestEachOffenceIsNoticedByItsRule(t *testing.T) {
	tested := map[string]bool{}
	for _, o := range offences {
		tested[o.rule] = true
		t.Run(o.rule+"/"+o.want, func(t *testing.T) {
			tr := tidyWith(t, o.files)
			for _, r := range rules {
				if r.name != o.rule {
					continue
				}
				for _, f := range r.check(tr) {
					if f.where == "" || f.why == "" || f.mend == "" {
						t.Errorf("a finding without place, reason or mend: %+v", f)
					}
					if strings.Contains(f.what, o.want) {
						return
					}
				}
			}
			t.Errorf("not noticed")
		})
	}
	for _, r := range rules {
		if !tested[r.name] {
			t.Errorf("rule %q has no offence: nobody knows whether it can fail", r.name)
		}
	}
}
