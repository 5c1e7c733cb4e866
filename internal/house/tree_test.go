package house_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// tree is the repository as the rules see it: its files, without what .gitignore
// names, without dot directories other than .ci and .github.
type tree struct {
	module   string   // of the root's go.mod
	requires []string // modules that it requires
	files    []file   // every text file
	sources  []source // every Go file, testdata excluded
	fset     *token.FileSet
	nested   []string // directories of modules of their own
}

// file is one text file.
type file struct {
	path string
	text []byte
}

// lines counts lines as an editor does.
func (f file) lines() int {
	return bytes.Count(f.text, []byte("\n")) + min(1, len(f.text)-bytes.LastIndexByte(f.text, '\n')-1)
}

// source is one Go file.
type source struct {
	file
	dir    string // "." for the root
	ast    *ast.File
	test   bool
	nested bool // of another module inside the repository
}

// load reads a repository.
func load(fsys fs.FS) (*tree, error) {
	tr := &tree{fset: token.NewFileSet()}
	ignored := ignoreList(fsys)
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skippedDir(p, ignored):
			return fs.SkipDir
		case !d.Type().IsRegular() || p == ".git" || slices.ContainsFunc(ignored, matches(p)): // .git is a file in a second work tree
			return nil
		}
		text, err := fs.ReadFile(fsys, p)
		if err == nil && !bytes.ContainsRune(text, 0) {
			tr.files = append(tr.files, file{p, text})
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	tr.readModules()
	return tr, tr.parse()
}

// ignoreList returns the root .gitignore's patterns without their slashes; the
// house uses no others than names and paths from the root.
func ignoreList(fsys fs.FS) (patterns []string) {
	text, _ := fs.ReadFile(fsys, ".gitignore") // none: nothing is ignored
	for line := range strings.Lines(string(text)) {
		if p := strings.Trim(strings.TrimSpace(line), "/"); p != "" && p[0] != '#' {
			patterns = append(patterns, p)
		}
	}
	return patterns
}

// matches tells whether a pattern of .gitignore covers p.
func matches(p string) func(pattern string) bool {
	return func(pattern string) bool {
		byName, _ := path.Match(pattern, path.Base(p))
		byPath, _ := path.Match(pattern, p)
		return byName || byPath
	}
}

// skippedDir tells whether a directory is outside the repository's own files.
func skippedDir(p string, ignored []string) bool {
	base := path.Base(p)
	return p != "." && (base[0] == '.' && base != ".ci" && base != ".github" || slices.ContainsFunc(ignored, matches(p)))
}

// readModules reads what the go.mod files say.
func (tr *tree) readModules() {
	for _, f := range tr.files {
		dir, name := path.Split(f.path)
		switch {
		case name != "go.mod":
		case dir != "":
			tr.nested = append(tr.nested, dir)
		default:
			for line := range strings.Lines(string(f.text)) {
				words := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
				if len(words) > 1 && words[0] == "module" {
					tr.module = words[1]
				} else if len(words) > 1 && strings.Contains(words[0], ".") && strings.HasPrefix(words[1], "v") {
					tr.requires = append(tr.requires, words[0])
				}
			}
		}
	}
}

// parse parses the Go files.
func (tr *tree) parse() error {
	for _, f := range tr.files {
		if path.Ext(f.path) != ".go" || strings.Contains("/"+f.path, "/testdata/") {
			continue
		}
		parsed, err := parser.ParseFile(tr.fset, f.path, f.text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("house: %w", err)
		}
		tr.sources = append(tr.sources, source{
			file: f, dir: path.Dir(f.path), ast: parsed, test: strings.HasSuffix(f.path, "_test.go"),
			nested: slices.ContainsFunc(tr.nested, func(dir string) bool { return strings.HasPrefix(f.path, dir) }),
		})
	}
	return nil
}

// product returns the Go files that end up in what is shipped: no tests, no
// module of its own, not the house.
func (tr *tree) product() []source {
	return slices.DeleteFunc(slices.Clone(tr.sources), func(s source) bool {
		return s.test || s.nested || under(s.dir, "internal/house") || under(s.dir, "e2e")
	})
}

// packages returns the product's files by directory, and the directories sorted.
func (tr *tree) packages() (dirs []string, files map[string][]source) {
	files = map[string][]source{}
	for _, s := range tr.sources {
		if s.test || s.nested {
			continue
		}
		if files[s.dir] == nil {
			dirs = append(dirs, s.dir)
		}
		files[s.dir] = append(files[s.dir], s)
	}
	slices.Sort(dirs)
	return dirs, files
}

// at returns path:line of a position.
func (tr *tree) at(p token.Pos) string {
	where := tr.fset.Position(p)
	return fmt.Sprintf("%s:%d", where.Filename, where.Line)
}

// own returns the directory of an import path of this module.
func (tr *tree) own(importPath string) (dir string, ok bool) {
	if importPath == tr.module {
		return ".", true
	}
	return strings.CutPrefix(importPath, tr.module+"/")
}

// under tells whether a path is dir or below it.
func under(p, dir string) bool {
	return p == dir || strings.HasPrefix(p, dir+"/")
}

// importPath returns an import's path.
func importPath(i *ast.ImportSpec) string { return strings.Trim(i.Path.Value, `"`) }
