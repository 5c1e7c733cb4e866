package payload

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrPointer says that a text is no JSON Pointer.
var ErrPointer = errors.New(`framing: a JSON Pointer begins with "/" and holds "~" only as "~0" or "~1"`)

// Pointer is a JSON Pointer (RFC 6901), taken apart once so that messages can
// be compared with it cheaply. The zero Pointer is the whole document. A
// Pointer never changes and may be used by many at once.
type Pointer struct {
	text  string
	steps []step
	// word is a member name without which nothing stands at the Pointer.
	word []byte
	// short: word has a character that JSON can write as a two-character
	// escape (RFC 8259 §7).
	short bool
}

// step is one reference token: a member name and, where it has the form of
// one, an array index (-1 otherwise).
type step struct {
	name  string
	index int64
}

// ParsePointer reads a JSON Pointer such as "/authToken" or
// "/payload/tokens/0" (RFC 6901 §3). The error is ErrPointer.
func ParsePointer(text string) (Pointer, error) {
	if text == "" {
		return Pointer{}, nil
	}
	if text[0] != '/' || !utf8.ValidString(text) {
		return Pointer{}, ErrPointer
	}
	p := Pointer{text: text}
	for raw := range strings.SplitSeq(text[1:], "/") {
		name, ok := unescapeStep(raw)
		if !ok {
			return Pointer{}, ErrPointer
		}
		p.steps = append(p.steps, step{name: name, index: arrayIndex(name)})
	}
	p.pickWord()
	return p, nil
}

// MustPointer is ParsePointer for constants: it panics on a bad one.
func MustPointer(text string) Pointer {
	p, err := ParsePointer(text)
	if err != nil {
		panic(err)
	}
	return p
}

// String gives the Pointer as it was written.
func (p Pointer) String() string { return p.text }

// or gives p, or fallback where p is the zero Pointer.
func (p Pointer) or(fallback Pointer) Pointer {
	if len(p.steps) == 0 {
		return fallback
	}
	return p
}

func unescapeStep(raw string) (name string, ok bool) {
	for i := 0; i < len(raw); i++ {
		if raw[i] == '~' && (i+1 == len(raw) || raw[i+1] != '0' && raw[i+1] != '1') {
			return "", false
		}
	}
	// RFC 6901 §4: "~1" first, so that "~01" becomes "~1" and not "/".
	return strings.ReplaceAll(strings.ReplaceAll(raw, "~1", "/"), "~0", "~"), true
}

// arrayIndex reads an index as RFC 6901 §4 writes it: no sign, no leading zero.
func arrayIndex(name string) int64 {
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != name {
		return -1
	}
	return n
}

// pickWord picks the longest name that must occur as a member name in an
// object that holds a value at p. The first step always names a member, since
// the document is an object; a later one with the form of an index might not.
func (p *Pointer) pickWord() {
	for i, s := range p.steps {
		if i == 0 || s.index < 0 && len(s.name) >= len(p.word) {
			p.word = []byte(s.name)
		}
	}
	p.short = bytes.ContainsAny(p.word, shortEscapes)
}

// shortEscapes are the characters that JSON can write as a two-character escape.
const shortEscapes = "\"\\/\b\f\n\r\t"

// mayOccur tells, without reading msg as JSON, whether an object with a value
// at p could be written so. It errs only towards true: a name is written with
// its own bytes, or with an escape somewhere in it, and the only escapes are
// \u and, for eight characters, the two-character ones (RFC 8259 §7).
func (p Pointer) mayOccur(msg []byte) bool {
	if bytes.Contains(msg, p.word) {
		return true
	}
	if p.short {
		return bytes.IndexByte(msg, '\\') >= 0
	}
	return bytes.Contains(msg, unicodeEscape)
}

var unicodeEscape = []byte(`\u`)
