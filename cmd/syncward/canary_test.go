package main

import (
	"bytes"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/hocuspocus"
)

func TestEachForgeryIsRefusedForWhatItIs(t *testing.T) {
	l := newTestLive(t)
	v, err := l.verifier()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]authz.Reason{
		"no token": authz.ReasonNoToken, "garbage": authz.ReasonFormat, "unsigned, alg none": authz.ReasonAlgorithm,
		"signed with another key": authz.ReasonSignature, "the same, expired in 2001": authz.ReasonSignature,
		"an assertion": authz.ReasonOwnAssertion,
	}
	all := forgeries(time.Now())
	if len(all) != len(want) {
		t.Errorf("%d forgeries, %d are expected", len(all), len(want))
	}
	for _, f := range all {
		if d := v.Decide(context.Background(), f.token); d.Allow || d.Reason != want[f.name] || d.Refusal() != f.want {
			t.Errorf("%s: %s (%s), want %s (%s)", f.name, d.Refusal(), d.Reason, f.want, want[f.name])
		}
	}
}

func TestTheReasonDecidesWhatAnAnswerOfTheSidecarIsWorth(t *testing.T) {
	for _, tc := range []struct {
		answer reply
		want   finish
	}{
		{reply{outcome: closed, number: 4401, code: authz.TokenInvalid}, asWanted},
		{reply{outcome: closed, number: 4403, code: authz.TokenInvalid}, asWanted},
		{reply{outcome: closed, number: 3000, code: authz.TokenInvalid}, asWanted},
		{reply{outcome: answered, number: 401, code: authz.TokenInvalid}, asWanted},
		{reply{outcome: answered, number: 200, code: authz.TokenInvalid}, wrong},
		{reply{outcome: answered, number: 401}, wrong},
		{reply{outcome: closed, number: 4401}, wrong},
		{reply{outcome: closed, number: 4401, code: authz.TokenExpired}, wrong},
		{reply{outcome: answered, number: 503, code: authz.AuthUnavailable}, wrong},
		{reply{outcome: cut}, wrong},
		{reply{outcome: admitted}, letIn},
		{reply{outcome: unreachable}, noReply},
		{reply{outcome: mute}, noReply},
		{reply{}, noReply},
	} {
		if got := judgeSidecar(authz.TokenInvalid, tc.answer); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.answer, got, tc.want)
		}
	}
}

func TestAnUpstreamIsOutOfReachOrRefusesByItself(t *testing.T) {
	for _, tc := range []struct {
		answer reply
		want   finish
	}{
		{reply{outcome: unreachable}, asWanted},
		{reply{outcome: answered, number: 401}, asWanted},
		{reply{outcome: answered, number: 403}, asWanted},
		{reply{outcome: answered, number: 400}, asWanted},
		{reply{outcome: closed, number: 4401, code: authz.TokenInvalid}, asWanted},
		{reply{outcome: closed, number: 1008}, asWanted},
		{reply{outcome: answered, number: 404}, wrong},
		{reply{outcome: answered, number: 200}, wrong},
		{reply{outcome: answered, number: 502}, wrong},
		{reply{outcome: closed, number: 1000}, wrong},
		{reply{outcome: closed, number: 1011}, wrong},
		{reply{outcome: cut}, wrong},
		{reply{outcome: admitted}, letIn},
		{reply{outcome: mute}, noReply},
		{reply{}, noReply},
	} {
		if got := judgeDirect(tc.answer); got != tc.want {
			t.Errorf("%+v: %s, want %s", tc.answer, got, tc.want)
		}
	}
}

func TestTheWorstAttemptIsTheExitCode(t *testing.T) {
	for _, tc := range []struct {
		results []finish
		want    int
	}{
		{[]finish{asWanted, asWanted}, 0},
		{[]finish{asWanted, noReply}, 2},
		{[]finish{noReply, letIn}, 1},
		{[]finish{wrong, noReply}, 1},
	} {
		var all attempts
		for _, r := range tc.results {
			all = append(all, attempt{Result: r})
		}
		if got := all.exit(); got != tc.want {
			t.Errorf("%v: %d, want %d", tc.results, got, tc.want)
		}
	}
}

// The form is the one that LiveStore's own client was seen to send.
func TestLiveStoresWayIsThatOfItsClient(t *testing.T) {
	u, err := url.Parse("wss://sync.example.com/ws?region=eu")
	if err != nil {
		t.Fatal(err)
	}
	for token, want := range map[string]string{
		"a.b-c_d": "wss://sync.example.com/ws?region=eu&storeId=todo-store-1&payload=%257B%2522authToken%2522%253A%2522a.b-c_d%2522%257D&transport=ws",
		"":        "wss://sync.example.com/ws?region=eu&storeId=todo-store-1&transport=ws",
	} {
		if q := wayOf(t, "livestore").question(*u, "todo-store-1", token); q.url != want || q.first != nil || len(q.header) != 0 {
			t.Errorf("%+v, want %s and nothing else", q, want)
		}
	}
}

// listener answers each connection with what serve does with it.
func listener(t *testing.T, serve func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go serve(c)
		}
	}()
	return ln.Addr().String()
}

// stranger answers each request with what serve does with it.
func stranger(t *testing.T, serve http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(serve)
	t.Cleanup(s.Close)
	return s.Listener.Addr().String()
}

// closing is a server that closes each WebSocket at once.
func closing(t *testing.T, code int, reason string) string {
	return stranger(t, func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err == nil {
			ws.Close(websocket.StatusCode(code), reason)
		}
	})
}

// endless is the head of an answer that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	return copy(p, strings.Repeat("HTTP/1.1 200 a\r\na: b\r\n", 1+len(p)/24)), nil
}

func TestWhateverIsThereIsToldApart(t *testing.T) {
	says := func(status int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status); w.Write([]byte(body)) }
	}
	secure := httptest.NewUnstartedServer(says(401, ""))
	secure.Config.ErrorLog = log.New(io.Discard, "", 0)
	secure.StartTLS()
	t.Cleanup(secure.Close)
	gone := listener(t, func(net.Conn) {})
	for name, tc := range map[string]struct {
		url    string
		want   outcome
		number int
		code   authz.Code
	}{
		"nobody":                   {"ws://127.0.0.1:1", unreachable, 0, ""},
		"a name that nobody has":   {"ws://" + strings.Repeat("a", 64) + ".invalid", mute, 0, ""},
		"hangs up":                 {"ws://" + listener(t, func(c net.Conn) { c.Close() }), unreachable, 0, ""},
		"accepts and says nothing": {"ws://" + gone, mute, 0, ""},
		"hangs up in the middle":   {"ws://" + listener(t, func(c net.Conn) { c.Read(make([]byte, 4096)); c.Write([]byte("HTTP/1.1 401 x\r\nA: b")); c.Close() }), mute, 0, ""},
		"hangs up on TLS":          {"wss://" + listener(t, func(c net.Conn) { c.Close() }), unreachable, 0, ""},
		"speaks without end":       {"ws://" + listener(t, func(c net.Conn) { io.Copy(c, endless{}) }), mute, 0, ""},
		"speaks no HTTP":           {"ws://" + listener(t, func(c net.Conn) { c.Write([]byte("220 mail\r\n\r\n")) }), mute, 0, ""},
		"a certificate of nobody":  {"wss://" + secure.Listener.Addr().String(), mute, 0, ""},
		"refuses with a code":      {"ws://" + stranger(t, says(401, `{"error":{"code":"AUTH_REQUIRED","message":"x"}}`)), answered, 401, authz.AuthRequired},
		"refuses in its own words": {"ws://" + stranger(t, says(403, `{"error":{"code":"CANARY"}}`)), answered, 403, ""},
		"sends elsewhere":          {"ws://" + stranger(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/in", http.StatusFound) }), answered, 302, ""},
		"closes with a code":       {"ws://" + closing(t, 3000, "TOKEN_INVALID"), closed, 3000, authz.TokenInvalid},
		"closes in its own words":  {"ws://" + closing(t, 4001, "CANARY"), closed, 4001, ""},
		"closes without a word":    {"ws://" + closing(t, 1005, ""), closed, 1005, ""},
		"lets in and answers":      {"ws://" + stranger(t, echo(t).ServeHTTP), admitted, 0, ""},
		"lets in and ends":         {"ws://" + stranger(t, func(w http.ResponseWriter, r *http.Request) { ws, _ := websocket.Accept(w, r, nil); ws.CloseNow() }), cut, 0, ""},
		"lets in and says nothing": {"ws://" + stranger(t, func(w http.ResponseWriter, r *http.Request) {
			ws, _ := websocket.Accept(w, r, nil)
			<-r.Context().Done()
			ws.CloseNow()
		}), admitted, 0, ""},
		"an upgrade to who knows": {"ws://" + listener(t, func(c net.Conn) {
			c.Read(make([]byte, 4096))
			c.Write([]byte("HTTP/1.1 101 x\r\nUpgrade: tea\r\nConnection: Upgrade\r\n\r\n"))
		}), mute, 101, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(tc.url)
			if err != nil {
				t.Fatal(err)
			}
			wait := 30 * time.Second // a safety net
			if strings.HasSuffix(name, "says nothing") {
				wait = time.Second
			}
			ctx, cancel := context.WithTimeout(context.Background(), wait)
			defer cancel()
			a := wayOf(t, "json").question(*u, "s", "t").ask(ctx)
			if a.outcome != tc.want || a.number != tc.number || a.code != tc.code {
				t.Errorf("%+v, want %+v", a, tc)
			}
			if a.text == "" || strings.Contains(a.text, "CANARY") {
				t.Errorf("%q is no description", a.text)
			}
		})
	}
}

// Every set of numbers that a sidecar may close with, and both ways to reject.
func TestTheCanaryFliesPastEverySidecarThatEnforces(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	for _, tc := range []struct {
		env   []string
		flags []string
	}{
		{nil, nil},
		{[]string{"CLOSE_CODES=iana"}, nil},
		{[]string{"CLOSE_CODES=graphql-ws"}, nil},
		{[]string{"PROTOCOL=livestore"}, []string{"--protocol=livestore"}},
		{[]string{"PROTOCOL=livestore", "REJECT_MODE=close"}, []string{"--protocol=livestore"}},
		{[]string{"PROTOCOL=graphql-ws"}, []string{"--protocol=graphql-ws"}},
		{[]string{"PROTOCOL=hocuspocus"}, []string{"--protocol=hocuspocus", "--store=notes"}},
		{[]string{"PROTOCOL=hocuspocus", "CLOSE_CODES=iana"}, []string{"--protocol=hocuspocus"}},
		{[]string{"PROTOCOL=opaque"}, []string{"--protocol=opaque"}},
		{[]string{"PROTOCOL=opaque", "REJECT_MODE=close", "CLOSE_CODES=graphql-ws"}, []string{"--protocol=opaque"}},
	} {
		s := startSidecar(t, up.URL, tc.env...)
		var out, errs bytes.Buffer
		code := execute(context.Background(), append([]string{"canary", "--url", "ws://" + s.addr + "/sync"}, tc.flags...), &out, &errs)
		if code != exitOK || strings.Count(out.String(), " ok\n") != 6 || errs.Len() > 0 {
			t.Errorf("%v: exit %d, stderr %q\n%s", tc.env, code, errs.String(), out.String())
		}
		if strings.Contains(out.String(), "eyJ") {
			t.Errorf("%v: a token is printed\n%s", tc.env, out.String())
		}
	}
}

// Who is let in is told, whoever is asked.
func TestTheCanaryDiesWhereItIsLetIn(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	for _, mode := range []string{"observe", "off"} {
		for _, protocol := range []string{"json", "hocuspocus"} {
			s := startSidecar(t, up.URL, "AUTH_MODE="+mode, "PROTOCOL="+protocol)
			var out bytes.Buffer
			code := execute(context.Background(), []string{"canary", "--url", "ws://" + s.addr, "--protocol", protocol}, &out, &out)
			if code != exitFault || strings.Count(out.String(), " LET IN\n") != 6 {
				t.Errorf("%s, %s: exit %d\n%s", mode, protocol, code, out.String())
			}
		}
	}
}

func wayOf(t *testing.T, protocol string) way {
	t.Helper()
	w, err := way{protocol: protocol}.checked()
	must(t, err)
	return w
}

func TestATokensFieldMayLieDeeper(t *testing.T) {
	for pointer, want := range map[string]string{
		"/authToken": `{"authToken":"t"}`, "/auth/token": `{"auth":{"token":"t"}}`, "/a~1b/~0": `{"a/b":{"~":"t"}}`, "/": `{"":"t"}`,
	} {
		o := map[string]any{}
		put(o, pointer, "t")
		if got := string(text(o)); got != want {
			t.Errorf("%s: %s, want %s", pointer, got, want)
		}
	}
}

// Hocuspocus' own server says no in a message, and leaves the socket open: of
// an upstream that is a refusal, of a sidecar it is none.
func TestADenialInTheProtocolsOwnWords(t *testing.T) {
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer ws.CloseNow()
		_, denial := hocuspocus.New(hocuspocus.Options{}).Denial("syncward-canary", "permission-denied")
		_ = ws.Write(r.Context(), websocket.MessageBinary, denial)
		_, _, _ = ws.Read(r.Context())
		_, _, _ = ws.Read(r.Context())
	}))
	defer up.Close()
	u, err := url.Parse("ws" + strings.TrimPrefix(up.URL, "http"))
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 500*time.Millisecond)
	defer cancel()
	a := wayOf(t, "hocuspocus").question(*u, "syncward-canary", "").ask(ctx)
	if a.outcome != denied || judgeDirect(a) != asWanted || judgeSidecar(authz.AuthRequired, a) != wrong {
		t.Errorf("%+v", a)
	}
}
