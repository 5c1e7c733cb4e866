package livestore_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// pushOf gives a push of either version with these events.
func pushOf(version, id, events string) string {
	if version == "0.3.1" {
		return `{"_tag":"WSMessage.PushReq","requestId":` + id + `,"batch":[` + events + `]}`
	}
	return `{"_tag":"Request","id":` + id + `,"tag":"SyncWsRpc.Push","payload":{"storeId":"s","payload":{},"batch":[` + events +
		`],"backendId":{"_tag":"Some","value":"b"}}}`
}

// handedOut gives the events as either server hands them out.
func handedOut(version, events string) string {
	wrapped := `{"eventEncoded":` + events + `,"metadata":{"_tag":"Some","value":{"createdAt":"x"}}}`
	if version == "0.3.1" {
		return `{"_tag":"WSMessage.PullRes","batch":[` + wrapped + `],"requestId":{"context":"pull","requestId":"a"},"remaining":0}`
	}
	return `{"_tag":"Chunk","requestId":"0","values":[{"batch":[` + wrapped + `],"pageInfo":{"_tag":"NoMore"},"backendId":"b"}]}`
}

func mustPush(t *testing.T, msg string) payload.Push {
	t.Helper()
	push, err := livestore.New(livestore.Options{}).Pushed(framing.Text, []byte(msg))
	if err != nil {
		t.Fatalf("%s: %v", msg, err)
	}
	return push
}

func told(msg string) payload.News {
	return livestore.New(livestore.Options{}).Told(framing.Text, []byte(msg))
}

func TestWhatARealClientPushedIsWhatARealServerHandsOut(t *testing.T) {
	for _, c := range []struct{ client, server, request, backend, name string }{
		{"v04.ndjson", "v04-server.ndjson", `"1"`, "yXma9dsVizfP-8fScmGfj", "v1.TodoCreated"},
		{"v03.ndjson", "v03-server.ndjson", `"Bo9DTt2TYqFpVqbO3OVV0"`, "", "v1.TodoCreated"},
	} {
		var pushed []payload.Push
		for _, msg := range lines(t, c.client) {
			if push := mustPush(t, msg); len(push.Events) > 0 {
				pushed = append(pushed, push)
			}
		}
		if len(pushed) != 1 || pushed[0].Request != c.request || pushed[0].Backend != c.backend || len(pushed[0].Events) != 1 {
			t.Fatalf("%s: pushed %+v", c.client, pushed)
		}
		event := pushed[0].Events[0]
		if event.SeqNum != 1 || event.Name != c.name || event.ClientID != "client-a" || event.SessionID != "static" {
			t.Errorf("%s: event %+v", c.client, event)
		}
		var news payload.News
		for _, msg := range lines(t, c.server) {
			n := told(msg)
			news.Answers, news.Seen = append(news.Answers, n.Answers...), append(news.Seen, n.Seen...)
			if n.Backend != "" && n.Backend != c.backend {
				t.Errorf("%s: backend %q", c.server, n.Backend)
			}
		}
		if !slices.Contains(news.Answers, payload.Answer{Request: c.request, Outcome: payload.Accepted}) || !slices.Contains(news.Seen, event) {
			t.Errorf("%s says %+v, want the acceptance of %+v", c.server, news, event)
		}
	}
}

func TestAnswersAreTakenForCertainOnlyWhereTheyAre(t *testing.T) {
	exit := func(exit string) string { return `{"_tag":"Exit","requestId":"1","exit":` + exit + `}` }
	fail := func(tag string) string {
		return `{"_tag":"Failure","cause":{"_tag":"Fail","error":{"_tag":"` + tag + `","minimumExpectedNum":0}}}`
	}
	for _, c := range []struct {
		name, msg string
		want      payload.Outcome
	}{
		{"a push taken", exit(`{"_tag":"Success","value":{}}`), payload.Accepted},
		{"a pull that ended", exit(`{"_tag":"Success"}`), payload.Unclear},
		{"a pull that ended with null", exit(`{"_tag":"Success","value":null}`), payload.Unclear},
		{"behind the server", exit(fail("ServerAheadError")), payload.Rejected},
		{"another backend", exit(fail("BackendIdMismatchError")), payload.Rejected},
		{"any other failure", exit(fail("UnknownError")), payload.Unclear},
		{"an interrupt beside it", exit(`{"_tag":"Failure","cause":{"_tag":"Sequential","left":` + fail("ServerAheadError") + `,"right":{"_tag":"Interrupt"}}}`), payload.Unclear},
		{"a crash", exit(`{"_tag":"Failure","cause":{"_tag":"Die","defect":"x"}}`), payload.Unclear},
		{"a success that holds a failure", exit(`{"_tag":"Success","value":null,"cause":{"_tag":"Fail","error":{"_tag":"ServerAheadError"}}}`), payload.Unclear},
		{"0.3.1: taken", `{"_tag":"WSMessage.PushAck","requestId":"1"}`, payload.Accepted},
		{"0.3.1: behind the server", `{"_tag":"WSMessage.Error","requestId":"1","message":"Invalid parent event number. Received e3 but expected e4"}`, payload.Rejected},
		{"0.3.1: any other error", `{"_tag":"WSMessage.Error","requestId":"1","message":"D1_ERROR: Invalid parent event number. Received e3"}`, payload.Unclear},
		{"over HTTP", `[{"_tag":"Exit","requestId":"1","exit":{"_tag":"Success","value":{}}}]`, payload.Accepted},
	} {
		if got, want := told(c.msg).Answers, []payload.Answer{{Request: `"1"`, Outcome: c.want}}; !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", c.name, got, want)
		}
	}
}

func TestWhatSaysNothingOfTheLogIsNoNews(t *testing.T) {
	for _, msg := range []string{
		``, `null`, `7`, `[]`, `[1]`, `{}`, `hello`, `{"_tag":"Pong"}`, `{"_tag":"WSMessage.Pong","requestId":"ping"}`,
		`{"_tag":"Defect","defect":"x"}`, `{"_tag":"Exit","exit":{"_tag":"Success","value":{}}}`,
		`{"_tag":"Exit","requestId":{"a":1},"exit":{"_tag":"Success","value":{}}}`,
		`{"_tag":"WSMessage.PushAck","requestId":"1"`, `{"_tag":"WSMessage.PushAck","requestId":"1","requestId":"2"}`,
		`{"_TAG":"WSMessage.PushAck","requestId":"1"}`, `{"_tag":"Chunk","requestId":"0","values":[{"batch":[]}]}`,
		`{"_tag":"Chunk","requestId":"0","values":[{"batch":[{"eventEncoded":{"name":"n","seqNum":0,"clientId":"c","sessionId":"s"}}]}]}`,
		`{"_tag":"WSMessage.PullRes","batch":[{"eventEncoded":{"name":"n","seqNum":1,"clientId":"c"}}]}`,
	} {
		if n := told(msg); !n.Empty() {
			t.Errorf("%s: %+v", msg, n)
		}
	}
}

func TestARequestIDIsKeptAsJavaScriptWritesIt(t *testing.T) {
	for sent, want := range map[string]string{`"1"`: `"1"`, `"\u0031"`: `"1"`, `1`: `1`, `"a\/b"`: `"a/b"`} {
		if got := mustPush(t, pushOf("0.3.1", sent, "")).Request; got != want {
			t.Errorf("%s became %s, want %s", sent, got, want)
		}
	}
	for _, none := range []string{`null`, `{}`, `true`, `["1"]`} {
		if _, err := livestore.New(livestore.Options{}).Pushed(framing.Text, []byte(pushOf("0.3.1", none, ""))); !errors.Is(err, payload.ErrBadFrame) {
			t.Errorf("%s as an id: %v", none, err)
		}
	}
}

// The server reads what was pushed and writes it anew, as JavaScript does. What
// it makes of each of these was seen in the real ones (e2e/livestore).
func TestTheHashOutlivesTheServersOwnSpelling(t *testing.T) {
	event := func(args string) string {
		return `{"name":"n","seqNum":7,"parentSeqNum":6,"clientId":"c","sessionId":"s"` + args + `}`
	}
	for _, c := range []struct{ pushed, stored string }{
		{`,"args":{"b":1.0,"a":[1e3,-0,0.1e1]}`, `,"args":{"a":[1000,0,1],"b":1}`},
		{`,"args":{"t":"\u0061\/\ud83d\ude00\u2028"}`, `,"args":{"t":"a/😀` + "\u2028" + `"}`},
		{`,"args":{"big":12345678901234567890,"small":1e-7}`, `,"args":{"big":12345678901234567000,"small":1E-7}`},
		{`,"args":null`, `,"args":null`},
		{``, `,"args":null`},
		{`,"args":"text"`, ` ,  "args" : "text"`},
		{`,"args":{"n":"1e400 \" 1e400"}`, `,"args":{"n":"1e400 \" 1e400"}`},
	} {
		for _, version := range []string{"0.4", "0.3.1"} {
			push := mustPush(t, pushOf(version, `"1"`, event(c.pushed)))
			seen := told(handedOut(version, event(c.stored))).Seen
			if len(push.Events) != 1 || !slices.Equal(push.Events, seen) {
				t.Errorf("%s: pushed %s as %v, seen %s as %v", version, c.pushed, push.Events, c.stored, seen)
			}
		}
	}
}

func TestTheHashTellsContentsApart(t *testing.T) {
	seen := map[[32]byte]string{}
	for _, e := range []string{
		`{"name":"n","args":{"a":1},"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"m","args":{"a":1},"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":{"a":2},"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":{"a":"1"},"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":{"a":1,"b":null},"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":[{"a":1}],"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":null,"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":{},"seqNum":7,"clientId":"c","sessionId":"s"}`,
		`{"name":"n","args":{"a":1},"seqNum":7,"clientId":"d","sessionId":"s"}`,
		`{"name":"n","args":{"a":1},"seqNum":7,"clientId":"c","sessionId":"t"}`,
		`{"name":"n","args":{"a":1},"seqNum":7,"clientId":"c\",\"s","sessionId":""}`,
		`{"name":"n","args":{"a":1},"seqNum":7,"clientId":"","sessionId":"c\",\"s"}`,
	} {
		hash := mustPush(t, pushOf("0.4", `"1"`, e)).Events[0].Hash
		if other, twice := seen[hash]; twice {
			t.Errorf("%s and %s have one hash", e, other)
		}
		seen[hash] = e
	}
}

func TestAnEventThatNoServerStoresAsItStandsIsRefused(t *testing.T) {
	good := map[string]any{"name": "n", "args": 1, "seqNum": 7, "parentSeqNum": 6, "clientId": "c", "sessionId": "s"}
	with := func(field, value string) string {
		var fields []string
		for name, v := range good {
			text, _ := json.Marshal(v)
			if name == field {
				text = []byte(value)
			}
			if len(text) > 0 {
				fields = append(fields, fmt.Sprintf("%q:%s", name, text))
			}
		}
		return "{" + strings.Join(fields, ",") + "}"
	}
	p := livestore.New(livestore.Options{})
	for _, c := range []struct{ field, value string }{
		{"seqNum", `0`}, {"seqNum", `-1`}, {"seqNum", `7.0`}, {"seqNum", `7e0`}, {"seqNum", `7.5`}, {"seqNum", `"7"`}, {"seqNum", `null`}, {"seqNum", ``},
		{"seqNum", `9007199254740992`}, {"seqNum", `18446744073709551617`},
		{"name", `null`}, {"name", ``}, {"name", `7`}, {"clientId", `null`}, {"clientId", ``}, {"sessionId", ``}, {"sessionId", `{}`},
		{"args", `1e400`}, {"args", `{"a":[-1e309]}`},
	} {
		for _, version := range []string{"0.4", "0.3.1"} {
			if _, err := p.Pushed(framing.Text, []byte(pushOf(version, `"1"`, with(c.field, c.value)))); !errors.Is(err, payload.ErrBadFrame) {
				t.Errorf("%s: %s %q: %v", version, c.field, c.value, err)
			}
		}
	}
	for _, msg := range []string{``, `{`, pushOf("0.4", `"1"`, `7`), `{"_tag":"WSMessage.PushReq","requestId":"1","batch":{}}`} {
		if _, err := p.Pushed(framing.Text, []byte(msg)); !errors.Is(err, payload.ErrBadFrame) {
			t.Errorf("%s: %v", msg, err)
		}
	}
	if push := mustPush(t, pushOf("0.4", `"1"`, with("seqNum", `9007199254740991`))); push.Events[0].SeqNum != 1<<53-1 {
		t.Errorf("the last safe integer became %d", push.Events[0].SeqNum)
	}
}

func TestEveryRequestThatIsAnsweredTellsItsID(t *testing.T) {
	for version, id := range map[string]string{"0.4": `"1"`, "0.3.1": `"x"`} {
		if push := mustPush(t, pushOf(version, id, "")); push.Request != id || len(push.Events) != 0 {
			t.Errorf("%s: %+v", version, push)
		}
	}
	for msg, id := range map[string]string{
		`{"_tag":"Ping"}`: "", `{"_tag":"Ack","requestId":"1"}`: "", `{"_tag":"WSMessage.PullReq","requestId":"1","batch":[7]}`: "",
		pull(`{"storeId":"s","batch":[]}`): `"0"`, `{"_tag":"Request","id":"1","tag":"SyncHttpRpc.Ping","payload":{"storeId":"s"}}`: `"1"`,
	} {
		if push := mustPush(t, msg); push.Request != id || push.Events != nil || push.Unsaid || push.Backend != "" {
			t.Errorf("%s: %+v", msg, push)
		}
	}
	if mustPush(t, pushOf("0.4", `"1"`, "")).Unsaid || mustPush(t, pushOf("0.3.1", `"1"`, "")).Unsaid {
		t.Error("a push that names its backend, or is of a version that knows none, left it out")
	}
	if push := mustPush(t, strings.Replace(pushOf("0.4", `"1"`, ""), `{"_tag":"Some","value":"b"}`, `{"_tag":"None"}`, 1)); !push.Unsaid || push.Backend != "" {
		t.Errorf("a push that leaves its backend out: %+v", push)
	}
}
