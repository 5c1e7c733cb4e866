package authz

import (
	"bytes"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// objectReader reads strict JSON objects (RFC 8259, and RFC 7515 §4 on unique
// names): duplicate names, also where only one of them is escaped, invalid
// UTF-8, a byte order mark and trailing data are refused. The zero value is
// ready to use.
type objectReader struct {
	decoder jsontext.Decoder
	input   bytes.Buffer
	name    []byte
}

// read calls visit with each member's name, unescaped, and raw value. Both are
// valid during the call only. It reports false unless data is exactly one
// strict object; visit may have seen some of its members by then, so what it
// gathered counts only after true.
func (r *objectReader) read(data []byte, visit func(name []byte, value jsontext.Value)) bool {
	r.input = *bytes.NewBuffer(data)
	r.decoder.Reset(&r.input)
	if t, err := r.decoder.ReadToken(); err != nil || t.Kind() != '{' {
		return false
	}
	for r.decoder.PeekKind() == '"' {
		name, err := r.decoder.ReadValue()
		if err != nil {
			return false
		}
		if r.name, err = jsontext.AppendUnquote(r.name[:0], name); err != nil {
			return false
		}
		value, err := r.decoder.ReadValue()
		if err != nil {
			return false
		}
		visit(r.name, value)
	}
	if _, err := r.decoder.ReadToken(); err != nil { // the closing brace
		return false
	}
	_, err := r.decoder.ReadToken()
	return err == io.EOF
}

// unquote returns the string that value is, false where it is none. The result
// may be a part of value.
func unquote(value jsontext.Value) ([]byte, bool) {
	if value.Kind() != '"' {
		return nil, false
	}
	if inner := value[1 : len(value)-1]; bytes.IndexByte(inner, '\\') < 0 {
		return inner, true
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return text, err == nil
}
