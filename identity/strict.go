package identity

import (
	"bytes"
	"encoding/base64"
	"io"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// encode writes base64url without padding (RFC 7515 §2).
func encode(data []byte) string { return base64.RawURLEncoding.EncodeToString(data) }

// decode reads what encode writes and nothing else: no padding, no stray bits
// in the last character, and none of the line breaks that encoding/base64 skips.
func decode(s string) ([]byte, bool) {
	if strings.ContainsAny(s, "\r\n") {
		return nil, false
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return data, err == nil
}

// readObject reads one JSON object: names unique after unescaping, valid UTF-8,
// nothing behind it. The values are copies.
func readObject(data []byte) (map[string]jsontext.Value, bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '{' {
		return nil, false
	}
	fields := make(map[string]jsontext.Value)
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return nil, false
		}
		name := token.String()
		value, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		fields[name] = value.Clone()
	}
	return fields, closes(dec)
}

func readArray(data []byte) ([]jsontext.Value, bool) {
	dec := jsontext.NewDecoder(bytes.NewReader(data))
	if open, err := dec.ReadToken(); err != nil || open.Kind() != '[' {
		return nil, false
	}
	var values []jsontext.Value
	for dec.PeekKind() != ']' {
		value, err := dec.ReadValue()
		if err != nil {
			return nil, false
		}
		values = append(values, value.Clone())
	}
	return values, closes(dec)
}

// closes reads the closing bracket and sees that nothing follows.
func closes(dec *jsontext.Decoder) bool {
	if _, err := dec.ReadToken(); err != nil {
		return false
	}
	_, err := dec.ReadToken()
	return err == io.EOF
}

func readString(value jsontext.Value) (string, bool) {
	if value.Kind() != '"' {
		return "", false
	}
	text, err := jsontext.AppendUnquote(nil, value)
	return string(text), err == nil
}

// readUnix reads a time in whole seconds, digits only: 1e9 and 1.0 are spellings
// that verifiers disagree about, and 01 is no JSON.
func readUnix(value jsontext.Value) (int64, bool) {
	seconds, err := strconv.ParseInt(string(value), 10, 64)
	return seconds, err == nil && validUnix(seconds)
}
