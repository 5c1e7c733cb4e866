package payload_test

import (
	"errors"
	"testing"

	"github.com/syncward/syncward/framing/payload"
)

func TestPointersAreReadAsRFC6901WritesThem(t *testing.T) {
	const doc = `{"foo":["bar",{"deep":7}],"":0,"a/b":1,"m~n":8,"~1":9,"0":10,"01":11,"é":12}`
	for _, c := range []struct{ pointer, want string }{
		{"", doc},
		{"/foo", `["bar",{"deep":7}]`},
		{"/foo/0", `"bar"`},
		{"/foo/1/deep", "7"},
		{"/foo/00", ""},
		{"/foo/01", ""},
		{"/foo/-", ""},
		{"/foo/2", ""},
		{"/foo/-1", ""},
		{"/foo/99999999999999999999", ""},
		{"/", "0"},
		{"/a~1b", "1"},
		{"/m~0n", "8"},
		{"/~01", "9"},
		{"/0", "10"},
		{"/01", "11"},
		{"/é", "12"},
		{"/FOO", ""},
		{"/foo/", ""},
	} {
		found := make([]payload.Value, 1)
		if err := payload.Scan([]byte(doc), []payload.Pointer{payload.MustPointer(c.pointer)}, found); err != nil {
			t.Fatal(err)
		}
		got := ""
		if found[0].Kind != 0 {
			got = doc[found[0].Start:found[0].End]
		}
		if got != c.want {
			t.Errorf("%q finds %q, want %q", c.pointer, got, c.want)
		}
	}
}

func TestTheSameNamesUnderAnotherParentAreNotFound(t *testing.T) {
	for _, c := range []struct{ doc, want string }{
		{`{"a":{"x":1},"c":{"b":{"d":2}}}`, ""},
		{`{"a":{"b":{"x":1}},"c":{"d":2}}`, ""},
		{`{"a":{"x":{"d":1},"b":{"d":2},"y":{"d":3}},"b":{"d":4}}`, "2"},
		{`{"c":{"a":{"b":{"d":1}}},"a":[{"b":{"d":2}}]}`, ""},
		{`{"a":1,"b":{"d":2}}`, ""},
		{`[{"a":{"b":{"d":1}}}]`, ""},
	} {
		found := make([]payload.Value, 1)
		if err := payload.Scan([]byte(c.doc), []payload.Pointer{payload.MustPointer("/a/b/d")}, found); err != nil {
			t.Fatal(err)
		}
		if got := c.doc[found[0].Start:found[0].End]; got != c.want {
			t.Errorf("in %s: %q, want %q", c.doc, got, c.want)
		}
	}
}

func TestTextsThatAreNoPointerAreRefused(t *testing.T) {
	for _, text := range []string{"authToken", "#/a", "/a~", "/a~2", "/~/b", "/\xff", " /a"} {
		if p, err := payload.ParsePointer(text); !errors.Is(err, payload.ErrPointer) {
			t.Errorf("%q is taken for the Pointer %q, error %v", text, p, err)
		}
	}
}

func TestPointerKeepsItsSpelling(t *testing.T) {
	for _, text := range []string{"", "/", "/a~1b/0"} {
		if got := payload.MustPointer(text).String(); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}
