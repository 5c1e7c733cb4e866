package payload_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
)

// FuzzJSONPinned: a message that names another instance than the pinned one
// never passes, in whatever way it is written, and one that a lenient reader
// could take for an object never passes unread.
func FuzzJSONPinned(f *testing.F) {
	for _, msg := range []string{
		`{"instanceId":"room-1"}`, `{"instanceId":"room-2","authToken":"t"}`, `{"inst\u0061nceId":"room-2"}`, `{"instanceId":null}`,
		`{"instanceId":"room-1","instanceId":"room-2"}`, ` {"instanceId":`, `["instanceId"]`, "\ufeff{\"instanceId\":\"room-2\"}",
		"instanceId", "\u00a0{\"instanceId\":1}", `"instanceId"`, `{"a":{"instanceId":"room-2"}}`,
	} {
		f.Add([]byte(msg))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		for _, j := range []payload.JSON{{}, {AllFrames: true}} {
			found, err := j.Later(framing.Text, msg, payload.Bound{Instance: "room-1", Pinned: true})
			doc, readable := strictObject(msg)
			_, named := doc["instanceId"]
			switch {
			case readable && named && doc["instanceId"] != "room-1":
				if !errors.Is(err, payload.ErrForbidden) {
					t.Fatalf("%q: %v", msg, err)
				}
			case readable:
				if err != nil {
					t.Fatalf("%q: %v", msg, err)
				}
			case err == nil && lenient(msg):
				t.Fatalf("%q passes, and a lenient reader finds another instance in it", msg)
			}
			if !readable && (found.Out != nil || found.HasToken) {
				t.Fatalf("%q: %+v", msg, found)
			}
		}
	})
}

// lenient tells whether encoding/json, which takes the last of two names, finds
// another instance in msg, a byte order mark aside.
func lenient(msg []byte) bool {
	var doc map[string]any // not a struct: that would match names in any case
	if json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(msg, []byte("\ufeff")))).Decode(&doc) != nil {
		return false
	}
	instance, named := doc["instanceId"]
	return named && instance != "room-1"
}

func FuzzAuthMessage(f *testing.F) {
	for _, msg := range []string{
		`{"type":"auth.refresh","authToken":"t"}`, `{"type":"auth.logout"}`, `{"authToken":"\u0074","typ\u0065":"\u0061uth.refresh"}`,
		`{"type":"auth.refresh"}`, `{"type":"auth.refresh","authToken":1}`, `{"type":"auth.other"}`, `{"a":"auth."}`,
		`{"type":"auth.logout","type":"auth.refresh"}`, `["auth."]`, `auth.logout`, `{"type":["auth.logout"]}`,
	} {
		f.Add([]byte(msg))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		found, ok := payload.AuthMessage(msg)
		doc, readable := strictObject(msg)
		want := payload.Found{}
		switch kind, _ := doc["type"].(string); {
		case readable && kind == "auth.refresh":
			want.Kind = payload.AuthRefresh
			want.Token, _ = doc["authToken"].(string)
			want.HasToken = want.Token != ""
		case readable && kind == "auth.logout":
			want.Kind = payload.AuthLogout
		}
		if ok != (want.Kind != payload.Application) || found.Kind != want.Kind || found.Token != want.Token || found.HasToken != want.HasToken || found.Out != nil {
			t.Fatalf("%q: got %+v, %v, want %+v", msg, found, ok, want)
		}
	})
}

// FuzzPointer: a text is a JSON Pointer exactly where the grammar of RFC 6901
// §3 says so, and what it points at is what a slow reader finds.
func FuzzPointer(f *testing.F) {
	for _, text := range []string{"", "/", "/a", "a", "/a~0b~1c", "/~", "/~2", "/a/0/b", "/a//b", "/\xff", "/~01"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := payload.ParsePointer(text)
		rest := strings.NewReplacer("~0", "", "~1", "").Replace(text)
		grammar := text == "" || text[0] == '/' && !strings.Contains(rest, "~") && strings.ToValidUTF8(text, "?") == text
		if (err == nil) != grammar {
			t.Fatalf("%q: %v", text, err)
		}
		if err != nil || text == "" {
			return
		}
		if p.String() != text {
			t.Fatalf("%q is written %q", text, p)
		}
		// An object that holds a token there, and nothing else.
		var doc any = "token"
		steps := strings.Split(text, "/")[1:]
		for i := len(steps) - 1; i >= 0; i-- {
			doc = map[string]any{strings.NewReplacer("~1", "/", "~0", "~").Replace(steps[i]): doc}
		}
		msg, err := json.Marshal(doc)
		if err != nil || len(steps) > 60 {
			return
		}
		found, err := payload.JSON{TokenField: p, AllFrames: true}.Later(framing.Text, msg, payload.Bound{})
		if err != nil || found.Token != "token" {
			t.Fatalf("%q in %s: %+v, %v", text, msg, found, err)
		}
	})
}
