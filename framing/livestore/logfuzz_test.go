package livestore_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// FuzzStrip: a message comes out without its token and in every other byte as
// it was, or is refused; and a strict reader that shares nothing with the one
// under test finds the token in the same place.
func FuzzStrip(f *testing.F) {
	for _, file := range []string{"v04.ndjson", "v03.ndjson", "v04-http.ndjson"} {
		for _, msg := range lines(f, file) {
			f.Add([]byte(msg))
		}
	}
	for _, payload := range []string{
		`{"storeId":"todo-store-1","payload":{ "authToken" : "T" }}`,
		`{"storeId":"todo-store-1","payload":{ "a":"T" , "auth\u0054oken" : {"authToken":["T"]} ,"b":"T"}}`,
		`{"storeId":"todo-store-1","payload":{"\ud83d\ude00":1,"authToken":"\ud83d\ude00"},"authToken":"T"}`,
		`{"storeId":"todo-store-1","payload":{"authToken":"T","authToken":"U"}}`,
		`{"storeId":"todo-store-1","payload":[{"authToken":"T"}]}`,
	} {
		f.Add([]byte(pull(payload)))
	}
	f.Fuzz(func(t *testing.T, msg []byte) {
		p := livestore.New(livestore.Options{})
		for name, read := range map[string]func() (payload.Found, error){
			"a frame": func() (payload.Found, error) { return p.Later(framing.Text, msg, bound) },
			"a body":  func() (payload.Found, error) { return p.Body(msg, payload.Bound{Instance: "http-store"}) },
		} {
			found, err := read()
			if errors.Is(err, payload.ErrBadFrame) {
				if found.Out != nil || found.HasToken {
					t.Fatalf("%s %q is refused with %+v", name, msg, found)
				}
				continue
			}
			s := strict{text: msg, want: []string{"payload", "payload", "authToken"}}
			if !s.read() {
				t.Fatalf("%s %q passed, and is no strict JSON", name, msg)
			}
			if request := plain(msg)["_tag"] == "Request"; !request || !s.found {
				if found.Out != nil || found.Token != "" {
					t.Fatalf("%s %q: found %+v where there is nothing", name, msg, found)
				}
				continue
			}
			if string(found.Out) != s.without() || found.Token != s.value {
				t.Fatalf("%s %q: token %q out %q, want %q %q", name, msg, found.Token, found.Out, s.value, s.without())
			}
			left := strict{text: found.Out, want: s.want}
			if !left.read() || left.found {
				t.Fatalf("%s %q became %q", name, msg, found.Out)
			}
			again, err := read()
			if err == nil && !reflect.DeepEqual(again, found) {
				t.Fatalf("%s %q is read in two ways", name, msg)
			}
		}
	})
}

// FuzzPushed: what was pushed is known again when it is handed out, in the
// spelling of another writer of JSON.
func FuzzPushed(f *testing.F) {
	for _, file := range []string{"v04.ndjson", "v03.ndjson", "v04-http.ndjson"} {
		for _, msg := range lines(f, file) {
			f.Add([]byte(msg))
		}
	}
	f.Add([]byte(pushOf("0.4", `"1"`, `{"name":"n","args":{"b":[1.0,-0,1e-7,"\u2028\/"],"a":{}},"seqNum":7,"clientId":"c","sessionId":"s"}`)))
	f.Add([]byte(pushOf("0.3.1", `"\u0031"`, `{"name":"","seqNum":1,"clientId":"","sessionId":""},{"name":"n","args":null,"seqNum":2,"clientId":"","sessionId":""}`)))
	f.Add([]byte(`{"_tag":"Request","id":"0","tag":"Rpc.Push","payload":{"batch":[{}]}}`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		p := livestore.New(livestore.Options{})
		before := bytes.Clone(msg)
		push, err := p.Pushed(framing.Text, msg)
		if !bytes.Equal(before, msg) {
			t.Fatal("the message was changed")
		}
		if err != nil {
			if !errors.Is(err, payload.ErrBadFrame) || push.Request != "" || push.Events != nil {
				t.Fatalf("%q: %v with %+v", msg, err, push)
			}
			return
		}
		if push.Request == "" {
			if push.Events != nil {
				t.Fatalf("%q: events that no answer can be for: %+v", msg, push)
			}
			return
		}
		doc := plain(msg)
		call, _ := doc["tag"].(string)
		if doc["_tag"] == "Request" {
			if doc, _ = doc["payload"].(map[string]any); call != "SyncWsRpc.Push" && call != "SyncHttpRpc.Push" {
				doc = nil
			}
		}
		batch, _ := doc["batch"].([]any)
		if len(batch) != len(push.Events) {
			t.Fatalf("%q: %d events of %d", msg, len(push.Events), len(batch))
		}
		for i, event := range push.Events {
			var anew any // numbers as JavaScript has them
			text, _ := json.Marshal(batch[i])
			_ = json.Unmarshal(text, &anew)
			text, _ = json.Marshal(anew)
			for _, version := range []string{"0.4", "0.3.1"} {
				if seen := p.Told(framing.Text, []byte(handedOut(version, string(text)))).Seen; len(seen) != 1 || seen[0] != event {
					t.Fatalf("%v is %+v, handed out as %s %+v", batch[i], event, text, seen)
				}
			}
		}
	})
}

// FuzzTold: nothing is news that a second reader does not find in the message.
func FuzzTold(f *testing.F) {
	for _, file := range []string{"v04-server.ndjson", "v03-server.ndjson", "v04-http-server.ndjson"} {
		for _, msg := range lines(f, file) {
			f.Add([]byte(msg))
		}
	}
	f.Add([]byte(`{"_tag":"Exit","requestId":"1","exit":{"_tag":"Failure","cause":{"_tag":"Fail","error":{"_tag":"ServerAheadError"}}}}`))
	f.Add([]byte(`{"_tag":"WSMessage.Error","requestId":"1","message":"Invalid parent event number. Received e3 but expected e4"}`))
	f.Add([]byte(`[{"_tag":"WSMessage.PushAck","requestId":1},{"_tag":"Chunk","values":[{"batch":[{"eventEncoded":{"name":"\ud800","seqNum":1,"clientId":"","sessionId":""}}]}]}]`))
	f.Fuzz(func(t *testing.T, msg []byte) {
		before := bytes.Clone(msg)
		news := livestore.New(livestore.Options{}).Told(framing.Text, msg)
		if !bytes.Equal(before, msg) {
			t.Fatal("the message was changed")
		}
		if news.Empty() {
			return
		}
		if !json.Valid(msg) {
			t.Fatalf("%q is no JSON and says %+v", msg, news)
		}
		for _, a := range news.Answers {
			if a.Request == "" || a.ID != "" || !json.Valid([]byte(a.Request)) {
				t.Fatalf("%q: an answer to nothing: %+v", msg, a)
			}
			// Escapes could hide the word, and no server writes them so.
			sure := bytes.Contains(msg, []byte("Success")) || bytes.Contains(msg, []byte("PushAck")) || bytes.Contains(msg, []byte(`\u`))
			if a.Outcome == payload.Accepted && !sure {
				t.Fatalf("%q: an acceptance that it does not hold", msg)
			}
		}
		for _, e := range news.Seen {
			if e.SeqNum < 1 || e.SeqNum > 1<<53-1 || e.ID != "" || e.Hash == [32]byte{} {
				t.Fatalf("%q: an event without its place: %+v", msg, e)
			}
		}
	})
}
