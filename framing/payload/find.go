package payload

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// open is a container that was found and has not ended yet.
type open struct {
	found int // its place in the list of what was found
	depth int // how many containers it stands in
}

// find is Paths.Find.
func (s *scanner) find(msg []byte, want []Pointer, kinds string, found []Value, limit int) ([]Value, bool) {
	s.begin(msg, len(want))
	s.open = s.open[:0]
	for {
		var ok bool
		if kind := s.dec.PeekKind(); kind == '}' || kind == ']' {
			ok = s.close(found)
		} else {
			found, ok = s.collect(kind, msg, want, kinds, found)
		}
		switch {
		case !ok:
			return found, false
		case len(found) > limit:
			return found, true
		case s.dec.StackDepth() == 0:
			return found, s.atEnd()
		}
	}
}

// collect reads the next value and appends it where it is wanted.
func (s *scanner) collect(kind jsontext.Kind, msg []byte, want []Pointer, kinds string, found []Value) ([]Value, bool) {
	v, at, ok := s.next(kind, msg)
	if !ok {
		return found, false
	}
	var name []byte
	here := false
	for i := range want {
		if s.depth[i] == at.depth-1 && s.stands(want[i].steps, i, &v, &at, &name) {
			here = true
		}
	}
	if !here || strings.IndexByte(kinds, v.Kind) < 0 {
		return found, true
	}
	if v.End == 0 {
		s.open = append(s.open, open{len(found), at.depth})
	}
	return append(found, v), true
}

// close reads the end of a container and notes it where that was found.
func (s *scanner) close(found []Value) bool {
	depth, ok := s.up()
	if n := len(s.open); ok && n > 0 && s.open[n-1].depth == depth {
		found[s.open[n-1].found].End = int(s.dec.InputOffset())
		s.open = s.open[:n-1]
	}
	return ok
}
