package payload

import "strings"

// open is a container that was found and has not ended yet.
type open struct {
	found int // its place in the list of what was found
	depth int // how many containers it stands in
}

// find is Paths.Find.
func (s *scanner) find(msg []byte, want []Pointer, kinds string, found []Value, limit int) ([]Value, bool) {
	s.begin(msg, len(want))
	s.found = s.found[:0]
	for {
		var ok bool
		if kind := s.peek(); kind == '}' || kind == ']' {
			ok = s.close(found)
		} else {
			found, ok = s.collect(kind, want, kinds, found)
		}
		switch {
		case !ok:
			return found, false
		case len(found) > limit:
			return found, true
		case s.level == 0:
			return found, s.atEnd()
		}
	}
}

// collect reads the next value and appends it where it is wanted.
func (s *scanner) collect(kind byte, want []Pointer, kinds string, found []Value) ([]Value, bool) {
	var v Value
	var at place
	if !s.next(kind, &v, &at) {
		return found, false
	}
	if at.depth == 0 { // no path is the whole message
		if v.End == 0 {
			s.stack[0].through = len(want)
		}
		return found, true
	}
	here := false
	for i := range want {
		if s.depth[i] == at.depth-1 && s.stands(want[i].steps, i, &v, &at) {
			here = true
		}
	}
	if here = here && strings.IndexByte(kinds, v.Kind) >= 0; here {
		if v.End == 0 {
			s.found = append(s.found, open{len(found), at.depth})
		}
		found = append(found, v)
	}
	return found, v.End != 0 || s.pass()
}

// close reads the end of a container and notes it where that was found.
func (s *scanner) close(found []Value) bool {
	depth, ok := s.up()
	if n := len(s.found); ok && n > 0 && s.found[n-1].depth == depth {
		found[s.found[n-1].found].End = s.pos
		s.found = s.found[:n-1]
	}
	return ok
}
