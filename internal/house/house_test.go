package house_test

import (
	"os"
	"path/filepath"
	"testing"
)

// finding is one breach of a rule.
type finding struct {
	where string // path or path:line
	what  string // what is wrong there
	why   string // why the house minds
	mend  string // what to do about it
}

// rule is one rule of the house.
type rule struct {
	name  string
	check func(*tree) []finding
	// figures says, where set, how far the budget is used.
	figures func(*tree) string
}

// rules are all rules, in the order in which a newcomer meets them.
var rules = []rule{
	{name: "layers: who may import whom", check: layering},
	{name: "layers: what comes from outside, and where", check: foreignImports},
	{name: "layers: observe uses names of others, not their code", check: observeCallsNobody},
	{name: "comments: one package comment each", check: packageComments},
	{name: "comments: every export is documented", check: exportComments},
	{name: "sizes: files", check: fileSizes, figures: fileFigures},
	{name: "sizes: functions", check: functionSizes, figures: functionFigures},
	{name: "sizes: exports of a package", check: exportCounts, figures: exportFigures},
	{name: "dependencies: few, each with a reason", check: dependencies, figures: dependencyFigures},
	{name: "decisions: short and numbered", check: decisions},
	{name: "words: no machine, no registry", check: words},
	{name: "format: gofmt", check: formatted},
}

func TestHouse(t *testing.T) {
	tr, err := load(os.DirFS(root(t)))
	if err != nil {
		t.Fatal(err)
	}
	if len(tr.sources) < 10 {
		t.Fatalf("only %d Go files found: the tests look at the wrong place", len(tr.sources))
	}
	for _, r := range rules {
		t.Run(r.name, func(t *testing.T) {
			for _, f := range r.check(tr) {
				t.Errorf("%s: %s\n\twhy:  %s\n\tmend: %s", f.where, f.what, f.why, f.mend)
			}
			if r.figures != nil {
				t.Log(r.figures(tr))
			}
		})
	}
}

// root returns the repository's root: the nearest directory above with a go.mod.
func root(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			return dir
		}
		if filepath.Dir(dir) == dir {
			break
		}
		dir = filepath.Dir(dir)
	}
	t.Fatalf("no go.mod above the test (%v)", err)
	return ""
}
