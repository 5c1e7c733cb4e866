package payload_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing/payload"
)

func scan(msg string) error {
	return payload.Scan([]byte(msg), nil, nil)
}

func TestScanRefusesWhatIsNotStrict(t *testing.T) {
	for name, msg := range map[string]string{
		"nothing":                      ``,
		"white space only":             " \n",
		"two equal names":              `{"a":1,"a":1}`,
		"equal names after unescaping": `{"a":1,"\u0061":2}`,
		"equal names deep inside":      `{"x":[{"a":1,"b":2,"a":3}]}`,
		"a byte that is no UTF-8":      "{\"a\":\"\xff\"}",
		"such a byte in a name":        "{\"\xff\":1}",
		"an overlong encoding":         "{\"a\":\"\xc0\xaf\"}",
		"a surrogate in UTF-8":         "{\"a\":\"\xed\xa0\x80\"}",
		"a lone high surrogate escape": `{"a":"\ud800"}`,
		"a lone low surrogate escape":  `{"a":"\udc00x"}`,
		"surrogates the wrong way":     `{"a":"\udc00\ud800"}`,
		"a surrogate escape in a name": `{"\ud800":1}`,
		"a byte order mark":            "\ufeff{}",
		"trailing data":                `{} x`,
		"a second object":              `{}{}`,
		"a trailing comma":             `{"a":1,}`,
		"a trailing NUL":               "{}\x00",
		"a comment":                    `{/**/}`,
		"an unquoted name":             `{a:1}`,
		"a name that is an object":     `{{}:1}`,
		"a name that is a number":      `{1:1}`,
		"a single quote":               `{'a':1}`,
		"an unknown escape":            `{"a":"\x41"}`,
		"a raw control character":      "{\"a\":\"\n\"}",
		"an unfinished object":         `{"a":1`,
		"an unfinished string":         `{"a":"`,
		"the wrong bracket":            `{"a":[}]`,
		"a leading zero":               `{"a":01}`,
		"a plus":                       `{"a":+1}`,
		"NaN":                          `{"a":NaN}`,
		"no value":                     `{"a"}`,
		"no break space":               "{\u00a0}",
	} {
		if err := scan(msg); !errors.Is(err, payload.ErrBadFrame) {
			t.Errorf("%s: %q gives %v", name, msg, err)
		}
	}
}

func TestScanReadsWhatIsStrict(t *testing.T) {
	for name, msg := range map[string]string{
		"an empty object":            ` {} `,
		"every white space":          "\t{ \"a\"\r:\n[ ] , \"b\" : null }\n",
		"a scalar":                   `17`,
		"a number beyond any type":   `{"a":-1e999999999,"b":` + strings.Repeat("9", 5000) + `}`,
		"a pair of surrogates":       `{"a":"\ud83d\ude00"}`,
		"an escaped NUL":             `{"a":"\u0000"}`,
		"the replacement character":  `{"a":"` + "\ufffd" + `"}`,
		"names that differ in case":  `{"a":1,"A":2}`,
		"names of differing objects": `{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}`,
		"names before normalisation": "{\"\u00e9\":1,\"e\u0301\":2}",
		"an empty name":              `{"":1}`,
	} {
		if err := scan(msg); err != nil {
			t.Errorf("%s: %q gives %v", name, msg, err)
		}
	}
}

func TestNestingIsReadTo64AndNoDeeper(t *testing.T) {
	nest := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	for _, c := range []struct {
		n  int
		ok bool
	}{{1, true}, {63, true}, {64, true}, {65, false}, {10001, false}, {1000000, false}} {
		for _, msg := range []string{
			nest("[", "", "]", c.n),
			nest("[", "1", "]", c.n),
			nest(`{"a":`, "1", "}", c.n),
			`{"a":` + nest(`[`, "1", "]", c.n-1) + `}`,
		} {
			if err := scan(msg); (err == nil) != c.ok {
				t.Errorf("%d levels of %.8q give %v", c.n, msg, err)
			}
		}
	}
}

func TestManyNamesAreStillTold(t *testing.T) {
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, `"name%d":%d,`, i, i)
	}
	if err := scan("{" + b.String() + `"last":1}`); err != nil {
		t.Error(err)
	}
	if err := scan("{" + b.String() + `"name17":1}`); err == nil {
		t.Error("the repeated name among 5000 was not seen")
	}
}

func TestScannersForgetEarlierMessages(t *testing.T) {
	want := []payload.Pointer{payload.MustPointer("/a/b")}
	found := make([]payload.Value, 1)
	for range 100 {
		_ = payload.Scan([]byte(`{"a":{"b":1,`), want, found)
		if err := payload.Scan([]byte(`{"b":1,"x":{"b":2}}`), want, found); err != nil || found[0].Kind != 0 {
			t.Fatalf("error %v, found %+v", err, found[0])
		}
	}
}

func TestValuesTellTheirText(t *testing.T) {
	msg := []byte(`{"plain":"abc","escaped":"\u0061b\u0063","number":1,"null":null}`)
	want := []payload.Pointer{
		payload.MustPointer("/plain"), payload.MustPointer("/escaped"),
		payload.MustPointer("/number"), payload.MustPointer("/null"), payload.MustPointer("/none"),
	}
	found := make([]payload.Value, len(want))
	if err := payload.Scan(msg, want, found); err != nil {
		t.Fatal(err)
	}
	for i, text := range []string{"abc", "abc", "", "", ""} {
		if got := found[i].Text(msg); got != text {
			t.Errorf("%s has the text %q, want %q", want[i], got, text)
		}
		if got := found[i].Is(msg, text); got != (text != "") {
			t.Errorf("%s is %q: %v", want[i], text, got)
		}
	}
	if found[1].Is(msg, "ab") || found[0].Is(msg, "abcd") {
		t.Error("a part of a text is taken for the whole")
	}
}
