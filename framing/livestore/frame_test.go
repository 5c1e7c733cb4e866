package livestore_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
)

var bound = framing.Bound{Instance: "todo-store-1"}

// lines gives what a real client sent, one message a line.
func lines(t testing.TB, file string) []string {
	t.Helper()
	data, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(data)), "\n")
}

func pull(payload string) string {
	return `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":` + payload + `}`
}

func TestCapturedFramesPassWithoutTheirToken(t *testing.T) {
	p := livestore.New(livestore.Options{})
	requests := 0
	for _, file := range []string{"v04.ndjson", "v03.ndjson"} {
		for _, msg := range lines(t, file) {
			for _, op := range []framing.Opcode{framing.Text, framing.Binary} {
				f, err := p.Later(op, []byte(msg), bound)
				if err != nil {
					t.Fatalf("%s: %v", msg, err)
				}
				if !strings.Contains(msg, `"authToken"`) {
					if f.Out != nil || f.HasToken {
						t.Errorf("%s became %q", msg, f.Out)
					}
					continue
				}
				requests++
				want := strings.Replace(msg, `"authToken":"`+token+`",`, "", 1)
				if string(f.Out) != want || f.Token != token || !f.HasToken || f.Instance != bound.Instance {
					t.Errorf("%s\nbecame %s", msg, f.Out)
				}
			}
		}
	}
	if requests != 4 {
		t.Errorf("%d requests among the captured frames, want 2 as text and 2 as binary", requests)
	}
}

func TestCapturedBodiesPassWithoutTheirToken(t *testing.T) {
	p := livestore.New(livestore.Options{})
	for _, msg := range lines(t, "v04-http.ndjson") {
		f, err := p.Body([]byte(msg), framing.Bound{Instance: "http-store"})
		if err != nil || f.Token != token || string(f.Out) != strings.Replace(msg, `"authToken":"`+token+`",`, "", 1) {
			t.Errorf("%s: error %v, out %q", msg, err, f.Out)
		}
		if _, err := p.Body([]byte(msg), bound); !errors.Is(err, framing.ErrForbidden) {
			t.Errorf("a body for another store gives %v", err)
		}
		if _, err := p.Later(framing.Text, []byte(msg), framing.Bound{Instance: "http-store"}); !errors.Is(err, framing.ErrBadFrame) {
			t.Errorf("an HTTP call as a frame gives %v", err)
		}
	}
	for _, file := range []string{"v04.ndjson", "v03.ndjson"} {
		for _, msg := range lines(t, file) {
			if _, err := p.Body([]byte(msg), bound); !errors.Is(err, framing.ErrBadFrame) {
				t.Errorf("%s as a body gives %v", msg, err)
			}
		}
	}
}

func TestFramesAreHeldToTheStoreOfTheURL(t *testing.T) {
	for _, c := range []struct {
		name, msg string
		want      error
	}{
		{"the same", pull(`{"storeId":"todo-store-1"}`), nil},
		{"the same, escaped", pull(`{"store\u0049d":"todo\u002dstore-1"}`), nil},
		{"another", pull(`{"storeId":"other"}`), framing.ErrForbidden},
		{"another, escaped", pull(`{"\u0073toreId":"other"}`), framing.ErrForbidden},
		{"a longer one", pull(`{"storeId":"todo-store-12"}`), framing.ErrForbidden},
		{"another case", pull(`{"storeId":"Todo-store-1"}`), framing.ErrForbidden},
		{"an empty one", pull(`{"storeId":""}`), framing.ErrForbidden},
		{"none", pull(`{}`), framing.ErrBadFrame},
		{"in the wrong place", pull(`{"payload":{"storeId":"todo-store-1"}}`), framing.ErrBadFrame},
		{"a number", pull(`{"storeId":1}`), framing.ErrBadFrame},
		{"an array", pull(`{"storeId":["todo-store-1"]}`), framing.ErrBadFrame},
		{"two", pull(`{"storeId":"other","storeId":"todo-store-1"}`), framing.ErrBadFrame},
		{"two payloads", `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"},"payload":{"storeId":"other"}}`, framing.ErrBadFrame},
		{"no payload", `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull"}`, framing.ErrBadFrame},
		{"an array as payload", pull(`["todo-store-1"]`), framing.ErrBadFrame},
	} {
		p := livestore.New(livestore.Options{})
		for _, op := range []framing.Opcode{framing.Text, framing.Binary} {
			if _, err := p.Later(op, []byte(c.msg), bound); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		if _, err := p.First(framing.Text, []byte(c.msg)); err == nil {
			t.Errorf("%s: passes on a connection that is bound to no store", c.name)
		}
	}
}

func TestOnlyTheKnownMessagesPass(t *testing.T) {
	for _, c := range []struct {
		msg  string
		want error
	}{
		{`{"_tag":"Ping"}`, nil},
		{`{ "_tag" : "Ping" }`, nil},
		{`{"_tag":"Eof"}`, nil},
		{`{"_tag":"Ack","requestId":"0"}`, nil},
		{`{"_tag":"Interrupt","requestId":"12"}`, nil},
		{`{"_tag":"Ack","requestId":0}`, framing.ErrBadFrame},
		{`{"_tag":"Interrupt","requestId":null}`, framing.ErrBadFrame},
		{`{"_tag":"Ack"}`, framing.ErrBadFrame},
		{`{"requestId":"ping","_tag":"WSMessage.Ping"}`, nil},
		{`{"_tag":"WSMessage.PullReq","requestId":"a","cursor":2}`, nil},
		{`{"_tag":"WSMessage.PushReq","requestId":"a","batch":[]}`, nil},
		{`{"_tag":"WSMessage.PullRes","requestId":"a"}`, framing.ErrBadFrame},
		{`{"_tag":"WSMessage.Other"}`, framing.ErrBadFrame},
		{`{"_tag":"WSMessage.AdminResetRoomReq","requestId":"a","adminSecret":"s"}`, framing.ErrForbidden},
		{`{"_tag":"WSMessage.\u0041dminInfoReq","requestId":"a","adminSecret":"s"}`, framing.ErrForbidden},
		{`{"_tag":"Request","id":0,"tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"}}`, framing.ErrBadFrame},
		{`{"_tag":"Request","tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"}}`, framing.ErrBadFrame},
		{`{"_tag":"Request","id":"0","tag":"SyncWsRpc.Admin","payload":{"storeId":"todo-store-1"}}`, framing.ErrBadFrame},
		{`{"_tag":"Request","id":"0","payload":{"storeId":"todo-store-1"}}`, framing.ErrBadFrame},
		{`{"_tag":"Defect","defect":"x"}`, framing.ErrBadFrame},
		{`{"_tag":"Pong"}`, framing.ErrBadFrame},
		{`{"_tag":["Ping"]}`, framing.ErrBadFrame},
		{`{"_TAG":"Ping"}`, framing.ErrBadFrame},
		{`{}`, framing.ErrBadFrame},
		{``, framing.ErrBadFrame},
		{`ping`, framing.ErrBadFrame},
		{`"Ping"`, framing.ErrBadFrame},
		{`[{"_tag":"Ping"}]`, framing.ErrBadFrame},
		{`{"_tag":"Ping"}{"_tag":"Ping"}`, framing.ErrBadFrame},
		{`{"_tag":"Ping","_tag":"Ping"}`, framing.ErrBadFrame},
		{"\ufeff" + `{"_tag":"Ping"}`, framing.ErrBadFrame},
		{`{"type":"auth.logout"}`, framing.ErrBadFrame},
	} {
		f, err := livestore.New(livestore.Options{}).Later(framing.Text, []byte(c.msg), bound)
		if !errors.Is(err, c.want) || f.HasToken || f.Out != nil {
			t.Errorf("%s: %v, want %v, found %+v", c.msg, err, c.want, f)
		}
	}
}

func TestAdminMessagesPassWhereTheyAreAllowed(t *testing.T) {
	p := livestore.New(livestore.Options{AllowAdmin: true})
	for msg, want := range map[string]error{
		`{"_tag":"WSMessage.AdminInfoReq","requestId":"a","adminSecret":"s"}`: nil,
		`{"_tag":"WSMessage.Admi"}`: framing.ErrBadFrame,
	} {
		if f, err := p.Later(framing.Text, []byte(msg), bound); !errors.Is(err, want) || f.Out != nil {
			t.Errorf("%s: %v, want %v", msg, err, want)
		}
	}
}

func TestWhateverStandsAtTheTokensFieldGoes(t *testing.T) {
	for _, c := range []struct{ name, payload, token, out string }{
		{"alone", `{"storeId":"todo-store-1","payload":{"authToken":"T"}}`, "T", `{"storeId":"todo-store-1","payload":{}}`},
		{"escaped", `{"storeId":"todo-store-1","payload":{"auth\u0054oken":"\u0054","a":1}}`, "T", `{"storeId":"todo-store-1","payload":{"a":1}}`},
		{"a number", `{"storeId":"todo-store-1","payload":{"authToken":7,"a":1}}`, "", `{"storeId":"todo-store-1","payload":{"a":1}}`},
		{"an object", `{"storeId":"todo-store-1","payload":{"a":1,"authToken":{"b":"T"}}}`, "", `{"storeId":"todo-store-1","payload":{"a":1}}`},
		{"null", `{"storeId":"todo-store-1","payload":{"authToken":null}}`, "", `{"storeId":"todo-store-1","payload":{}}`},
		{"no field", `{"storeId":"todo-store-1","payload":{"a":1}}`, "", ""},
		{"no sync payload", `{"storeId":"todo-store-1"}`, "", ""},
		{"a null sync payload", `{"storeId":"todo-store-1","payload":null}`, "", ""},
		{"elsewhere", `{"storeId":"todo-store-1","authToken":"T"}`, "", ""},
	} {
		f, err := livestore.New(livestore.Options{}).Later(framing.Text, []byte(pull(c.payload)), bound)
		want := ""
		if c.out != "" {
			want = pull(c.out)
		}
		if err != nil || f.Token != c.token || f.HasToken != (c.token != "") || string(f.Out) != want {
			t.Errorf("%s: error %v, found %+v, out %q", c.name, err, f, f.Out)
		}
	}
}

func TestOptionsHoldForFramesToo(t *testing.T) {
	p := livestore.New(livestore.Options{TokenField: framing.MustPointer("/auth/jwt"), Replace: "static"})
	f, err := p.Later(framing.Text, []byte(pull(`{"storeId":"todo-store-1","payload":{"auth":{"jwt":"T"},"authToken":"x"}}`)), bound)
	if want := pull(`{"storeId":"todo-store-1","payload":{"auth":{"jwt":"static"},"authToken":"x"}}`); err != nil || f.Token != "T" || string(f.Out) != want {
		t.Errorf("error %v, found %+v, out %q", err, f, f.Out)
	}
	if !p.ReadsAll() {
		t.Error("LiveStore's frames may pass unread")
	}
}

func TestAuthMessagesOfAClientThatOptedInAreSyncwards(t *testing.T) {
	p := livestore.New(livestore.Options{})
	b := framing.Bound{Instance: "todo-store-1", OptedIn: true}
	f, err := p.Later(framing.Text, []byte(`{"type":"auth.refresh","authToken":"T"}`), b)
	if err != nil || f.Kind != framing.AuthRefresh || f.Token != "T" {
		t.Errorf("error %v, found %+v", err, f)
	}
	f, err = p.Later(framing.Text, []byte(`{"type":"auth.logout"}`), b)
	if err != nil || f.Kind != framing.AuthLogout {
		t.Errorf("error %v, found %+v", err, f)
	}
	if _, err = p.Later(framing.Text, []byte(`{"type":"auth.ok"}`), b); !errors.Is(err, framing.ErrBadFrame) {
		t.Errorf("another auth message gives %v", err)
	}
}
