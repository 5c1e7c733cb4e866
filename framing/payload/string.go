package payload

import (
	"encoding/binary"
	"math/bits"
	"unicode/utf8"
)

// quoted reads the string that begins here (RFC 8259 §7) and holds it to valid
// UTF-8 without lone surrogates, escaped ones neither. escaped tells whether any
// escape is in it.
func (r *reader) quoted() (escaped, ok bool) {
	msg, from := r.msg, r.pos+1
	if len(msg)-from >= 8 { // most strings are short: a call less for them
		if n := bits.TrailingZeros64(special(binary.LittleEndian.Uint64(msg[from:]))) / 8; n < 8 && msg[from+n] == '"' {
			r.pos = from + n + 1
			return false, true
		}
	}
	for i := ordinary(msg, from); i < len(msg); i = ordinary(msg, i) {
		switch b := msg[i]; {
		case b == '"':
			r.pos = i + 1
			return escaped, true
		case b == '\\':
			n := escapeLength(msg[i:])
			if n == 0 {
				return escaped, false
			}
			escaped = true
			i += n
		case b < ' ':
			return escaped, false
		default:
			_, n := utf8.DecodeRune(msg[i:])
			if n < 2 {
				return escaped, false
			}
			i += n
		}
	}
	return escaped, false
}

// ordinary steps from i over what is ordinary in a string: all but a quote, a
// backslash, a control character, and characters beyond ASCII. Most bytes of most
// messages are read here, eight at a time.
func ordinary(msg []byte, i int) int {
	for ; len(msg)-i >= 8; i += 8 {
		if at := special(binary.LittleEndian.Uint64(msg[i:])); at != 0 {
			return i + bits.TrailingZeros64(at)/8
		}
	}
	for ; i < len(msg); i++ {
		if b := msg[i]; b == '"' || b == '\\' || b < ' ' || b >= utf8.RuneSelf {
			return i
		}
	}
	return i
}

// special has a bit for the lowest byte of w that is not ordinary, and no lower
// one; zero: all eight are.
//
// Where no byte of x has its high bit set, x-0x01… has it for those that are zero,
// and x-0x20… for those below 0x20; a borrow makes bits wrong only above the first
// right one.
func special(w uint64) uint64 {
	const each = 0x0101010101010101
	quote, backslash := w^each*'"', w^each*'\\'
	return (w | (w - each*' ') | (quote - each) | (backslash - each)) & (each * 0x80)
}

// escapeLength is the length of the escape at the beginning of b, or of two
// that make one character; 0: it is none.
func escapeLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return 2
	case 'u':
		unit := codeUnit(b)
		switch {
		case unit < 0 || 0xdc00 <= unit && unit < 0xe000:
			return 0
		case unit < 0xd800 || unit >= 0xe000:
			return 6
		}
		if low := codeUnit(b[6:]); 0xdc00 <= low && low < 0xe000 {
			return 12
		}
	}
	return 0
}

// codeUnit reads \uXXXX at the beginning of b; -1: it is none.
func codeUnit(b []byte) (unit int) {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	for _, c := range b[2:6] {
		unit <<= 4
		switch {
		case '0' <= c && c <= '9':
			unit |= int(c - '0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			unit |= int(c|0x20-'a') + 10
		default:
			return -1
		}
	}
	return unit
}
