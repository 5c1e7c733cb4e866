package livestore_test

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// strict is a reader of JSON (RFC 8259, and RFC 7493 §2.1 and §2.3: UTF-8, no
// lone surrogates, no duplicate names, nesting up to 64) that shares nothing with
// the one under test. It finds where one member stands.
type strict struct {
	text []byte
	at   int
	want []string // the names on the way to the member, all in objects

	found bool
	// name and end are the member's first byte and the one behind it; value is
	// the string there, unescaped, "" for any other value.
	name, end int
	value     string
}

// read tells whether the text is one strict value and nothing else.
func (s *strict) read() bool {
	return s.any(0, 0) && s.blank() == len(s.text)
}

func (s *strict) blank() int {
	for s.at < len(s.text) && (s.text[s.at] == ' ' || s.text[s.at] == '\t' || s.text[s.at] == '\n' || s.text[s.at] == '\r') {
		s.at++
	}
	return s.at
}

func (s *strict) take(c byte) bool {
	if s.blank() < len(s.text) && s.text[s.at] == c {
		s.at++
		return true
	}
	return false
}

// any reads a value in depth containers, of which the first matched are on the
// way to the member (-1: this is beside it).
func (s *strict) any(depth, matched int) bool {
	if s.blank() == len(s.text) {
		return false
	}
	switch c := s.text[s.at]; c {
	case '{':
		return depth < 64 && s.object(depth, matched)
	case '[':
		return depth < 64 && s.array(depth)
	case '"':
		_, ok := s.str()
		return ok
	case 't', 'f', 'n':
		word := map[byte]string{'t': "true", 'f': "false", 'n': "null"}[c]
		if len(s.text)-s.at < len(word) || string(s.text[s.at:s.at+len(word)]) != word {
			return false
		}
		s.at += len(word)
		return true
	}
	return s.number()
}

func (s *strict) object(depth, matched int) bool {
	s.at++
	if s.take('}') {
		return true
	}
	names := map[string]bool{}
	for {
		start := s.blank()
		name, ok := s.str()
		if !ok || names[name] || !s.take(':') {
			return false
		}
		names[name] = true
		below, here := -1, false
		if matched >= 0 && name == s.want[matched] {
			below, here = matched+1, matched+1 == len(s.want)
		}
		if here {
			below = -1
		}
		from := s.blank()
		if !s.any(depth+1, below) {
			return false
		}
		if here {
			s.found, s.name, s.end = true, start, s.at
			if s.text[from] == '"' {
				again := strict{text: s.text[:s.at], at: from}
				s.value, _ = again.str()
			}
		}
		if s.take('}') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *strict) array(depth int) bool {
	s.at++
	if s.take(']') {
		return true
	}
	for {
		if !s.any(depth+1, -1) {
			return false
		}
		if s.take(']') {
			return true
		}
		if !s.take(',') {
			return false
		}
	}
}

func (s *strict) number() bool {
	digits := func() bool {
		from := s.at
		for s.at < len(s.text) && '0' <= s.text[s.at] && s.text[s.at] <= '9' {
			s.at++
		}
		return s.at > from
	}
	next := func(set string) bool {
		for i := range len(set) {
			if s.at < len(s.text) && s.text[s.at] == set[i] {
				s.at++
				return true
			}
		}
		return false
	}
	next("-")
	if !next("0") && !digits() {
		return false
	}
	if next(".") && !digits() {
		return false
	}
	if next("eE") {
		next("+-")
		return digits()
	}
	return true
}

func (s *strict) str() (string, bool) {
	if s.at == len(s.text) || s.text[s.at] != '"' {
		return "", false
	}
	var out []byte
	for s.at++; s.at < len(s.text); {
		c := s.text[s.at]
		switch {
		case c == '"':
			s.at++
			return string(out), true
		case c < ' ':
			return "", false
		case c == '\\':
			r, ok := s.escape()
			if !ok {
				return "", false
			}
			out = utf8.AppendRune(out, r)
		default:
			r, n := utf8.DecodeRune(s.text[s.at:])
			if r == utf8.RuneError && n == 1 {
				return "", false
			}
			out = append(out, s.text[s.at:s.at+n]...)
			s.at += n
		}
	}
	return "", false
}

func (s *strict) escape() (rune, bool) {
	if s.at+1 >= len(s.text) {
		return 0, false
	}
	c := s.text[s.at+1]
	if c != 'u' {
		plain, ok := map[byte]rune{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}[c]
		s.at += 2
		return plain, ok
	}
	first, ok := s.unit()
	if !ok || !utf16.IsSurrogate(first) {
		return first, ok
	}
	second, ok := s.unit()
	r := utf16.DecodeRune(first, second)
	return r, ok && r != utf8.RuneError
}

func (s *strict) unit() (rune, bool) {
	if s.at+6 > len(s.text) || s.text[s.at] != '\\' || s.text[s.at+1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(s.text[s.at+2:s.at+6]), 16, 16)
	s.at += 6
	return rune(n), err == nil
}

// without gives the text without the member that was found, and one comma.
func (s *strict) without() string {
	before, after := s.name, s.end
	blank := func(i int) bool {
		return s.text[i] == ' ' || s.text[i] == '\t' || s.text[i] == '\n' || s.text[i] == '\r'
	}
	for blank(before - 1) {
		before--
	}
	if s.text[before-1] == ',' {
		return string(s.text[:before-1]) + string(s.text[s.end:])
	}
	for blank(after) {
		after++
	}
	if s.text[after] == ',' {
		return string(s.text[:s.name]) + string(s.text[after+1:])
	}
	return string(s.text[:s.name]) + string(s.text[s.end:])
}
