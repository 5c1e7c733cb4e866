package proxy

import "strings"

// pathMatches tells whether a path matches a glob: `*` stands for any run of
// characters within one segment, `**` for any run at all.
func pathMatches(glob, path string) bool {
	for i := 0; i < len(glob); i++ {
		if glob[i] != '*' {
			if path == "" || path[0] != glob[i] {
				return false
			}
			path = path[1:]
			continue
		}
		rest, deep := glob[i+1:], false
		for strings.HasPrefix(rest, "*") {
			rest, deep = rest[1:], true
		}
		for n := 0; ; n++ {
			if pathMatches(rest, path[n:]) {
				return true
			}
			if n == len(path) || (path[n] == '/' && !deep) {
				return false
			}
		}
	}
	return path == ""
}
