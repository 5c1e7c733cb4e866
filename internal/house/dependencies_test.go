package house_test

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

const maxDependencies = 20

// direct returns the modules that the product's own files import, each with the
// place of one import; "" stands for what no requirement in go.mod covers.
func direct(tr *tree) (modules []string, where map[string]string) {
	where = map[string]string{}
	for _, s := range tr.product() {
		for _, i := range s.ast.Imports {
			p := importPath(i)
			first, _, _ := strings.Cut(p, "/")
			if _, ours := tr.own(p); ours || !strings.Contains(first, ".") {
				continue
			}
			module := ""
			for _, r := range tr.requires {
				if under(p, r) && len(r) > len(module) {
					module = r
				}
			}
			if _, seen := where[module]; !seen {
				modules = append(modules, module)
				where[module] = tr.at(i.Pos()) + " (" + p + ")"
			}
		}
	}
	slices.Sort(modules)
	return modules, where
}

// dependencies: few, known to go.mod, and each with a reason on paper.
func dependencies(tr *tree) (out []finding) {
	const why = "each dependency is code that we answer for without having written it"
	modules, where := direct(tr)
	if len(modules) > maxDependencies {
		out = append(out, finding{"go.mod", fmt.Sprintf("%d direct dependencies, %d are allowed: %s", len(modules), maxDependencies, strings.Join(modules, " ")),
			why, "do without one"})
	}
	reasons := ""
	for _, f := range tr.files {
		if strings.HasPrefix(f.path, decisionsDir) {
			reasons += string(f.text)
		}
	}
	for _, m := range modules {
		switch {
		case m == "":
			out = append(out, finding{where[m], "no requirement in go.mod covers this import", why, "go get it"})
		case !strings.Contains(reasons, "`"+m+"`"):
			out = append(out, finding{where[m], "no decision names `" + m + "`", why,
				"add it to the table in docs/decisions, with the reason and what was decided against"})
		}
	}
	return out
}

func dependencyFigures(tr *tree) string {
	modules, _ := direct(tr)
	return fmt.Sprintf("%d direct dependencies: %s", len(modules), strings.Join(modules, " "))
}

// decisions: records are short, and numbered without gaps.
func decisions(tr *tree) (out []finding) {
	next := 1
	for _, f := range tr.files { // in the order of their names
		if !strings.HasPrefix(f.path, decisionsDir) {
			continue
		}
		if !strings.HasPrefix(path.Base(f.path), fmt.Sprintf("%04d-", next)) {
			out = append(out, finding{f.path, fmt.Sprintf("its name does not begin with %04d-", next),
				"decisions are cited by number", "number it in the order in which it was taken"})
		}
		next++
		if f.lines() > maxDecision {
			out = append(out, finding{f.path, fmt.Sprintf("%d lines, %d are allowed", f.lines(), maxDecision),
				"a decision that needs more is two, or not taken yet", "shorten it"})
		}
	}
	return out
}
