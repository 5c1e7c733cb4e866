package payload

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// This file alone knows jsontext. The library refuses duplicate names,
// invalid UTF-8, lone surrogates and a BOM by itself; nesting and trailing data
// are judged here.

const (
	// maxNesting is the deepest object or array that is read; the root is 1.
	maxNesting = 64
	// maxPooled is the longest message, in bytes, whose scanner is kept: what
	// a scanner remembers of a message's names grows with it.
	maxPooled = 64 << 10
)

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
	quoted := msg[v.Start:v.End]
	if plain(quoted) {
		return string(quoted[1:len(quoted)-1]) == s
	}
	return v.Text(msg) == s
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
// so that it can stay on the caller's stack.
type scanner struct {
	dec   jsontext.Decoder
	in    bytes.Buffer // the decoder reads a bytes.Buffer in place, without a copy
	depth []int
	name  []byte
	open  []open // of find
}

func (s *scanner) release() {
	s.in = bytes.Buffer{}
	s.dec.Reset(&s.in)
	scanners.Put(s)
}

func (s *scanner) scan(msg []byte, want []Pointer, found []Value) bool {
	s.begin(msg, len(want))
	clear(found)
	for {
		var ok bool
		if kind := s.dec.PeekKind(); kind == '}' || kind == ']' {
			ok = s.leave(want, found)
		} else {
			ok = s.enter(kind, msg, want, found)
		}
		if !ok {
			return false
		}
		if s.dec.StackDepth() == 0 {
			return s.atEnd()
		}
	}
}

// begin puts the scanner in front of msg.
func (s *scanner) begin(msg []byte, wanted int) {
	s.in = *bytes.NewBuffer(msg)
	s.dec.Reset(&s.in)
	s.depth = slices.Grow(s.depth[:0], wanted)[:wanted]
	clear(s.depth)
}

// atEnd tells whether nothing but white space is left.
func (s *scanner) atEnd() bool {
	_, err := s.dec.ReadToken()
	return err == io.EOF // anything else is trailing data
}

// place is where a value stands: in so many open containers, as the member with
// the quoted name or (quoted nil) as the element with the index.
type place struct {
	depth  int
	quoted []byte
	index  int64
}

// next reads a member's name, if one is due, and then a scalar or the beginning
// of a container.
func (s *scanner) next(kind jsontext.Kind, msg []byte) (v Value, at place, ok bool) {
	at.depth = s.dec.StackDepth()
	container, index := s.dec.StackIndex(at.depth)
	at.index = index
	v.name = -1
	if container == '{' {
		if kind != '"' {
			return v, at, false
		}
		name, err := s.dec.ReadValue()
		if err != nil {
			return v, at, false
		}
		end := int(s.dec.InputOffset())
		v.name = end - len(name)
		at.quoted = msg[v.name:end]
		kind = s.dec.PeekKind()
	}
	v.Kind = byte(kind)
	if kind == '{' || kind == '[' {
		if _, err := s.dec.ReadToken(); err != nil || at.depth >= maxNesting {
			return v, at, false
		}
		v.Start = int(s.dec.InputOffset()) - 1
		return v, at, true
	}
	raw, err := s.dec.ReadValue()
	if err != nil {
		return v, at, false
	}
	v.End = int(s.dec.InputOffset())
	v.Start = v.End - len(raw)
	return v, at, true
}

// enter reads the next value and notes it where it is wanted.
func (s *scanner) enter(kind jsontext.Kind, msg []byte, want []Pointer, found []Value) bool {
	v, at, ok := s.next(kind, msg)
	if !ok {
		return false
	}
	var name []byte
	for i := range want {
		if s.depth[i] == at.depth-1 && s.stands(want[i].steps, i, &v, &at, &name) || at.depth == 0 && len(want[i].steps) == 0 {
			found[i] = v
		}
	}
	return true
}

// stands tells whether a value in a container that the steps of want[i] lead to
// (s.depth) stands where all of them lead; of a container on that way it keeps
// that in mind. name is the member's unescaped name, once somebody needed it.
func (s *scanner) stands(steps []step, i int, v *Value, at *place, name *[]byte) bool {
	if len(steps) < at.depth {
		return false
	}
	next := steps[at.depth-1]
	if at.quoted == nil {
		if next.index != each && next.index != at.index {
			return false
		}
	} else {
		if *name == nil {
			*name = s.unescape(at.quoted)
		}
		if next.index == each || string(*name) != next.name {
			return false
		}
	}
	if len(steps) == at.depth {
		return true
	}
	if v.End == 0 {
		s.depth[i] = at.depth
	}
	return false
}

func (s *scanner) unescape(quoted []byte) []byte {
	if plain(quoted) {
		return quoted[1 : len(quoted)-1]
	}
	s.name, _ = jsontext.AppendUnquote(s.name[:0], quoted) // read before: it is valid
	return s.name
}

// leave reads the end of a container and notes where a wanted one ends.
func (s *scanner) leave(want []Pointer, found []Value) bool {
	depth, ok := s.up()
	if !ok {
		return false
	}
	for i := range want {
		if len(want[i].steps) == depth && found[i].Kind != 0 && found[i].End == 0 {
			found[i].End = int(s.dec.InputOffset())
		}
	}
	return true
}

// up reads the end of a container that stands in depth others.
func (s *scanner) up() (depth int, ok bool) {
	if _, err := s.dec.ReadToken(); err != nil {
		return 0, false
	}
	depth = s.dec.StackDepth()
	for i := range s.depth {
		if depth > 0 && s.depth[i] == depth {
			s.depth[i] = depth - 1
		}
	}
	return depth, true
}
