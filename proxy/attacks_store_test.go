package proxy_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

// request is a LiveStore request of any tag and storeId, as the raw JSON value.
func request(tag, storeID string) string {
	return `{"_tag":"Request","id":"0","tag":"` + tag + `","payload":{"storeId":` + storeID + `,"batch":[]},"headers":[]}`
}

func TestAttack33NoSpellingOfAnotherStorePasses(t *testing.T) {
	r := newRig(t, asLiveStore)
	token := r.good("ada")
	for name, row := range map[string]struct {
		frame, reason string
		code          int
	}{
		"a push":                       {request("SyncWsRpc.Push", `"theirs"`), "FORBIDDEN", 4403},
		"another case":                 {request("SyncWsRpc.Push", `"Mine"`), "FORBIDDEN", 4403},
		"escaped":                      {request("SyncWsRpc.Push", `"\u0074heirs"`), "FORBIDDEN", 4403},
		"a longer one":                 {request("SyncWsRpc.Push", `"mine2"`), "FORBIDDEN", 4403},
		"with a NUL":                   {request("SyncWsRpc.Push", `"mine\u0000"`), "FORBIDDEN", 4403},
		"empty":                        {request("SyncWsRpc.Push", `""`), "FORBIDDEN", 4403},
		"no string":                    {request("SyncWsRpc.Push", `["mine"]`), "BAD_FRAME", 4400},
		"null":                         {request("SyncWsRpc.Push", `null`), "BAD_FRAME", 4400},
		"two, the last one foreign":    {request("SyncWsRpc.Push", `"mine","storeId":"theirs"`), "BAD_FRAME", 4400},
		"two, one of them escaped":     {request("SyncWsRpc.Push", `"mine","store\u0049d":"theirs"`), "BAD_FRAME", 4400},
		"an unknown tag":               {request("SyncWsRpc.Steal", `"mine"`), "BAD_FRAME", 4400},
		"a tag of the HTTP transport":  {request("SyncHttpRpc.Pull", `"mine"`), "BAD_FRAME", 4400},
		"two objects in one message":   {pull("mine", token) + pull("theirs", token), "BAD_FRAME", 4400},
		"two objects, one on each row": {pull("mine", token) + "\n" + pull("theirs", token), "BAD_FRAME", 4400},
		"an array of requests":         {"[" + pull("mine", token) + "," + pull("theirs", token) + "]", "BAD_FRAME", 4400},
		"an admin message":             {`{"_tag":"WSMessage.AdminResetRoomReq","requestId":"1","adminSecret":"x"}`, "FORBIDDEN", 4403},
	} {
		for shape, send := range map[string]func(*conn){
			"text": func(c *conn) { c.text(row.frame) }, "binary": func(c *conn) { c.frame(true, framing.Binary, row.frame) },
			"fragments": func(c *conn) {
				c.frame(false, framing.Text, row.frame[:9]).frame(true, framing.Ping, "").frame(false, framing.Continuation, row.frame[9:20]).frame(true, framing.Continuation, row.frame[20:])
			},
		} {
			if t.Failed() {
				return // each further one would wait for its deadline
			}
			t.Run(name+", "+shape, func(t *testing.T) {
				c := r.open(liveStorePath(token)).text(pull("mine", token)) // the first one is no special case
				c.t = t
				c.read()
				send(c)
				c.wantClose(row.code, row.reason)
			})
		}
	}
	for _, g := range r.legacy.dataFrames() {
		if g.payload != strings.Replace(pull("mine", token), `{"authToken":"`+token+`"}`, "{}", 1) {
			t.Errorf("went upstream: %q", g.payload)
		}
	}
}

// The accepted frames of the same connection, so that refusing all would fail.
func TestAttack33TheFramesOfItsOwnStorePass(t *testing.T) {
	r := newRig(t, asLiveStore)
	c := r.open(liveStorePath(r.good("ada")))
	for _, frame := range []string{`{"_tag":"Ping"}`, `{"_tag":"WSMessage.Ping","requestId":"ping"}`, request("SyncWsRpc.Push", `"mine"`), request("SyncWsRpc.Push", `"\u006dine"`), `{"_tag":"Ack","requestId":"0"}`} {
		c.text(frame).wantText("ack:" + frame)
	}
	older := pull("mine", r.token("ada", -60*time.Hour, -59*time.Hour))
	c.text(older).wantText("ack:" + pullStripped)
}

// pullStripped is pull of the store mine without its token.
const pullStripped = `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{"storeId":"mine","payload":{},"live":true,"cursor":{"_tag":"None"}},"headers":[]}`

// Each refusal that can be known at the upgrade is an HTTP answer: a 101 and a
// close makes a 0.3.1 client reconnect without a pause.
func TestAttack34EveryRefusalOfAnUpgradeIsAnHTTPAnswer(t *testing.T) {
	r := newRig(t, asLiveStore)
	nothing, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_ = nothing.Close()
	down := newRig(t, asLiveStore, func(c *proxy.Config) { c.Upstream.Address = nothing.Addr().String() })
	unable := newRig(t, asLiveStore, func(c *proxy.Config) {
		c.Decide = func(context.Context, string) authz.Decision { return authz.Decision{} }
	})
	refusing := newRig(t, asLiveStore)
	refusing.legacy.answer = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\nno"
	for name, row := range map[string]struct {
		rig   *rig
		path  string
		want  int
		holds string
	}{
		"no token":              {r, "/?storeId=mine", 401, "AUTH_REQUIRED"},
		"an empty token":        {r, liveStorePath(""), 401, "AUTH_REQUIRED"},
		"no JWT":                {r, liveStorePath("nonsense"), 401, "TOKEN_INVALID"},
		"past its grace":        {r, liveStorePath(r.token("ada", -60*time.Hour, -59*time.Hour)), 401, "TOKEN_EXPIRED"},
		"the anonymous user":    {r, liveStorePath(r.good("anonymous")), 401, "TOKEN_INVALID"},
		"two stores":            {r, "/?storeId=a&storeId=b", 400, "BAD_FRAME"},
		"two stores, encoded":   {r, "/?storeId=a&%73toreId=b", 400, "BAD_FRAME"},
		"two payloads":          {r, liveStorePath("x") + "&payload=null", 400, "BAD_FRAME"},
		"an unreadable payload": {r, "/?storeId=mine&payload=%257B", 400, "BAD_FRAME"},
		"keys out of reach":     {unable, liveStorePath(r.good("ada")), 503, "AUTH_UNAVAILABLE"},
		"upstream down":         {down, liveStorePath(r.good("ada")), 502, "UPSTREAM_UNAVAILABLE"},
		"upstream refuses":      {refusing, liveStorePath(r.good("ada")), 400, "no"},
	} {
		for _, line := range []string{"", "Sec-WebSocket-Protocol: chat"} {
			t.Run(fmt.Sprint(name, " ", line), func(t *testing.T) {
				h := head(row.path)
				if line != "" {
					h = head(row.path, line)
				}
				c := row.rig.dial().send(h)
				c.t = t
				if code, body := c.status(); code != row.want || !strings.Contains(body, row.holds) {
					t.Errorf("%d %s, want %d %s", code, body, row.want, row.holds)
				}
				c.wantEnd()
			})
		}
	}
	r.legacy.untouched(t)
}
