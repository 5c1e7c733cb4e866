package graphqlws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/graphqlws"
	"github.com/syncward/syncward/framing/payload"
)

// strict tells whether msg is strict JSON, by another road than the reader under
// test.
func strict(msg []byte) bool { return jsontext.Value(msg).IsValid() && nesting(msg) <= 64 }

// document reads msg whole, by that road.
func document(msg []byte) (doc map[string]any, ok bool) {
	if !strict(msg) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(msg))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	doc, ok = v.(map[string]any)
	return doc, ok
}

// nesting is the deepest that valid JSON is nested.
func nesting(msg []byte) (deepest int) {
	open, text, escaped := 0, false, false
	for _, b := range msg {
		switch {
		case escaped:
			escaped = false
		case text && b == '\\':
			escaped = true
		case b == '"':
			text = !text
		case text:
		case b == '{' || b == '[':
			open++
			deepest = max(deepest, open)
		case b == '}' || b == ']':
			open--
		}
	}
	return deepest
}

// spelled tells whether the word connection_init stands in msg, with any of its
// letters as an escape.
func spelled(msg []byte) bool {
	const word = "connection_init"
	for from := range msg {
		at, i := from, 0
		for ; i < len(word); i++ {
			n := letter(msg[at:], word[i])
			if n == 0 {
				break
			}
			at += n
		}
		if i == len(word) {
			return true
		}
	}
	return false
}

// letter is how many bytes of msg spell c; 0: none.
func letter(msg []byte, c byte) int {
	escape := fmt.Sprintf(`\u%04x`, c)
	switch {
	case len(msg) > 0 && msg[0] == c:
		return 1
	case len(msg) >= len(escape) && msg[1] == 'u' && strings.EqualFold(string(msg[:len(escape)]), escape):
		return len(escape)
	}
	return 0
}

// tokenOf is what a field's text says, by the words of the documentation.
func tokenOf(v any) (prefix, token string) {
	text, _ := v.(string)
	if len(text) >= 7 && strings.ToLower(text[:6]) == "bearer" && text[6] == ' ' {
		rest := text[6:]
		for rest != "" && rest[0] == ' ' {
			rest = rest[1:]
		}
		return text[:len(text)-len(rest)], rest
	}
	return "", text
}

// expected is what a reader has to find in doc, which it changes accordingly.
// first says that a token of another type is refused, and the opt-in goes where
// none is.
func expected(doc map[string]any, first bool, static string) (token string, changed, bad bool) {
	fields := []string{"authToken", "Authorization"}
	inner, _ := doc["payload"].(map[string]any)
	for _, field := range fields {
		_, text := inner[field].(string)
		bad = bad || first && !text && inner[field] != nil
	}
	optIn := first && !bad && inner["authProtocol"] == json.Number("1")
	if optIn {
		changed = true
	}
	for _, field := range fields {
		v, there := inner[field]
		if !there {
			continue
		}
		prefix, t := tokenOf(v)
		bad = bad || token != "" && t != "" && t != token
		if t != "" {
			token = t
		}
		changed = true
		if delete(inner, field); static != "" {
			inner[field] = prefix + static
		}
	}
	if optIn {
		delete(inner, "authProtocol")
	}
	return token, changed, bad
}

// only tells whether every byte of after stands in before, in that order: with
// equal documents nothing but what had to go is gone, and nothing was moved.
func only(after, before []byte) bool {
	for _, b := range before {
		if len(after) > 0 && after[0] == b {
			after = after[1:]
		}
	}
	return len(after) == 0
}

func FuzzConnectionInit(f *testing.F) {
	for _, msg := range []string{
		`{"type":"connection_init","payload":{"authToken":"a.b.c"}}`,
		`{"type":"connection_init","payload":{"Authorization":"Bearer a.b.c","x":1.50e+01}}`,
		` { "payload" : { "authToken" : "a" , "Authorization" : "bearer  a" , "authProtocol" : 1 } , "type" : "connection_init" } `,
		`{"type":"connection_init","payload":{"authToken":"a","Authorization":"b"}}`,
		`{"type":"connection_init","payload":{"authToken":{},"Authorization":["Bearer a"]}}`,
		`{"type":"connection\u005finit","payload":{"\u0061uthToken":"\u0042earer a"}}`,
		`{"type":"connection_init","payload":{"authToken":null,"authProtocol":1}}`, `{"type":"connection_init","payload":null}`,
		`{"type":"ping"}`, `{"type":"pong","payload":{}}`, `{"type":"subscribe","id":"1","payload":{"query":"{ connection_init }"}}`,
		`{"type":"connection_init","type":"ping"}`, `{"type":"connection\u005Finit","type":"\u0063onnection_init"}`, `{"payload":{"authToken":"a"}}`, `{}{}`, `connection_init`, "\ufeff{}", `[]`,
		`\u000connection_init`, `\u000c\u006fnnection_init`,
		`{"id":"1","type":"start","payload":{"authToken":"kept"}}`,
	} {
		f.Add([]byte(msg), "")
		f.Add([]byte(msg), `sta"tic`)
	}
	f.Fuzz(func(t *testing.T, msg []byte, static string) {
		// The configuration takes visible ASCII alone.
		static = strings.Map(func(r rune) rune {
			if r <= ' ' || r > '~' {
				return -1
			}
			return r
		}, static)
		p := graphqlws.New(graphqlws.Options{Replace: static, AllFrames: true})
		before := bytes.Clone(msg)
		first, firstErr := p.First(framing.Text, msg)
		later, laterErr := p.Later(framing.Text, msg, payload.Bound{})
		if !bytes.Equal(before, msg) {
			t.Fatal("the message was changed")
		}
		doc, readable := document(msg)
		kind, hasType := doc["type"].(string)
		if !readable || !hasType || kind != "connection_init" {
			ahead := readable && (kind == "ping" || kind == "pong")
			if (firstErr == nil) != (readable && hasType) || firstErr == nil && first.Out != nil || first.HasToken || (first.Kind == payload.Ahead) != ahead {
				t.Fatalf("%q: first %+v, %v", msg, first, firstErr)
			}
			if (laterErr != nil) != (!strict(msg) && spelled(msg)) || later.Out != nil || later.HasToken {
				t.Fatalf("%q: later %+v, %v", msg, later, laterErr)
			}
			if firstErr != nil && readable {
				_, changed, _ := expected(doc, false, static)
				after, _ := document(first.Out)
				if (first.Out != nil) != changed || changed && !reflect.DeepEqual(after, doc) {
					t.Fatalf("%q: first became %q", msg, first.Out)
				}
			}
			return
		}
		check(t, p, msg, static, true, first, firstErr)
		check(t, p, msg, static, false, later, laterErr)
	})
}

func check(t *testing.T, p *graphqlws.Protocol, msg []byte, static string, first bool, f payload.Found, err error) {
	t.Helper()
	doc, _ := document(msg)
	token, changed, bad := expected(doc, first, static)
	if (err != nil) != bad {
		t.Fatalf("%q: first %v: error %v", msg, first, err)
	}
	if err == nil && (f.Token != token || f.HasToken != (token != "")) {
		t.Fatalf("%q: first %v: token %q, want %q", msg, first, f.Token, token)
	}
	if err == nil && (f.Out != nil) != changed {
		t.Fatalf("%q: first %v: Out %q", msg, first, f.Out)
	}
	if f.Out == nil {
		return
	}
	after, ok := document(f.Out)
	if !ok || !reflect.DeepEqual(after, doc) {
		t.Fatalf("%q: first %v: became %q", msg, first, f.Out)
	}
	if static == "" && !only(f.Out, msg) {
		t.Fatalf("%q: first %v: became %q: more has changed than had to", msg, first, f.Out)
	}
	again, err := p.Later(framing.Text, f.Out, payload.Bound{})
	if err != nil || again.Token != "" && again.Token != static {
		t.Fatalf("%q still holds a token: %+v, %v", f.Out, again, err)
	}
}
