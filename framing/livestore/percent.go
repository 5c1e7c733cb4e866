package livestore

import "unicode/utf8"

// decoded is a decoded piece of a query that knows where it came from: text[i]
// was written at raw[at[i]:at[i+1]]. So a part of the text can be cut out of
// the query while every other byte stays as the client wrote it.
type decoded struct {
	text []byte
	at   []int // len(text)+1 offsets in the raw query
}

// decodeForm decodes raw[from:to] as URLSearchParams does (WHATWG URL §5.1): a
// "+" is a space, and a "%" that begins no escape stands for itself.
func decodeForm(raw string, from, to int) decoded {
	d := decoded{text: make([]byte, 0, to-from), at: make([]int, 0, to-from+1)}
	for i := from; i < to; {
		b, n := raw[i], 1
		if b == '+' {
			b = ' '
		} else if v, ok := percent(raw[i:to]); ok {
			b, n = v, 3
		}
		d.text, d.at = append(d.text, b), append(d.at, i)
		i += n
	}
	d.at = append(d.at, to)
	return d
}

// decodeComponent decodes d once more as decodeURIComponent does (ECMA-262
// §19.2.6.5): ok is false where that would throw, at a "%" that begins no
// escape or at bytes that are no UTF-8.
func decodeComponent(d decoded) (again decoded, ok bool) {
	again = decoded{text: make([]byte, 0, len(d.text)), at: make([]int, 0, len(d.at))}
	for i := 0; i < len(d.text); {
		b, n := d.text[i], 1
		if b == '%' {
			if b, ok = percent(d.text[i:]); !ok {
				return decoded{}, false
			}
			n = 3
		}
		again.text, again.at = append(again.text, b), append(again.at, d.at[i])
		i += n
	}
	again.at = append(again.at, d.at[len(d.text)])
	return again, utf8.Valid(again.text)
}

// percent reads one percent-encoded byte at the beginning of s.
func percent[S string | []byte](s S) (b byte, ok bool) {
	if len(s) < 3 || s[0] != '%' {
		return 0, false
	}
	high, ok1 := hex(s[1])
	low, ok2 := hex(s[2])
	return high<<4 | low, ok1 && ok2
}

func hex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// encode percent-encodes all but the unreserved characters (RFC 3986 §2.3).
func encode(text []byte) []byte {
	const digits = "0123456789ABCDEF"
	out := make([]byte, 0, 3*len(text))
	for _, b := range text {
		switch {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '-', b == '.', b == '_', b == '~':
			out = append(out, b)
		default:
			out = append(out, '%', digits[b>>4], digits[b&15])
		}
	}
	return out
}
