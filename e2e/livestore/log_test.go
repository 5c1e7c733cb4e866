package livestore_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/e2e/internal/rig"
	"github.com/syncward/syncward/e2e/internal/worker"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
)

// spellings are arguments in forms that JavaScript writes otherwise, or not at all.
var spellings = []string{
	``, `,"args":null`, `,"args":"text"`, `,"args":{"b":1.0,"a":[1e3,-0,0.1e1,1E-7,1e21]}`,
	`,"args":{"t":"\u0061\/\ud83d\ude00\u2028\u007f","":{}}`, `,"args":{"big":12345678901234567890,"z":{"2":1,"10":2,"é":3,"\u20ac":4}}`,
	`,"args":{"__proto__":{"a":1},"constructor":null}`,
}

// whatWasPushedIsKnownAgain: the worker stores events and writes them anew; the
// reader of its protocol must find the same hash in both. It asks the worker
// itself, without a sidecar.
func whatWasPushedIsKnownAgain(t *testing.T, w *worker.Worker) {
	var events []string
	for i, args := range spellings {
		events = append(events, fmt.Sprintf(`{"name":"v1.\u004eote","seqNum":%d,"parentSeqNum":%d,"clientId":"c/\u0064","sessionId":"s"%s}`, i+1, i, args))
	}
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	p := livestore.New(livestore.Options{})
	conn, resp := dial(t, worker.URL(w.Kind, w.Addr, "spelling-notes", staticToken), nil)
	if conn == nil {
		t.Fatalf("status %d", resp.StatusCode)
	}
	conn.SetReadLimit(1 << 20)
	ask := func(msg, until string) (news payload.News) {
		if err := conn.Write(ctx, websocket.MessageText, []byte(msg)); err != nil {
			t.Fatal(err)
		}
		for {
			_, answer, err := conn.Read(ctx)
			if err != nil {
				t.Fatalf("after %+v: %v", news, err)
			}
			told := p.Told(framing.Text, answer)
			news.Answers, news.Seen = append(news.Answers, told.Answers...), append(news.Seen, told.Seen...)
			if strings.Contains(string(answer), until) {
				return news
			}
		}
	}
	push := func(id string) (string, payload.Push) {
		msg := `{"_tag":"Request","id":"` + id + `","tag":"SyncWsRpc.Push","payload":{"storeId":"spelling-notes","payload":{"authToken":"` + staticToken +
			`"},"batch":[` + strings.Join(events, ",") + `],"backendId":{"_tag":"None"}},"traceId":"t","spanId":"s","sampled":false,"headers":[]}`
		if w.Kind == worker.V03 {
			msg = `{"_tag":"WSMessage.PushReq","requestId":"` + id + `","batch":[` + strings.Join(events, ",") + `]}`
		}
		offered, err := p.Pushed(framing.Text, []byte(msg))
		if err != nil {
			t.Fatal(err)
		}
		return msg, offered
	}
	acknowledged, behind := `"Exit"`, `"ServerAheadError"`
	pull := strings.Replace(string(pullOf("spelling-notes", staticToken)), `"id":"0"`, `"id":"9"`, 1)
	done := `"NoMore"`
	if w.Kind == worker.V03 {
		behind = "Invalid parent"
		acknowledged, pull, done = "WSMessage.PushAck", `{"_tag":"WSMessage.PullReq","requestId":"9"}`, `"context":"pull"`
	}
	msg, offered := push("1")
	if n := ask(msg, acknowledged); !slices.Contains(n.Answers, payload.Answer{Request: offered.Request, Outcome: payload.Accepted}) {
		t.Fatalf("the push is answered with %+v", n)
	}
	again, second := push("2")
	if n := ask(again, behind); !slices.Contains(n.Answers, payload.Answer{Request: second.Request, Outcome: payload.Rejected}) {
		t.Errorf("the same push is answered with %+v", n)
	}
	rig.Eventually(t, "all events in a pull", func() bool { // 0.3.1 stores them behind its acknowledgement
		seen := ask(pull, done).Seen
		if len(seen) < len(events) {
			return false
		}
		for i, e := range offered.Events {
			if !slices.Contains(seen, e) {
				t.Errorf("%s was pushed as %+v, and handed out otherwise: %+v", events[i], e, seen)
			}
		}
		return true
	})
	if w.Kind != worker.V03 {
		overHTTPToo(t, w, offered)
	}
}

// overHTTPToo reads the same log by the HTTP transport.
func overHTTPToo(t *testing.T, w *worker.Worker, offered payload.Push) {
	target := strings.Replace(worker.URL(w.Kind, w.Addr, "spelling-notes", staticToken), "ws://", "http://", 1)
	target = strings.Replace(target, "transport=ws", "transport=http", 1)
	body := strings.NewReader(strings.Replace(string(pullOf("spelling-notes", staticToken)), "SyncWsRpc", "SyncHttpRpc", 1))
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, target, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	news := livestore.New(livestore.Options{}).Told(framing.Text, answer)
	if !slices.Equal(news.Seen, offered.Events) || len(news.Answers) != 1 || news.Answers[0].Outcome == payload.Accepted {
		t.Errorf("over HTTP: %+v of %s", news, answer)
	}
}
