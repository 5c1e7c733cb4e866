package livestore_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

var bound = payload.Bound{Instance: "todo-store-1"}

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
		f, err := p.Body([]byte(msg), payload.Bound{Instance: "http-store"})
		if err != nil || f.Token != token || string(f.Out) != strings.Replace(msg, `"authToken":"`+token+`",`, "", 1) {
			t.Errorf("%s: error %v, out %q", msg, err, f.Out)
		}
		if _, err := p.Body([]byte(msg), bound); !errors.Is(err, payload.ErrForbidden) {
			t.Errorf("a body for another store gives %v", err)
		}
		if _, err := p.Later(framing.Text, []byte(msg), payload.Bound{Instance: "http-store"}); !errors.Is(err, payload.ErrBadFrame) {
			t.Errorf("an HTTP call as a frame gives %v", err)
		}
	}
	for _, file := range []string{"v04.ndjson", "v03.ndjson"} {
		for _, msg := range lines(t, file) {
			if _, err := p.Body([]byte(msg), bound); !errors.Is(err, payload.ErrBadFrame) {
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
		{"another", pull(`{"storeId":"other"}`), payload.ErrForbidden},
		{"another, escaped", pull(`{"\u0073toreId":"other"}`), payload.ErrForbidden},
		{"a longer one", pull(`{"storeId":"todo-store-12"}`), payload.ErrForbidden},
		{"another case", pull(`{"storeId":"Todo-store-1"}`), payload.ErrForbidden},
		{"an empty one", pull(`{"storeId":""}`), payload.ErrForbidden},
		{"none", pull(`{}`), payload.ErrBadFrame},
		{"in the wrong place", pull(`{"payload":{"storeId":"todo-store-1"}}`), payload.ErrBadFrame},
		{"a number", pull(`{"storeId":1}`), payload.ErrBadFrame},
		{"an array", pull(`{"storeId":["todo-store-1"]}`), payload.ErrBadFrame},
		{"two", pull(`{"storeId":"other","storeId":"todo-store-1"}`), payload.ErrBadFrame},
		{"two payloads", `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"},"payload":{"storeId":"other"}}`, payload.ErrBadFrame},
		{"no payload", `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull"}`, payload.ErrBadFrame},
		{"an array as payload", pull(`["todo-store-1"]`), payload.ErrBadFrame},
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
		{`{"_tag":"Ack","requestId":0}`, payload.ErrBadFrame},
		{`{"_tag":"Interrupt","requestId":null}`, payload.ErrBadFrame},
		{`{"_tag":"Interrupt","requestId":"x"}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":""}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":"01"}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":"0x1"}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":" 1"}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":"-1"}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":"1234567890123456789"}`, payload.ErrBadFrame},
		{`{"_tag":"Ack","requestId":"123456789012345678"}`, nil},
		{`{"_tag":"Request","id":"01","tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"}}`, payload.ErrBadFrame},
		{`{"_tag":"Request","id":"one","tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"}}`, payload.ErrBadFrame},
		{`{"_tag":"Ack"}`, payload.ErrBadFrame},
		{`{"requestId":"ping","_tag":"WSMessage.Ping"}`, nil},
		{`{"_tag":"WSMessage.PullReq","requestId":"a","cursor":2}`, nil},
		{`{"_tag":"WSMessage.PushReq","requestId":"a","batch":[]}`, nil},
		{`{"_tag":"WSMessage.PullRes","requestId":"a"}`, payload.ErrBadFrame},
		{`{"_tag":"WSMessage.Other"}`, payload.ErrBadFrame},
		{`{"_tag":"WSMessage.AdminResetRoomReq","requestId":"a","adminSecret":"s"}`, payload.ErrForbidden},
		{`{"_tag":"WSMessage.\u0041dminInfoReq","requestId":"a","adminSecret":"s"}`, payload.ErrForbidden},
		{`{"_tag":"Request","id":0,"tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"}}`, payload.ErrBadFrame},
		{`{"_tag":"Request","tag":"SyncWsRpc.Pull","payload":{"storeId":"todo-store-1"}}`, payload.ErrBadFrame},
		{`{"_tag":"Request","id":"0","tag":"SyncWsRpc.Admin","payload":{"storeId":"todo-store-1"}}`, payload.ErrBadFrame},
		{`{"_tag":"Request","id":"0","payload":{"storeId":"todo-store-1"}}`, payload.ErrBadFrame},
		{`{"_tag":"Defect","defect":"x"}`, payload.ErrBadFrame},
		{`{"_tag":"Pong"}`, payload.ErrBadFrame},
		{`{"_tag":["Ping"]}`, payload.ErrBadFrame},
		{`{"_TAG":"Ping"}`, payload.ErrBadFrame},
		{`{}`, payload.ErrBadFrame},
		{``, payload.ErrBadFrame},
		{`ping`, payload.ErrBadFrame},
		{`"Ping"`, payload.ErrBadFrame},
		{`[{"_tag":"Ping"}]`, payload.ErrBadFrame},
		{`{"_tag":"Ping"}{"_tag":"Ping"}`, payload.ErrBadFrame},
		{`{"_tag":"Ping","_tag":"Ping"}`, payload.ErrBadFrame},
		{"\ufeff" + `{"_tag":"Ping"}`, payload.ErrBadFrame},
		{`{"type":"auth.logout"}`, payload.ErrBadFrame},
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
		`{"_tag":"WSMessage.Admi"}`: payload.ErrBadFrame,
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
	p := livestore.New(livestore.Options{TokenField: payload.MustPointer("/auth/jwt"), Replace: "static"})
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
	b := payload.Bound{Instance: "todo-store-1", OptedIn: true}
	f, err := p.Later(framing.Text, []byte(`{"type":"auth.refresh","authToken":"T"}`), b)
	if err != nil || f.Kind != payload.AuthRefresh || f.Token != "T" {
		t.Errorf("error %v, found %+v", err, f)
	}
	f, err = p.Later(framing.Text, []byte(`{"type":"auth.logout"}`), b)
	if err != nil || f.Kind != payload.AuthLogout {
		t.Errorf("error %v, found %+v", err, f)
	}
	if _, err = p.Later(framing.Text, []byte(`{"type":"auth.ok"}`), b); !errors.Is(err, payload.ErrBadFrame) {
		t.Errorf("another auth message gives %v", err)
	}
}
