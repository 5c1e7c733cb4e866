package observe_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/syncward/syncward/observe"
)

func TestLabelListsHoldExactlyTheConstantsTheyMirror(t *testing.T) {
	dirs := map[string]string{"authz": "../authz", "proxy": "../proxy", "engine": "../proxy/engine", "observe": "."}
	for name, got := range observe.Lists() {
		pkg, typ, _ := strings.Cut(name, " ")
		want := constants(t, dirs[pkg], typ)
		slices.Sort(got)
		if len(want) == 0 || !slices.Equal(got, want) {
			t.Errorf("%s.%s: the list holds %q, the package declares %q", pkg, typ, got, want)
		}
	}
}

// constants returns the sorted values of the constants of one type in a
// directory: what a string constant says, the ordinal of an iota one.
func constants(t *testing.T, dir, typ string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no Go files in %s (%v)", dir, err)
	}
	var out []string
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if g, ok := d.(*ast.GenDecl); ok && g.Tok == token.CONST {
				out = append(out, ofType(g, typ)...)
			}
		}
	}
	slices.Sort(out)
	return out
}

// ofType returns the values of a const block's members of type typ.
func ofType(g *ast.GenDecl, typ string) []string {
	var out []string
	current := ""
	for i, s := range g.Specs {
		v := s.(*ast.ValueSpec)
		if id, ok := v.Type.(*ast.Ident); ok {
			current = id.Name
		} else if len(v.Values) > 0 {
			current = ""
		}
		if current != typ {
			continue
		}
		value := strconv.Itoa(i)
		if len(v.Values) > 0 {
			if lit, ok := v.Values[0].(*ast.BasicLit); ok {
				value, _ = strconv.Unquote(lit.Value)
			}
		}
		out = append(out, value)
	}
	return out
}
