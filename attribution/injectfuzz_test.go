package attribution_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/framing/payload"
)

// The reference shares nothing with what it checks but the library that knows
// the grammar: it builds the whole document and walks the paths in it.

func strict(msg []byte) (doc any, ok bool) {
	if !jsontext.Value(msg).IsValid() {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(msg))
	d.UseNumber()
	return doc, d.Decode(&doc) == nil && nesting(doc) <= 64
}

func nesting(v any) (deepest int) {
	switch v := v.(type) {
	case map[string]any:
		for _, e := range v {
			deepest = max(deepest, nesting(e))
		}
	case []any:
		for _, e := range v {
			deepest = max(deepest, nesting(e))
		}
	default:
		return 0
	}
	return deepest + 1
}

// author does to the value behind the steps what Inject must do, and counts.
func author(v any, steps []string, seen map[uintptr]bool) (n int) {
	if len(steps) == 0 {
		event, ok := v.(map[string]any)
		if !ok {
			return 0
		}
		if id := reflect.ValueOf(event).Pointer(); seen[id] {
			return 0
		} else {
			seen[id] = true
		}
		meta, ok := event["metadata"].(map[string]any)
		if !ok {
			meta = map[string]any{}
		}
		meta["userId"], meta["timestamp"], meta["connectionId"] = "ada", json.Number("1763850000123"), "c-1"
		event["metadata"] = meta
		return 1
	}
	step := strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[0])
	switch v := v.(type) {
	case map[string]any:
		if member, there := v[step]; there && step != "*" {
			n += author(member, steps[1:], seen)
		}
	case []any:
		for i, e := range v {
			if step == "*" || step == strconv.Itoa(i) {
				n += author(e, steps[1:], seen)
			}
		}
	}
	return n
}

func FuzzInject(f *testing.F) {
	for _, msg := range []string{
		`{"type":"event","event":{"name":"x","metadata":{"userId":"eve","k":1.50e+01}}}`,
		` { "events" : [ { } , {"a":"\u0041"} , 1 ] , "batch":[{"metadata":null}] }`,
		`{"\u0065vent":{"m\u0065tadata":{"\u0075serId":1}}}`, `{"event":{"event":{}}}`, `{"event":{"metadata":{},"metadata":{}}}`,
		`{"event":"x"}`, `[{"event":{}}]`, `[[{}],{}]`, `{"a\/b":{"*":{}}}`, `{}{}`, "\ufeff{\"event\":{}}", `{"event":{"a":"\ud800"}}`, `event`, ``,
		strings.Repeat(`{"event":`, 64) + "{}" + strings.Repeat("}", 64),
	} {
		for _, paths := range []string{"/event,/events/*,/batch/*", "/*", "/event,/event/event", "/a~1b/*", "/0/0,/*/*"} {
			f.Add([]byte(msg), paths)
		}
	}
	f.Fuzz(func(t *testing.T, msg []byte, list string) {
		texts := strings.Split(list, ",")
		if len(texts) > 8 {
			return
		}
		paths, err := payload.ParsePaths(texts...)
		if err != nil {
			return
		}
		in, err := attribution.NewInjector(paths)
		if err != nil {
			return
		}
		before := bytes.Clone(msg)
		out, n, err := in.Inject(nil, msg, ada, now, noLimit)
		if !bytes.Equal(msg, before) {
			t.Fatalf("%q was changed in place", before)
		}
		doc, readable := strict(msg)
		if !readable {
			checkUnreadable(t, msg, texts, out, err)
			return
		}
		want, seen := 0, map[uintptr]bool{}
		for _, text := range texts {
			want += author(doc, strings.Split(text, "/")[1:], seen)
		}
		if err != nil || n != want || (out == nil) != (n == 0) {
			t.Fatalf("%q at %s: %d events, %v; want %d", msg, list, n, err, want)
		}
		if out == nil {
			return
		}
		if after, ok := strict(out); !ok || !reflect.DeepEqual(after, doc) {
			t.Fatalf("%q at %s became %q", msg, list, out)
		}
		checkBytes(t, msg, out)
		again, m, err := in.Inject(nil, out, ada, now, noLimit)
		if err != nil || m != n || !bytes.Equal(again, out) {
			t.Fatalf("%q became %q, and then %q", msg, out, again)
		}
	})
}

// checkUnreadable: what cannot be read passes only where a lenient reader would
// find no event in it either.
func checkUnreadable(t *testing.T, msg []byte, texts []string, out []byte, err error) {
	if errors.Is(err, payload.ErrBadFrame) && out == nil {
		return
	}
	if err != nil || out != nil {
		t.Fatalf("%q: %q, %v", msg, out, err)
	}
	var doc any
	if json.Unmarshal(msg, &doc) != nil {
		return
	}
	for _, text := range texts {
		if author(doc, strings.Split(text, "/")[1:], map[uintptr]bool{}) > 0 {
			t.Fatalf("%q passed, and holds an event", msg)
		}
	}
}

// checkBytes: without what was put in, the other bytes are as they were. Where
// the client wrote no metadata, nothing was replaced.
func checkBytes(t *testing.T, msg, out []byte) {
	if bytes.Contains(msg, []byte("metadata")) || bytes.Contains(msg, []byte(`\u`)) {
		return
	}
	rest := bytes.ReplaceAll(out, []byte(","+metadata), nil)
	if rest = bytes.ReplaceAll(rest, []byte(metadata), nil); !bytes.Equal(rest, msg) {
		t.Fatalf("%q became %q", msg, out)
	}
}
