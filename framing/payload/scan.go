package payload

import (
	"bytes"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// maxPooled is the longest message, in bytes, whose scanner is kept: what a
// scanner remembers of a message's names grows with it.
const maxPooled = 64 << 10

// Value says where a value stands in a message.
type Value struct {
	// Kind is the value's first byte, with '0' for every number and 't' or 'f'
	// for the booleans; 0: there is no such value.
	Kind byte
	// name is the offset of the member's name, -1 for elements and the root.
	name int
	// Start and End are the value's offsets in bytes, quotes included.
	Start, End int
}

// Scan reads msg strictly (RFC 8259 with the rules of RFC 7493 §2: no duplicate
// names, valid UTF-8) and stores in found[i] where the value at want[i] stands.
// found must be as long as want, and want short: each name is compared with
// every Pointer. The error is ErrBadFrame; found is then worth nothing.
func Scan(msg []byte, want []Pointer, found []Value) error {
	s := scanners.Get().(*scanner)
	ok := s.scan(msg, want, found)
	if len(msg) <= maxPooled {
		s.release()
	}
	if !ok {
		return ErrBadFrame
	}
	return nil
}

// Text gives a string value unescaped, as a copy; "" for any other value.
func (v Value) Text(msg []byte) string {
	if v.Kind != '"' {
		return ""
	}
	quoted := msg[v.Start:v.End]
	if plain(quoted) {
		return string(quoted[1 : len(quoted)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, quoted) // read before: it is valid
	return string(text)
}

// Is tells whether the value is the string s.
func (v Value) Is(msg []byte, s string) bool {
	if v.Kind != '"' {
		return false
	}
	text := msg[v.Start+1 : v.End-1]
	switch {
	case len(text) < len(s):
		return false
	case len(text) == len(s): // an escape is longer than what it stands for
		return string(text) == s && plain(text)
	}
	return !plain(text) && v.Text(msg) == s
}

// quote writes s as a JSON string. What is no UTF-8 becomes U+FFFD.
func quote(s string) []byte {
	quoted, _ := jsontext.AppendQuote(nil, s)
	return quoted
}

func plain(quoted []byte) bool { return bytes.IndexByte(quoted, '\\') < 0 }

var scanners = sync.Pool{New: func() any { return new(scanner) }}

// scanner walks one message. depth[i] is how many steps of want[i] the open
// containers match. What the caller hands over is passed along and not stored,
// so that it can stay on the caller's stack; only reader keeps the message,
// until release.
type scanner struct {
	reader
	depth []int
	found []open // of find
}

func (s *scanner) release() {
	s.reader.forget()
	scanners.Put(s)
}

func (s *scanner) scan(msg []byte, want []Pointer, found []Value) bool {
	s.begin(msg, len(want))
	clear(found)
	for {
		var ok bool
		if kind := s.peek(); kind == '}' || kind == ']' {
			ok = s.leave(want, found)
		} else {
			ok = s.enter(kind, want, found)
		}
		if !ok {
			return false
		}
		if s.level == 0 {
			return s.atEnd()
		}
	}
}

// begin puts the scanner in front of msg.
func (s *scanner) begin(msg []byte, wanted int) {
	s.reader.start(msg)
	s.depth = slices.Grow(s.depth[:0], wanted)[:wanted]
	clear(s.depth)
}

// enter reads the next value and notes it where it is wanted.
func (s *scanner) enter(kind byte, want []Pointer, found []Value) bool {
	var v Value
	var at place
	if !s.next(kind, &v, &at) {
		return false
	}
	if at.depth == 0 {
		s.atRoot(want, &v, found)
		return v.End != 0 || s.pass()
	}
	for i := range want {
		if s.depth[i] == at.depth-1 && s.stands(want[i].steps, i, &v, &at) {
			s.note(&v, &found[i])
		}
	}
	return v.End != 0 || s.pass()
}

// pass reads on to where the end of the innermost container is next, if nothing
// in it is wanted.
func (s *scanner) pass() bool {
	if s.stack[s.level-1].through > 0 {
		return true
	}
	var v Value
	var at place
	for level := s.level; ; {
		kind := s.peek()
		switch {
		case kind != '}' && kind != ']':
			if !s.next(kind, &v, &at) {
				return false
			}
		case s.level == level:
			return true
		case !s.shut():
			return false
		}
	}
}

// atRoot begins with the whole document, which every Pointer leads through or to.
func (s *scanner) atRoot(want []Pointer, v *Value, found []Value) {
	if v.End == 0 {
		s.stack[0].through = len(want)
	}
	for i := range want {
		if len(want[i].steps) == 0 {
			s.note(v, &found[i])
		}
	}
}

// note keeps a wanted value; of a container leave adds the end.
func (s *scanner) note(v, found *Value) {
	*found = *v
	if v.End == 0 {
		s.stack[s.level-1].wanted = true
	}
}

// stands tells whether a value in a container that the steps of want[i] lead to
// (s.depth) stands where all of them lead; of a container on that way it keeps
// that in mind.
func (s *scanner) stands(steps []step, i int, v *Value, at *place) bool {
	if len(steps) < at.depth {
		return false
	}
	next := &steps[at.depth-1]
	if at.member {
		if next.index == each || string(at.name) != next.name {
			return false
		}
	} else if next.index != each && next.index != at.index {
		return false
	}
	if len(steps) == at.depth {
		return true
	}
	if v.End == 0 {
		s.depth[i] = at.depth
		s.stack[at.depth].through++
	}
	return false
}

// leave reads the end of a container and notes where a wanted one ends.
func (s *scanner) leave(want []Pointer, found []Value) bool {
	depth, ok := s.up()
	if !ok || !s.stack[depth].wanted {
		return ok
	}
	for i := range want {
		if len(want[i].steps) == depth && found[i].Kind != 0 && found[i].End == 0 {
			found[i].End = s.pos
		}
	}
	return true
}

// up reads the end of a container that stands in depth others.
func (s *scanner) up() (depth int, ok bool) {
	if !s.shut() {
		return 0, false
	}
	depth = s.level
	if s.stack[depth].through == 0 {
		return depth, true
	}
	for i := range s.depth {
		if depth > 0 && s.depth[i] == depth {
			s.depth[i] = depth - 1
		}
	}
	return depth, true
}
