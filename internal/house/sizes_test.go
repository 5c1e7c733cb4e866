package house_test

import (
	"cmp"
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

const (
	maxFile      = 500 // lines, tests included: a long test is as hard to read
	maxMedian    = 150 // lines, over the product's Go files
	maxFunction  = 60  // lines, of the product; a table of cases may be longer
	exceptions   = 3   // per cent of the product's functions that may be longer
	maxExports   = 25
	whySizes     = "what fits on a screen is read; what does not is skimmed"
	code         = ".go .ts .tsx .js .mjs .py .sh"
	maxDecision  = 45
	decisionsDir = "docs/decisions/"
)

// exportBudgets are the packages that may export more, each with its reason.
var exportBudgets = map[string]struct {
	budget int
	why    string
}{
	"authz": {26, "five closed lists (Code, Reason, Status, Kind, Mode) stand here, since every other package speaks in them"},
}

// fileSizes: files stay short.
func fileSizes(tr *tree) (out []finding) {
	for _, f := range tr.files {
		if slices.Contains(strings.Fields(code), path.Ext(f.path)) && f.lines() > maxFile {
			out = append(out, finding{f.path, fmt.Sprintf("%d lines, %d are allowed", f.lines(), maxFile), whySizes,
				"split it by verb: one file for each thing it does"})
		}
	}
	if m := median(tr); m > maxMedian {
		out = append(out, finding{"product", fmt.Sprintf("the median Go file has %d lines, %d are allowed", m, maxMedian), whySizes,
			"one file for each verb"})
	}
	return out
}

// median returns the median length of the product's Go files.
func median(tr *tree) int {
	var lengths []int
	for _, s := range tr.product() {
		lengths = append(lengths, s.lines())
	}
	slices.Sort(lengths)
	if len(lengths) == 0 {
		return 0
	}
	return lengths[len(lengths)/2]
}

func fileFigures(tr *tree) string {
	return fmt.Sprintf("%d Go files of the product, median %d lines", len(tr.product()), median(tr))
}

// long returns the product's functions over the budget as findings, and how
// many functions there are. A function's length is from func to its last brace.
func long(tr *tree) (over []finding, total int) {
	for _, s := range tr.product() {
		for _, d := range s.ast.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Body == nil {
				continue
			}
			total++
			lines := tr.fset.Position(f.End()).Line - tr.fset.Position(f.Pos()).Line + 1
			if lines > maxFunction {
				over = append(over, finding{tr.at(f.Pos()), fmt.Sprintf("%s has %d lines, %d are allowed", f.Name.Name, lines, maxFunction),
					whySizes, "give each of its steps a name"})
			}
		}
	}
	return over, total
}

// functionSizes: functions stay short, but for a few.
func functionSizes(tr *tree) []finding {
	over, total := long(tr)
	if 100*len(over) <= exceptions*total {
		return nil
	}
	return append(over, finding{"product",
		fmt.Sprintf("%d of %d functions are longer than %d lines; %d %% are allowed", len(over), total, maxFunction, exceptions),
		whySizes, "shorten the ones above"})
}

func functionFigures(tr *tree) string {
	over, total := long(tr)
	text := fmt.Sprintf("%d functions, %d longer than %d lines", total, len(over), maxFunction)
	for _, f := range over {
		text += "\n\t" + f.where + ": " + f.what
	}
	return text
}

// exports counts a package's exported top-level names. Constants of one of its
// own types count with the type: a closed list is one idea. Methods count with
// theirs.
func exports(files []source) (names []string) {
	for _, s := range files {
		for _, d := range s.ast.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil && d.Name.IsExported() {
					names = append(names, d.Name.Name)
				}
			case *ast.GenDecl:
				names = append(names, exportedSpecs(d)...)
			}
		}
	}
	return names
}

// exportedSpecs returns the exported names of a declaration that count. In a
// const block a member without type and value repeats those of the one above.
func exportedSpecs(d *ast.GenDecl) (names []string) {
	ofOwnType := false
	for _, spec := range d.Specs {
		switch s := spec.(type) {
		case *ast.TypeSpec:
			if s.Name.IsExported() {
				names = append(names, s.Name.Name)
			}
		case *ast.ValueSpec:
			if own, ok := s.Type.(*ast.Ident); ok {
				ofOwnType = own.IsExported()
			} else if len(s.Values) > 0 {
				ofOwnType = false
			}
			for _, n := range s.Names {
				if n.IsExported() && !(d.Tok.String() == "const" && ofOwnType) {
					names = append(names, n.Name)
				}
			}
		}
	}
	return names
}

// exportCounts: packages stay small from outside.
func exportCounts(tr *tree) (out []finding) {
	dirs, files := tr.packages()
	for _, dir := range dirs {
		budget := cmp.Or(exportBudgets[dir].budget, maxExports)
		if names := exports(files[dir]); len(names) > budget {
			out = append(out, finding{dir, fmt.Sprintf("%d exports, %d are allowed: %s", len(names), budget, strings.Join(names, " ")),
				"whoever uses a package reads all of its exports",
				"keep names to the package, or give it a budget with a reason in internal/house/sizes_test.go"})
		}
	}
	return out
}

func exportFigures(tr *tree) string {
	dirs, files := tr.packages()
	var text []string
	for _, dir := range dirs {
		text = append(text, fmt.Sprintf("%s %d", dir, len(exports(files[dir]))))
	}
	return "exports: " + strings.Join(text, ", ")
}
