package proxy

import "strings"

// maxPublicPath is more than any public path needs, and bounds what matching
// one can cost, in bytes.
const maxPublicPath = 2048

// pathMatches tells whether a path matches a glob: `*` stands for any run of
// characters within one segment, `**` for any run at all. An encoded slash ends
// a segment like a plain one, since an upstream may decode it.
func pathMatches(glob, path string) bool {
	if len(path) > maxPublicPath {
		return false
	}
	path = slashes.Replace(path)
	// star and deep are where the last `*` and `**` stand and how far they
	// reach: only the last of each kind ever needs another try, since a slash
	// bounds the one and nothing bounds the other.
	star, deep := mark{glob: -1}, mark{glob: -1}
	g, p := 0, 0
	for g < len(glob) || p < len(path) {
		switch {
		case strings.HasPrefix(glob[g:], "**"):
			for g < len(glob) && glob[g] == '*' {
				g++
			}
			deep, star = mark{g, p}, mark{glob: -1}
			continue
		case g < len(glob) && glob[g] == '*':
			g++
			star = mark{g, p}
			continue
		case g < len(glob) && p < len(path) && glob[g] == path[p]:
			g, p = g+1, p+1
			continue
		}
		switch {
		case star.glob >= 0 && star.path < len(path) && path[star.path] != '/':
			star.path++
			g, p = star.glob, star.path
		case deep.glob >= 0 && deep.path < len(path):
			deep.path++
			g, p, star = deep.glob, deep.path, mark{glob: -1}
		default:
			return false
		}
	}
	return true
}

// mark is a star's place: what follows it in the glob, and in the path.
type mark struct{ glob, path int }

var slashes = strings.NewReplacer("%2f", "/", "%2F", "/")
