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
}

func (s *scanner) release() {
	s.in = bytes.Buffer{}
	s.dec.Reset(&s.in)
	scanners.Put(s)
}

func (s *scanner) scan(msg []byte, want []Pointer, found []Value) bool {
	s.in = *bytes.NewBuffer(msg)
	s.dec.Reset(&s.in)
	s.depth = slices.Grow(s.depth[:0], len(want))[:len(want)]
	clear(s.depth)
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
			_, err := s.dec.ReadToken()
			return err == io.EOF // anything else is trailing data
		}
	}
}

// enter reads a member's name, if one is due, and then a scalar or the
// beginning of a container.
func (s *scanner) enter(kind jsontext.Kind, msg []byte, want []Pointer, found []Value) bool {
	depth := s.dec.StackDepth()
	container, index := s.dec.StackIndex(depth)
	v := Value{name: -1}
	var quoted []byte
	if container == '{' {
		if kind != '"' {
			return false
		}
		name, err := s.dec.ReadValue()
		if err != nil {
			return false
		}
		end := int(s.dec.InputOffset())
		v.name = end - len(name)
		quoted = msg[v.name:end]
		kind = s.dec.PeekKind()
	}
	v.Kind = byte(kind)
	if kind == '{' || kind == '[' {
		if _, err := s.dec.ReadToken(); err != nil || depth >= maxNesting {
			return false
		}
		v.Start = int(s.dec.InputOffset()) - 1
	} else {
		raw, err := s.dec.ReadValue()
		if err != nil {
			return false
		}
		v.End = int(s.dec.InputOffset())
		v.Start = v.End - len(raw)
	}
	s.match(v, depth, quoted, index, want, found)
	return true
}

// match notes a value that stands in depth open containers: the member with
// the quoted name, the element with the index, or the root.
func (s *scanner) match(v Value, depth int, quoted []byte, index int64, want []Pointer, found []Value) {
	var name []byte
	for i := range want {
		steps := want[i].steps
		if depth == 0 {
			if len(steps) == 0 {
				found[i] = v
			}
			continue
		}
		if s.depth[i] != depth-1 || len(steps) < depth {
			continue
		}
		if quoted != nil && name == nil {
			name = s.unescape(quoted)
		}
		at := steps[depth-1]
		if quoted != nil && string(name) != at.name || quoted == nil && index != at.index {
			continue
		}
		if len(steps) == depth {
			found[i] = v
		} else if v.End == 0 {
			s.depth[i] = depth
		}
	}
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
	if _, err := s.dec.ReadToken(); err != nil {
		return false
	}
	depth := s.dec.StackDepth()
	for i := range want {
		if len(want[i].steps) == depth && found[i].Kind != 0 && found[i].End == 0 {
			found[i].End = int(s.dec.InputOffset())
		}
		if depth > 0 && s.depth[i] == depth {
			s.depth[i] = depth - 1
		}
	}
	return true
}
