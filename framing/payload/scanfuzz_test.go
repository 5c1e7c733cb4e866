package payload_test

import (
	"bytes"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing/payload"
)

// where is a value that the reference found.
type where struct {
	pointer    string // "" is the root
	steps      []bool // of the pointer's: whether it is an element's index
	kind       byte
	start, end int
}

// reference reads msg by the library, which refuses duplicate names, invalid
// UTF-8, lone surrogates and a BOM by itself; the values stand in the order in
// which they begin. It shares no code with the reader under test.
func reference(msg []byte) (values []where, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(msg))
	var open []int
	for {
		token, err := d.ReadToken()
		if err == io.EOF {
			return values, len(values) > 0 && len(open) == 0
		}
		if second := len(values) > 0 && len(open) == 0; err != nil || d.StackDepth() > 64 || second {
			return nil, false
		}
		end := int(d.InputOffset())
		kind := token.Kind()
		if kind == '}' || kind == ']' {
			values[open[len(open)-1]].end = end
			open = open[:len(open)-1]
			continue
		}
		v := where{pointer: string(d.StackPointer()), kind: byte(kind), end: end}
		depth := d.StackDepth()
		if kind == '{' || kind == '[' {
			depth--
			v.start, v.end = end-1, 0
			open = append(open, len(values))
		}
		container, count := d.StackIndex(depth)
		if container == '{' && count%2 == 1 {
			continue // a name
		}
		for i := 1; i <= depth; i++ {
			k, _ := d.StackIndex(i)
			v.steps = append(v.steps, k == '[')
		}
		values = append(values, v)
	}
}

// isAt tells whether a path, in which "*" is each element, leads to v.
func (v where) isAt(path string) bool {
	want, have := strings.Split(path, "/"), strings.Split(v.pointer, "/")
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		star := want[i] == "*"
		if i > 0 && star != v.steps[i-1] && star || !star && want[i] != have[i] {
			return false
		}
	}
	return true
}

func FuzzScanAgreesWithTheReference(f *testing.F) {
	for _, msg := range []string{
		`{"a":[{"b":"x"},{"b":2,"c":null}],"a/b":true,"0":-1.5e+7}`, ` [1 , [ 2,{"0":false}] ] `, `{"\u0061":1,"b":"\ud83d\ude00\n"}`,
		`{"a":1,"a":2}`, `{"a":1,"\u0061":2}`, `"é and 日本語, long enough for words"`, "\"\xed\xa0\x80\"", `"\ud800\u0041"`, `"\ud800\ue000"`, `"\ud800\udbff"`, `{"a":01}`, `[1,]`, `{,}`,
		`[}`, `{]`, `[1 2]`, `{"a" 1}`, `{"a":1 "b":2}`, `nul`, `nullx`, `truefalse`, `-`, `1.`, `1e`, `0x1`, `1 2`, "\ufeff1", "1\x00", "", " ", `[1]]`, `0[]`, `[]{}`,
		"\"control \x1f\"", "\"delete \x7f\"", `"\x"`, `"\u12g4"`, `"\u12`, `"\`, `"abc`,
		strings.Repeat("[", 64) + strings.Repeat("]", 64), strings.Repeat("[", 65) + strings.Repeat("]", 65),
		`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1,"m":1,"n":1,"o":1,"p":1,"q":1,"r":1,"s":1,"t":1,"u":1,"v":1,"w":1,"x":1,"y":1,"\u007a":[{}],"z":1}`,
	} {
		f.Add([]byte(msg), "/a/0/b", "/a/*/b")
		f.Add([]byte(msg), "", "/*")
		f.Add([]byte(msg), "/a~1b", "/0/*")
	}
	f.Fuzz(func(t *testing.T, msg []byte, one, many string) {
		pointer, err := payload.ParsePointer(one)
		if err != nil {
			return
		}
		values, readable := reference(msg)
		want := []payload.Pointer{pointer, {}}
		found := make([]payload.Value, 2)
		if err := payload.Scan(msg, want, found); (err == nil) != readable {
			t.Fatalf("%q: error %v, by the reference it is readable: %v", msg, err, readable)
		}
		if readable {
			for i, text := range []string{one, ""} {
				var here where
				for _, v := range values {
					if v.pointer == text {
						here = v
					}
				}
				if v := found[i]; v.Kind != here.kind || v.End != here.end || here.start > 0 && v.Start != here.start {
					t.Fatalf("%q at %q: %+v, want %+v", msg, text, v, here)
				}
				agreeOnText(t, msg, found[i])
			}
		}
		paths, err := payload.ParsePaths(many)
		if err != nil {
			return
		}
		list, err := paths.Find(msg, `{["0tfn`, nil, len(msg))
		if (err == nil) != readable {
			t.Fatalf("%q: Find gives %v, by the reference it is readable: %v", msg, err, readable)
		}
		var ends, wantEnds []int
		for _, v := range list {
			ends = append(ends, v.End)
			agreeOnText(t, msg, v)
		}
		for _, v := range values {
			if v.isAt(many) {
				wantEnds = append(wantEnds, v.end)
			}
		}
		if readable && !reflect.DeepEqual(ends, wantEnds) {
			t.Fatalf("%q at %q: values that end at %v, want %v", msg, many, ends, wantEnds)
		}
	})
}

// agreeOnText holds a value's bytes and its text to the library's.
func agreeOnText(t *testing.T, msg []byte, v payload.Value) {
	t.Helper()
	if v.Kind == 0 {
		return
	}
	raw := jsontext.Value(msg[v.Start:v.End])
	if !raw.IsValid() || raw.Kind() != jsontext.Kind(v.Kind) {
		t.Fatalf("%q: %q is no whole value of kind %q", msg, raw, v.Kind)
	}
	want := ""
	if v.Kind == '"' {
		text, err := jsontext.AppendUnquote(nil, raw)
		if err != nil {
			t.Fatalf("%q: %v", raw, err)
		}
		want = string(text)
	}
	if got := v.Text(msg); got != want {
		t.Fatalf("%q has the text %q, want %q", raw, got, want)
	}
}
