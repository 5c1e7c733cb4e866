package payload

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// errEmptyPath is ErrPointer for a path that leads nowhere.
var errEmptyPath = fmt.Errorf("%w; the whole message is none here", ErrPointer)

// each is the index of a step that stands for every element of an array.
const each = -2

// Paths are places of values in a message: JSON Pointers (RFC 6901) in which a
// step "*" stands for each element of an array (and for no member, not even one
// of that name). The zero Paths are no place at all. Paths never change and may
// be used by many at once.
type Paths struct {
	list []Pointer
	// words are names of which one must occur where anything stands at a path.
	words [][]byte
	// always: some path has no name in it. short: as in Pointer.
	always, short bool
}

// ParsePaths reads paths such as "/events/*". The error wraps ErrPointer and
// names the path; "", the whole message, is an error too.
func ParsePaths(texts ...string) (Paths, error) {
	var p Paths
	for _, text := range texts {
		pointer, err := ParsePointer(text)
		if err == nil && text == "" {
			err = errEmptyPath
		}
		if err != nil {
			return Paths{}, fmt.Errorf("%q: %w", text, err)
		}
		for i := range pointer.steps {
			if pointer.steps[i].name == "*" {
				pointer.steps[i].index = each
			}
		}
		p.list = append(p.list, pointer)
		p.addWord(pointer)
	}
	return p, nil
}

// addWord adds the longest name of the path. A step with the form of an index
// is none, since the message may be an array.
func (p *Paths) addWord(path Pointer) {
	word := ""
	for _, s := range path.steps {
		if s.index == -1 && len(s.name) > len(word) {
			word = s.name
		}
	}
	p.always = p.always || word == ""
	p.short = p.short || strings.ContainsAny(word, shortEscapes)
	held := func(w []byte) bool { return bytes.Contains([]byte(word), w) }
	if slices.ContainsFunc(p.words, held) {
		return // where word occurs, that one does
	}
	p.words = slices.DeleteFunc(p.words, func(w []byte) bool { return bytes.Contains(w, []byte(word)) })
	p.words = append(p.words, []byte(word))
}

// Empty tells whether there is no path.
func (p Paths) Empty() bool { return len(p.list) == 0 }

// String gives the paths as they were written, with commas between them.
func (p Paths) String() string {
	texts := make([]string, len(p.list))
	for i, path := range p.list {
		texts[i] = path.text
	}
	return strings.Join(texts, ",")
}

// Covers tells whether a value at one path could have a value at another one
// below the member that is named, such as /event has /event/metadata/x below
// its member metadata.
func (p Paths) Covers(member string) (outer, inner string, ok bool) {
	for _, a := range p.list {
		for _, b := range p.list {
			n := len(a.steps)
			if len(b.steps) > n && b.steps[n].name == member && slices.EqualFunc(a.steps, b.steps[:n], alike) {
				return a.text, b.text, true
			}
		}
	}
	return "", "", false
}

// alike tells whether two steps could be the same one.
func alike(a, b step) bool {
	return a.name == b.name || a.index == each && b.index >= 0 || b.index == each && a.index >= 0
}

// MayOccur tells, without reading msg as JSON, whether a value could stand at
// one of the paths, however a reader might read it. It errs only towards true:
// names are written with their own bytes or with escapes, as in Pointer; a NUL
// cannot stand in JSON, and shows that some other encoding than UTF-8 may be
// meant, in which names look otherwise.
func (p Paths) MayOccur(msg []byte) bool {
	if p.Empty() {
		return false
	}
	if p.always || bytes.IndexByte(msg, 0) >= 0 {
		return true
	}
	for _, w := range p.words {
		if bytes.Contains(msg, w) {
			return true
		}
	}
	if p.short {
		return bytes.IndexByte(msg, '\\') >= 0
	}
	return bytes.Contains(msg, unicodeEscape)
}

// Find reads msg strictly, as Scan does, and appends to found every value of one
// of the kinds (Value.Kind) that stands at one of the paths: once each, in the
// order in which they begin; one may hold another. It stops behind the value
// that makes them more than limit: then the rest of msg was not read. The error
// is ErrBadFrame; found is then worth nothing.
func (p Paths) Find(msg []byte, kinds string, found []Value, limit int) ([]Value, error) {
	s := scanners.Get().(*scanner)
	found, ok := s.find(msg, p.list, kinds, found, limit)
	if len(msg) <= maxPooled {
		s.release()
	}
	if !ok {
		return nil, ErrBadFrame
	}
	return found, nil
}
