package house_test

import (
	"fmt"
	"go/ast"
	"go/token"
	"path"
	"regexp"
	"strings"
)

// boundary finds the sentence that says what a package does not do.
var boundary = regexp.MustCompile(`(?i)\b(no|not|nor|never|nothing|neither|nobody)\b`)

// packageComments: one comment for each package, with purpose, usage, boundary.
func packageComments(tr *tree) (out []finding) {
	const why = "the comment is where a newcomer starts; two of them drift apart, and none means reading all files to learn the purpose"
	dirs, files := tr.packages()
	for _, dir := range dirs {
		var docs []source
		for _, s := range files[dir] {
			if s.ast.Doc != nil {
				docs = append(docs, s)
			}
		}
		if len(docs) != 1 {
			var where []string
			for _, s := range docs {
				where = append(where, s.path)
			}
			out = append(out, finding{dir, fmt.Sprintf("%d package comments (%s)", len(docs), strings.Join(where, ", ")), why,
				"write exactly one, in doc.go or the main file"})
			continue
		}
		for _, wrong := range commentFaults(docs[0].ast, dir) {
			out = append(out, finding{docs[0].path, wrong, why,
				"one sentence of purpose, three indented lines of usage, one sentence of what it does not do"})
		}
	}
	return out
}

// commentFaults says what a package comment lacks.
func commentFaults(f *ast.File, dir string) (faults []string) {
	text := f.Doc.Text()
	want := "Package " + f.Name.Name + " "
	if f.Name.Name == "main" { // go.dev/doc/comment: the program's name, as a sentence begins
		name := path.Base(dir)
		want = strings.ToUpper(name[:1]) + name[1:] + " "
		text = strings.Replace(text, "Command "+name+" ", want, 1) // the older form
	}
	if !strings.HasPrefix(text, want) {
		faults = append(faults, fmt.Sprintf("the package comment does not begin with %q and the purpose", want))
	}
	if !strings.Contains(text, "\n\t") {
		faults = append(faults, "the package comment shows no usage (no indented lines)")
	}
	prose := regexp.MustCompile(`(?m)^\t.*$`).ReplaceAllString(text, "")
	if !boundary.MatchString(prose) {
		faults = append(faults, "the package comment does not say what the package does not do")
	}
	return faults
}

// exportComments: every exported name of the product has a comment.
func exportComments(tr *tree) (out []finding) {
	for _, s := range tr.product() {
		for _, d := range s.ast.Decls {
			for _, n := range undocumented(d) {
				out = append(out, finding{tr.at(n.Pos()), n.Name + " is exported and has no comment",
					"an export is a promise; parameters, units, errors and the RFC section are part of it",
					"say what it promises, or do not export it"})
			}
		}
	}
	return out
}

// undocumented returns the exported names that a declaration leaves without a
// comment. In a group the group's comment serves constants and variables; each
// type of a group needs it too, or its own.
func undocumented(d ast.Decl) (out []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
			out = append(out, d.Name)
		}
	case *ast.GenDecl:
		if d.Doc != nil || d.Tok == token.IMPORT {
			return nil
		}
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && s.Doc == nil {
					out = append(out, s.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && s.Doc == nil && s.Comment == nil {
						out = append(out, n)
					}
				}
			}
		}
	}
	return out
}

// exportedReceiver tells whether strangers can reach a function: it is no
// method, or one of an exported type.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	exported := false
	ast.Inspect(f.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			exported = id.IsExported()
			return false
		}
		return true
	})
	return exported
}
