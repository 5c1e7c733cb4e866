package house_test

import (
	"fmt"
	"go/ast"
	"path"
	"slices"
	"strings"
)

// layer says which packages of this module a directory's packages may import.
// The longest directory that covers a package counts.
type layer struct {
	dir string
	may []string // directories; "x/..." is x and all below it, "..." everything
	why string   // why nothing else
}

var layers = []layer{
	{"cmd", []string{"..."}, ""},
	{"proxy", []string{"proxy/...", "authz", "framing/...", "identity", "attribution"},
		"the data path reports through hooks; what it does not import can neither slow it down nor stop it"},
	{"proxy/engine", []string{"framing"},
		"an engine moves bytes; if it knew users, tokens or policy, there would be two places where a connection is judged"},
	{"authz", nil,
		"who may connect is judged from a credential and a clock alone; so a test, `check` and `token inspect` judge by the very code of `serve`"},
	{"authz/*", []string{"authz"},
		"a source of keys knows what a key is, and nothing of tokens, users or connections"},
	{"framing", nil,
		"a wire format has no policy; the same code must run under both engines, the fuzzers and the journal"},
	{"framing/payload", []string{"framing"},
		"the seam of the protocols knows frames, and no protocol"},
	{"framing/*", []string{"framing", "framing/payload"},
		"protocols are siblings: one that leans on another cannot be read, or removed, alone"},
	{"identity", nil,
		"strangers import it to verify assertions; it must not drag the proxy into their build"},
	{"authz/revocation/natskv", []string{"authz/revocation"},
		"what a revocation means is told by its parent; here it is only carried"},
	{"authz/directory", []string{"authz"},
		"whether a user still exists is asked about a decision that was made; how it was made is none of its business"},
	{"attribution", []string{"framing/..."},
		"who wrote an event is found in frames; the proxy tells it who is connected"},
	{"attribution/*", []string{"attribution", "attribution/internal/...", "framing/..."},
		"a journal keeps records; what it knows of events, it is told"},
	{"attribution/internal/gather", nil,
		"what several journals share knows none of them"},
	{"observe", []string{"authz", "proxy", "proxy/engine"},
		"observability wraps, never weaves: it translates the reasons and hooks of authz and proxy (and the engine's words in those hooks), nothing else"},
	{"demo", []string{"demo/...", "identity"},
		"the demo shows what a stranger can build; with more than the public verifier it would prove nothing"},
	{"e2e", []string{"identity", "e2e/internal/..."},
		"end-to-end rigs stand outside, like a client or an upstream: what they import they do not test"},
	{"internal/house", nil,
		"the rules must build when the rest does not"},
}

// layering: every import between our packages is in the table.
func layering(tr *tree) (out []finding) {
	for _, s := range tr.sources {
		if s.test || s.nested {
			continue
		}
		l, known := layerOf(s.dir)
		if !known {
			out = append(out, finding{s.path, "package " + s.dir + " is in no layer",
				"a package that no rule covers is where layering ends",
				"put it below an existing layer, or add it to the table in internal/house/layers_test.go with its reason"})
			continue
		}
		for _, i := range s.ast.Imports {
			dir, ours := tr.own(importPath(i))
			if !ours || slices.ContainsFunc(l.may, covers(dir)) {
				continue
			}
			out = append(out, finding{tr.at(i.Pos()), fmt.Sprintf("%s imports %s", s.dir, dir), l.why,
				fmt.Sprintf("let the caller hand it in (a func field or a small interface owned by %s), or wire it in cmd; it may import: %s",
					s.dir, orNothing(l.may))})
		}
	}
	return out
}

// layerOf returns the layer of a directory: the longest entry that covers it.
func layerOf(dir string) (best layer, ok bool) {
	for _, l := range layers {
		base, star := strings.CutSuffix(l.dir, "/*")
		if fits := under(dir, base) && !(star && dir == base); fits && len(l.dir) > len(best.dir) {
			best, ok = l, true
		}
	}
	return best, ok
}

// covers tells whether an entry of layer.may covers dir.
func covers(dir string) func(entry string) bool {
	return func(entry string) bool {
		base, below := strings.CutSuffix(entry, "/...")
		return entry == "..." || dir == base || below && under(dir, base)
	}
}

// orNothing lists what is allowed.
func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing of ours"
	}
	return strings.Join(list, ", ")
}

// foreign says where a package from outside may be imported.
type foreign struct {
	path string   // the import path, or with "/..." all below too
	in   []string // only there; empty: nowhere
	not  []string // where in is empty: only these are forbidden
	why  string
}

var foreigners = []foreign{
	{"go.uber.org/zap/...", []string{"observe", "cmd"}, nil, "proxy reports through hooks; a log call woven into the data path is a place where a token can leak"},
	{"log/slog", nil, nil, "there is one logger, with one format, one level and one net for tokens"},
	{"log", nil, []string{"authz/...", "framing/...", "identity", "attribution", "proxy/engine", "observe"}, "there is one logger; package log is for net/http's ErrorLog, which takes no other type"},
	{"github.com/prometheus/...", []string{"observe"}, nil, "every metric is registered in one place, with closed labels"},
	{"github.com/caarlos0/env/v11", []string{"cmd"}, nil, "only cmd reads the environment; everybody else takes options"},
	{"github.com/spf13/...", []string{"cmd"}, nil, "only cmd is a command line"},
	{"github.com/coder/websocket/...", []string{"cmd", "demo", "e2e"}, nil, "the data path walks frames itself: a message library buffers whole messages and would hide the frame boundaries"},
	{"github.com/gorilla/websocket", nil, nil, "it writes reserved close codes and inflates without a bound"},
	{"github.com/koding/websocketproxy", nil, nil, "docs/decisions/0001: it is the baseline of bench, not a part of the product"},
	{"github.com/nats-io/nats.go/...", []string{"authz/revocation/natskv", "attribution", "cmd"}, nil, "only stores that a fleet shares know NATS; who asks them does not know where they keep things"},
	{"encoding/json", nil, []string{"framing/...", "attribution"}, "encoding/json takes the last of duplicate names and matches names without case; client bytes are read strictly, by framing's reader"},
	{"net", nil, []string{"framing", "framing/payload"}, "the machine is free of sockets, so that both engines, the fuzzers and the tests drive the same code"},
	{"net/http", nil, []string{"framing", "authz"}, "a decision and a wire format need no HTTP; what they need is handed in, as authz/keys does with the keys that it fetches"},
}

// foreignImports: what comes from outside stays where it belongs.
func foreignImports(tr *tree) (out []finding) {
	for _, s := range tr.product() {
		for _, i := range s.ast.Imports {
			for _, f := range foreigners {
				if !covers(importPath(i))(f.path) {
					continue
				}
				in := func(dir string) bool { return covers(s.dir)(dir) }
				inTree := func(dir string) bool { return under(s.dir, dir) }
				if f.not != nil && !slices.ContainsFunc(f.not, in) || f.not == nil && slices.ContainsFunc(f.in, inTree) {
					continue
				}
				out = append(out, finding{tr.at(i.Pos()), fmt.Sprintf("%s imports %s", s.dir, importPath(i)), f.why,
					"take what you need as an option or a hook; if the rule is wrong, change it with its reason in internal/house/layers_test.go"})
			}
		}
	}
	return out
}

// observeCallsNobody: observe may use types and constants of the packages it
// translates, and the functions that list a closed list, but run none of their
// code.
func observeCallsNobody(tr *tree) (out []finding) {
	lists := []string{"authz.Codes"}
	funcs := map[string]bool{}
	for _, s := range tr.product() {
		for _, d := range s.ast.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil {
				funcs[s.dir+"."+f.Name.Name] = true
			}
		}
	}
	for _, s := range tr.product() {
		if !under(s.dir, "observe") {
			continue
		}
		dirs := map[string]string{} // local name → directory
		for _, i := range s.ast.Imports {
			if dir, ours := tr.own(importPath(i)); ours {
				name := path.Base(dir)
				if i.Name != nil {
					name = i.Name.Name
				}
				dirs[name] = dir
			}
		}
		ast.Inspect(s.ast, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if x, ok := sel.X.(*ast.Ident); ok && dirs[x.Name] != "" {
				if name := dirs[x.Name] + "." + sel.Sel.Name; funcs[name] && !slices.Contains(lists, name) {
					out = append(out, finding{tr.at(n.Pos()), "observe uses the function " + name,
						"observe turns reasons into words; code of the data path that runs here makes the two depend on each other",
						"pass the result through a hook, or let cmd call it"})
				}
			}
			return true
		})
	}
	return out
}
