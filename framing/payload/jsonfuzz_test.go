package payload_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// The slow reader below shares nothing with the one under test but the library
// that knows the grammar: it builds the whole document and looks in it.

// strictObject gives the document if msg is a strict JSON object.
func strictObject(msg []byte) (doc map[string]any, ok bool) {
	if !jsontext.Value(msg).IsValid() || depth(msg) > 64 {
		return nil, false
	}
	return decode(msg)
}

func decode(msg []byte) (doc map[string]any, ok bool) {
	d := json.NewDecoder(bytes.NewReader(msg))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	doc, ok = v.(map[string]any)
	return doc, ok
}

func depth(msg []byte) int {
	d := json.NewDecoder(bytes.NewReader(msg))
	d.UseNumber()
	open, deepest := 0, 0
	for {
		tok, err := d.Token()
		if err != nil {
			return deepest
		}
		switch tok {
		case json.Delim('{'), json.Delim('['):
			open++
			deepest = max(deepest, open)
		case json.Delim('}'), json.Delim(']'):
			open--
		}
	}
}

// at gives the container of what stands at the pointer, the key in it, and the
// value.
func at(doc map[string]any, pointer string) (parent any, key string, v any, there bool) {
	v, there = doc, true
	for _, step := range strings.Split(pointer, "/")[1:] {
		parent, key = v, strings.NewReplacer("~1", "/", "~0", "~").Replace(step)
		switch c := parent.(type) {
		case map[string]any:
			v, there = c[key]
		case []any:
			i, err := strconv.Atoi(key)
			there = err == nil && i >= 0 && i < len(c) && strconv.Itoa(i) == key
			if there {
				v = c[i]
			}
		default:
			there = false
		}
		if !there {
			return nil, "", nil, false
		}
	}
	return parent, key, v, true
}

// strip changes doc as the reader under test must change the message.
func strip(parent any, key, with string) {
	switch c := parent.(type) {
	case map[string]any:
		if delete(c, key); with != "" {
			c[key] = with
		}
	case []any:
		i, _ := strconv.Atoi(key)
		if c[i] = nil; with != "" {
			c[i] = with
		}
	}
}

// oneCut tells whether after is before with one stretch replaced by put.
func oneCut(before, after, put []byte) bool {
	head := 0
	for head < len(before) && head < len(after) && before[head] == after[head] {
		head++
	}
	for ; head >= 0; head-- {
		rest, ok := bytes.CutPrefix(after[head:], put)
		if ok && bytes.HasSuffix(before[head:], rest) {
			return true
		}
	}
	return false
}

func check(t *testing.T, msg []byte, field, with string, f payload.Found) {
	t.Helper()
	doc, ok := strictObject(msg)
	var parent, v any
	var key string
	there := false
	if ok {
		parent, key, v, there = at(doc, field)
	}
	text, _ := v.(string)
	if f.Token != text || f.HasToken != (text != "") {
		t.Fatalf("%q at %q: found %+v, want the token %q", msg, field, f, text)
	}
	if !there {
		if f.Out != nil {
			t.Fatalf("%q holds nothing at %q and became %q", msg, field, f.Out)
		}
		return
	}
	if f.Out == nil {
		t.Fatalf("%q holds %q at %q and passed", msg, v, field)
	}
	strip(parent, key, with)
	after, ok := strictObject(f.Out)
	if !ok || !reflect.DeepEqual(after, doc) {
		t.Fatalf("%q without %q became %q", msg, field, f.Out)
	}
	var put []byte
	if _, element := parent.([]any); element {
		put = []byte("null")
	}
	if with != "" {
		put, _ = jsontext.AppendQuote(nil, with)
	}
	if !oneCut(msg, f.Out, put) {
		t.Fatalf("%q became %q: more than one stretch changed", msg, f.Out)
	}
}

func seedJSON(f *testing.F) {
	for _, msg := range []string{
		`{"type":"init","instanceId":"room-1","authToken":"a.b.c"}`,
		` { "authToken" : "a" , "n" : 1.50e+01 } `, `{"authToken":null}`, `{"authToken":""}`, `{"authToken":{}}`,
		`{"\u0061uthToken":"\u0061"}`, `{"authToken":"a","authToken":"b"}`, `{"a":"authToken"}`, `{"a":"\\u"}`,
		`{"payload":{"list":[1,{"authToken":"a"}]}}`, `{"a\/b":"x","a\"b":"y","":"z"}`, `["authToken"]`, `{"0":["x"]}`,
		"\ufeff{}", "{\"authToken\":\"\xff\"}", `{"authToken":"\ud800"}`, `{}{}`, `authToken`,
		strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64),
	} {
		for _, field := range []string{"/authToken", "/a~1b", "/payload/list/1/authToken", "/0/0", "/"} {
			f.Add([]byte(msg), field, "")
			f.Add([]byte(msg), field, `sta"tic`)
		}
	}
}

func FuzzJSONLater(f *testing.F) {
	seedJSON(f)
	f.Fuzz(func(t *testing.T, msg []byte, field, with string) {
		pointer, err := payload.ParsePointer(field)
		if err != nil || field == "" {
			return
		}
		with = strings.ToValidUTF8(with, "")
		j := payload.JSON{TokenField: pointer, Replace: with, AllFrames: true}
		before := bytes.Clone(msg)
		found, err := j.Later(framing.Text, msg, payload.Bound{})
		if err != nil || !bytes.Equal(msg, before) {
			t.Fatalf("%q gives %v", msg, err)
		}
		check(t, msg, field, with, found)
		if found.Out == nil {
			return
		}
		again, err := j.Later(framing.Text, found.Out, payload.Bound{})
		if err != nil || again.Token != with {
			t.Fatalf("%q still holds a token: %+v", found.Out, again)
		}
	})
}

func FuzzJSONFirst(f *testing.F) {
	seedJSON(f)
	f.Add([]byte(`{"authProtocol":1,"authToken":"x","a":1}`), "/authToken", "")
	f.Add([]byte(`{"a":{"authToken":"x"},"authProtocol":1}`), "/a/authToken", "y")
	f.Fuzz(func(t *testing.T, msg []byte, field, with string) {
		pointer, err := payload.ParsePointer(field)
		if err != nil || field == "" {
			return
		}
		with = strings.ToValidUTF8(with, "")
		found, err := payload.JSON{TokenField: pointer, Replace: with}.First(framing.Binary, msg)
		doc, readable := strictObject(msg)
		if readable {
			if _, _, v, there := at(doc, field); there && v != nil {
				_, readable = v.(string)
			}
		}
		if (err == nil) != readable {
			t.Fatalf("%q gives %v", msg, err)
		}
		if err != nil {
			return
		}
		if id, _ := doc["instanceId"].(string); found.Instance != id {
			t.Fatalf("%q: instance %q, want %q", msg, found.Instance, id)
		}
		if optIn := doc["authProtocol"] == json.Number("1"); found.OptIn != optIn {
			t.Fatalf("%q: opted in %v", msg, found.OptIn)
		}
		if !found.OptIn {
			check(t, msg, field, with, found)
			return
		}
		delete(doc, "authProtocol")
		if parent, key, _, there := at(doc, field); there {
			strip(parent, key, with)
		}
		if after, ok := strictObject(found.Out); !ok || !reflect.DeepEqual(after, doc) {
			t.Fatalf("%q became %q", msg, found.Out)
		}
	})
}
