package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

var demoAddr = regexp.MustCompile(`Syncward demo: http://(\S+)`)

// startDemo runs the demo until the test is over, and returns its address.
func startDemo(t *testing.T) (addr string) {
	t.Helper()
	out := &output{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- runDemo(ctx, "127.0.0.1:0", out) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the demo ended with %v", err)
		}
	})
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := demoAddr.FindStringSubmatch(out.String()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("no address: %s", out)
	return ""
}

// ask posts JSON and returns a field of the answer.
func ask(t *testing.T, url, body, field string) string {
	t.Helper()
	res, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var fields map[string]any
	if err := json.NewDecoder(res.Body).Decode(&fields); err != nil {
		t.Fatal(err)
	}
	text, _ := fields[field].(string)
	return text
}

// feedOf returns what the page would be told, from the start.
func feedOf(t *testing.T, addr string) string {
	t.Helper()
	res, err := http.Get("http://" + addr + "/feed?after=0")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// The connection snippet of the project's first plan: one socket, an init with
// a valid token, a second with an expired one.
func TestTheDemoTakesTheFirstConnectionSnippet(t *testing.T) {
	addr := startDemo(t)
	session := ask(t, "http://"+addr+"/auth/login", `{"user":"alice"}`, "session")
	valid := ask(t, "http://"+addr+"/auth/refresh", `{"session":"`+session+`"}`, "token")
	expired := ask(t, "http://"+addr+"/auth/backdate", `{"session":"`+session+`","expiredFor":60000}`, "token")
	ctx, ws := dial(t, "ws://"+addr+"/sync", nil)
	const ready = `{"type":"ready","instanceId":"test-123","seq":0,"userId":"alice"}`
	for _, token := range []string{valid, expired} {
		say(t, ctx, ws, `{"type":"init","instanceId":"test-123","authToken":"`+token+`"}`, ready)
	}
	got := feedOf(t, addr)
	for _, token := range []string{valid, expired} {
		for part := range strings.SplitSeq(token, ".") {
			// The header part is the same in every token, and not in an assertion.
			if strings.Contains(got, part) {
				t.Error("a part of a token is in what the legacy server or the log saw")
			}
		}
	}
	if n := strings.Count(got, `"text":"{\"type\":\"init\",\"instanceId\":\"test-123\"}"`); n != 2 {
		t.Errorf("%d inits without a token reached the legacy server, want 2: %s", n, got)
	}
	if !strings.Contains(got, `"assertion":{"ok":true,"userId":"alice","status":"valid"}`) {
		t.Errorf("no verified assertion: %s", got)
	}
}

func TestTheDemoRefusesWhatServeRefuses(t *testing.T) {
	addr := startDemo(t)
	session := ask(t, "http://"+addr+"/auth/login", `{"user":"alice"}`, "session")
	old := ask(t, "http://"+addr+"/auth/backdate", `{"session":"`+session+`","expiredFor":41000}`, "token")
	late := ask(t, "http://"+addr+"/auth/backdate", `{"session":"`+session+`","expiredFor":2000}`, "token")
	for token, want := range map[string]string{
		"":                           "AUTH_REQUIRED",
		old:                          "TOKEN_EXPIRED",
		tokenBy(t, otherSecret, nil): "TOKEN_INVALID",
		late[:len(late)-20] + "AA":   "TOKEN_INVALID",
	} {
		ctx, ws := dial(t, "ws://"+addr+"/sync", nil)
		if err := ws.Write(ctx, websocket.MessageText, []byte(`{"type":"init","instanceId":"test-123","authToken":"`+token+`"}`)); err != nil {
			t.Fatal(err)
		}
		_, _, err := ws.Read(ctx)
		if websocket.CloseStatus(err) != 4401 || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want 4401 %s", err, want)
		}
	}
	if got := feedOf(t, addr); strings.Contains(got, `"kind":"connected"`) {
		t.Errorf("a refused client reached the legacy server: %s", got)
	}
	ctx, ws := dial(t, "ws://"+addr+"/sync", nil) // in grace
	say(t, ctx, ws, `{"type":"init","instanceId":"test-123","authToken":"`+late+`"}`, `{"type":"ready","instanceId":"test-123","seq":0,"userId":"alice"}`)
}
