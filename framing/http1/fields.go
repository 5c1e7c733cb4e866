package http1

import (
	"bytes"
	"slices"
	"strings"
)

// Field is one header field: its name as it came, its value without the white
// space round it.
type Field struct{ Name, Value string }

// Fields holds header fields in the order in which they came. Names compare
// without case, in ASCII only: Unicode's folding would take a Kelvin sign for
// a k.
type Fields []Field

// Get returns the value of the first field called name, "" where there is none.
func (fs Fields) Get(name string) string {
	for _, f := range fs {
		if fold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// Values returns the values of all fields called name.
func (fs Fields) Values(name string) []string {
	var vs []string
	for _, f := range fs {
		if fold(f.Name, name) {
			vs = append(vs, f.Value)
		}
	}
	return vs
}

// Count returns how many fields are called name.
func (fs Fields) Count(name string) int {
	n := 0
	for _, f := range fs {
		if fold(f.Name, name) {
			n++
		}
	}
	return n
}

// ListHas tells whether one of the fields called name lists token (RFC 9110
// §5.6.1), compared without case.
func (fs Fields) ListHas(name, token string) bool {
	for _, f := range fs {
		if !fold(f.Name, name) {
			continue
		}
		for v := range strings.SplitSeq(f.Value, ",") {
			if fold(strings.Trim(v, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// Del removes the fields for which drop returns true.
func (fs *Fields) Del(drop func(Field) bool) { *fs = slices.DeleteFunc(*fs, drop) }

// is compares one field with exactly one value: it is there once and says v,
// without case.
func (fs Fields) is(name, v string) bool { return fs.Count(name) == 1 && fold(fs.Get(name), v) }

// fold compares without the case of ASCII letters.
func fold(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c | 0x20
	}
	return c
}

// parseFields reads the field lines of b, which ends with an empty line (RFC
// 9112 §5). s is the same bytes as a string, for the fields to share. name
// says which bytes a field name may hold.
func parseFields(b []byte, s string, name func(byte) bool) (Fields, *Error) {
	fs := make(Fields, 0, bytes.Count(b, []byte{'\n'}))
	for at := 0; ; {
		lf := bytes.IndexByte(b[at:], '\n')
		if lf < 1 || b[at+lf-1] != '\r' {
			return nil, bad(badLineEnd)
		}
		if lf == 1 {
			if at+2 != len(b) {
				return nil, bad(badLineEnd) // something stands behind the head
			}
			return fs, nil
		}
		f, err := parseField(s[at:at+lf-1], name)
		if err != nil {
			return nil, err
		}
		fs = append(fs, f)
		at += lf + 1
	}
}

// parseField reads one field line without its CRLF.
func parseField(s string, name func(byte) bool) (Field, *Error) {
	if s[0] == ' ' || s[0] == '\t' {
		return Field{}, bad(badFold) // RFC 9112 §5.2
	}
	n := 0
	for n < len(s) && name(s[n]) {
		n++
	}
	switch {
	case n < len(s) && n > 0 && (s[n] == ' ' || s[n] == '\t'):
		return Field{}, bad(badSpace) // RFC 9112 §5.1
	case n == 0 || n == len(s) || s[n] != ':':
		return Field{}, bad(badName)
	}
	v := strings.Trim(s[n+1:], " \t")
	for i := range len(v) {
		switch c := v[i]; {
		case c == '\r':
			return Field{}, bad(badLineEnd)
		case c < ' ' && c != '\t' || c == 0x7f:
			return Field{}, bad(badValue) // RFC 9110 §5.5
		}
	}
	return Field{Name: s[:n], Value: v}, nil
}

// plainName is the alphabet of a request's field names. The rest of RFC 9110's
// token characters is used by no client, and differs from server to server.
func plainName(c byte) bool { return alnum(c) || c == '-' || c == '_' }
