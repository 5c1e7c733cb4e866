package http1

// goodPath tells whether all who read the path p, which begins with a slash,
// walk it alike. Percent escapes are decoded once, as an upstream does, and a
// decoded slash counts as a slash: an empty segment but the last, a segment
// "." or ".." (also with parameters, "..;x", which some servers cut off before
// they walk), a backslash, a NUL and a malformed escape are refused. A lone
// %2f inside a segment ("a%2fb") passes: identifiers may hold slashes.
func goodPath(p []byte) bool {
	var seg segment
	for i := 1; i < len(p); i++ {
		c := p[i]
		if c == '%' {
			if i+2 >= len(p) || unhex(p[i+1]) < 0 || unhex(p[i+2]) < 0 {
				return false
			}
			c = byte(unhex(p[i+1])<<4 | unhex(p[i+2]))
			i += 2
		}
		switch c {
		case 0, '\\':
			return false
		case '/':
			if seg.size == 0 || seg.dots() {
				return false
			}
			seg = segment{}
		default:
			seg.add(c)
		}
	}
	return !seg.dots()
}

// segment is what goodPath knows of the path segment that it is in.
type segment struct {
	size  int  // decoded bytes
	stem  int  // of them, those before the first ';'
	other bool // the stem holds something else than dots
	cut   bool // a ';' has come
}

func (s *segment) add(c byte) {
	s.size++
	s.cut = s.cut || c == ';'
	if !s.cut {
		s.stem++
		s.other = s.other || c != '.'
	}
}

func (s *segment) dots() bool { return !s.other && (s.stem == 1 || s.stem == 2) }

// unhex returns the value of a hexadecimal digit, -1 for any other byte.
func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}
