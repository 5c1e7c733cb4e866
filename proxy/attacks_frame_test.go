package proxy_test

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/livestore"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

func TestAttack09JSONThatTwoReadersReadDifferently(t *testing.T) {
	r := newRig(t)
	good := r.good("ada")
	deep := strings.Repeat(`{"a":`, 10_001) + "1" + strings.Repeat("}", 10_001)
	for name, row := range map[string]struct {
		frame  string
		code   int
		reason string
	}{
		"duplicate token":              {`{"authToken":"` + good + `","authToken":"x"}`, 4400, "BAD_FRAME"},
		"duplicate token, escaped":     {`{"authToken":"` + good + `","\u0061uthToken":"x"}`, 4400, "BAD_FRAME"},
		"duplicate of another name":    {`{"authToken":"` + good + `","a":{"b":1,"b":2}}`, 4400, "BAD_FRAME"},
		"invalid UTF-8":                {`{"authToken":"` + good + `","a":"` + "\xff" + `"}`, 4400, "BAD_FRAME"},
		"a lone surrogate":             {`{"authToken":"` + good + `","a":"\ud800"}`, 4400, "BAD_FRAME"},
		"a byte order mark":            {"\ufeff" + initFrame(good), 4400, "BAD_FRAME"},
		"trailing data":                {initFrame(good) + "{}", 4400, "BAD_FRAME"},
		"depth 65":                     {`{"authToken":"` + good + `","a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, 4400, "BAD_FRAME"},
		"depth 10001":                  {deep, 4400, "BAD_FRAME"},
		"another case of the name":     {`{"AuthToken":"` + good + `","authtoken":"` + good + `"}`, 4401, "AUTH_REQUIRED"},
		"the name below another":       {`{"a":{"authToken":"` + good + `"}}`, 4401, "AUTH_REQUIRED"},
		"the name with a dot or slash": {`{"/authToken":"` + good + `"}`, 4401, "AUTH_REQUIRED"},
	} {
		t.Run(name, func(t *testing.T) {
			c := r.open("/sync").text(row.frame)
			c.t = t
			c.wantClose(row.code, row.reason)
		})
	}
	r.legacy.untouched(t)

	escaped := `{ "b" : 1.0e+2,"\u0061uthToken" :  "` + good + `" , "a":"\u00e9\/" }`
	r.open("/sync").text(escaped)
	if got := r.legacy.messages(t, 1)[0]; strings.Contains(got, good) || !strings.Contains(got, `1.0e+2`) || !strings.Contains(got, `"a":"\u00e9\/"`) {
		t.Errorf("an escaped name: %q went upstream", got)
	}
}

func TestAttack10AFirstFrameInManyShapes(t *testing.T) {
	r := newRig(t)
	msg := initFrame(r.good("ada"))

	c := r.open("/sync")
	for i := range len(msg) {
		op := framing.Continuation
		if i == 0 {
			op = framing.Text
		}
		c.frame(i == len(msg)-1, op, msg[i:i+1])
		if i == 10 {
			c.frame(true, framing.Ping, "are you there")
		}
	}
	if g := c.read(); g.Opcode != framing.Pong || g.payload != "are you there" {
		t.Errorf("the ping was answered with %d %q", g.Opcode, g.payload)
	}
	c.wantText("ack:" + stripped)

	c = r.open("/sync").frame(true, framing.Binary, msg)
	if g := c.read(); g.Opcode != framing.Binary || g.payload != "ack:"+stripped {
		t.Errorf("binary: %d %q", g.Opcode, g.payload)
	}
	if got := r.legacy.messages(t, 2); got[0] != stripped || got[1] != stripped {
		t.Errorf("upstream got %q", got)
	}
}

func TestAttack10AFirstFrameThatTricklesIsCutOffByTotalTime(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.FirstFrameTimeout = time.Second })
	c := r.open("/sync")
	done := make(chan struct{})
	go func() { // a byte now and then must not buy more time
		defer close(done)
		frame := framing.AppendFrame(nil, true, framing.Text, []byte(strings.Repeat("x", 500)), &[4]byte{1})
		for _, b := range frame {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	g, err := readFrame(c.r)
	if err != nil || g.Opcode != framing.CloseFrame || !strings.HasSuffix(g.payload, "AUTH_REQUIRED") {
		t.Errorf("got %v %q %v", g.Opcode, g.payload, err)
	}
	_ = c.Close()
	<-done
	r.legacy.untouched(t)
}

func TestAttack10EmptyFragmentsDoNotGrowForEver(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.FirstFrameMaxBytes = 1000 })
	c := r.open("/sync").frame(false, framing.Text, "{")
	go func() {
		empty := framing.AppendFrame(nil, false, framing.Continuation, nil, &[4]byte{1})
		many := bytes.Repeat(empty, 10_000)
		for range 100 {
			if _, err := c.Write(many); err != nil {
				return
			}
		}
	}()
	g, err := readFrame(c.r)
	if err != nil || !strings.HasSuffix(g.payload, "MESSAGE_TOO_BIG") {
		t.Errorf("got %q %v", g.payload, err)
	}
	r.legacy.untouched(t)
}

func TestAttack11ADeflateBombBeforeAuthentication(t *testing.T) {
	var bomb bytes.Buffer
	w, _ := flate.NewWriter(&bomb, flate.BestSpeed)
	_, _ = io.CopyN(w, zeros{}, 64<<20)
	_ = w.Flush()
	r := newRig(t)
	c := r.dial().send(head("/sync", "Sec-WebSocket-Extensions: permessage-deflate"))
	res := c.answer()
	if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Extensions") != "" {
		t.Fatalf("an extension was accepted before authentication: %v", res.Header)
	}
	frame := framing.AppendFrame(nil, true, framing.Text, bomb.Bytes()[:60_000], &[4]byte{1})
	frame[0] |= 0x40 // RSV1: compressed
	c.send(string(frame)).wantClose(1002, "")
	r.legacy.untouched(t)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestAttack25ACanaryTokenAppearsNowhere(t *testing.T) {
	var printed bytes.Buffer
	log.SetOutput(&printed)
	defer log.SetOutput(os.Stderr)
	r := newRig(t, func(c *proxy.Config) {
		c.Sources = []proxy.Source{proxy.SourceFrame, proxy.SourceHeader, proxy.SourceSubprotocol, proxy.SourceQuery}
	})
	token := r.good("ada")
	parts := strings.Split(token, ".")
	canaries := map[string]string{
		"good": token, "bad signature": parts[0] + "." + parts[1] + ".c2lnbmF0dXJlLW9mLWEtY2FuYXJ5",
		"expired": r.token("ada", -30*time.Hour, -29*time.Hour), "no token at all": "canary-canary-canary-canary-canary",
	}
	for name, canary := range canaries {
		for _, open := range []func() *conn{
			func() *conn { return r.dial().send(head("/sync")) },
			func() *conn { return r.dial().send(head("/sync", bearer(canary), "Referer: http://a/?token="+canary)) },
			func() *conn { return r.dial().send(head("/sync", "Sec-WebSocket-Protocol: bearer."+canary)) },
			func() *conn { return r.dial().send(head("/sync?a=1&token=" + canary + "&b=2")) },
			func() *conn {
				return r.dial().send("GET /?token=" + canary + " HTTP/1.1\r\nHost: a\r\nReferer: http://a/?token=" + canary + "\r\n" + bearer(canary) + "\r\n\r\n")
			},
		} {
			c := open()
			c.frame(true, framing.Text, initFrame(canary)).frame(true, framing.CloseFrame, "")
			heard, _ := io.ReadAll(c.r)
			noneOf(t, name+": what the client heard", string(heard), canary)
		}
	}
	for name, canary := range canaries {
		noneOf(t, name+": what the upstream got", r.legacy.bytes(), canary)
		noneOf(t, name+": what hooks were told", r.seen.everything(), canary)
		noneOf(t, name+": what was printed", printed.String(), canary)
	}
	if !strings.Contains(r.legacy.bytes(), "a=1&b=2") {
		t.Error("the other parameters of the query are gone")
	}
}

// noneOf fails where a segment of token stands in text. The JOSE header is the
// same for every token and tells nothing, so it counts only in a whole token.
func noneOf(t *testing.T, where, text, token string) {
	t.Helper()
	for i, segment := range strings.Split(token, ".") {
		if i > 0 || !strings.Contains(token, ".") {
			if strings.Contains(text, segment) {
				t.Errorf("%s holds a part of the token", where)
			}
		}
	}
}

func TestAttack25APanicShowsNoToken(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) {
		c.Decide = func(_ context.Context, token string) authz.Decision { panic("crash at " + token) }
	})
	token := r.good("ada")
	r.open("/sync").text(initFrame(token)).wantClose(1013, "AUTH_UNAVAILABLE")
	noneOf(t, "what the hooks were told", r.seen.everything(), token)
}

func TestAttack27CloseCodesThatMustNotTravel(t *testing.T) {
	bad := map[string][]byte{
		"1005": {3, 237}, "1006": {3, 238}, "1015": {3, 247}, "999": {3, 231}, "5000": {19, 136}, "one byte": {3},
		"a 124-byte reason": append([]byte{3, 232}, bytes.Repeat([]byte("x"), 124)...), "a reason that is no UTF-8": {3, 232, 0xff, 0xfe},
	}
	for name, payload := range bad {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.legacy.onFrame = func(c net.Conn, g got) bool {
				if !g.Opcode.Control() {
					_, _ = c.Write(framing.AppendFrame(nil, true, framing.CloseFrame, payload, nil))
				}
				return g.Opcode != framing.CloseFrame
			}
			r.open("/sync").text(initFrame(r.good("ada"))).wantClose(1011, "")
			eventually(t, "1002 at the upstream", func() bool {
				r.legacy.mu.Lock()
				defer r.legacy.mu.Unlock()
				last := r.legacy.frames[len(r.legacy.frames)-1]
				return last.Opcode == framing.CloseFrame && strings.HasPrefix(last.payload, "\x03\xea")
			})

			c := newRigClient(t)
			c.frame(true, framing.CloseFrame, string(payload)).wantClose(1002, "")
		})
	}
	for _, good := range []framing.Close{{}, {Code: 1000}, {Code: 4999, Reason: strings.Repeat("é", 61)}, {Code: 3000, Reason: "bye"}} {
		c := newRigClient(t)
		c.frame(true, framing.CloseFrame, string(good.Append(nil)))
		if g := c.read(); g.Opcode != framing.CloseFrame || g.payload != string(good.Append(nil)) {
			t.Errorf("close %v came back as %q", good, g.payload)
		}
	}
}

// newRigClient is an admitted client of a rig of its own.
func newRigClient(t *testing.T) *conn {
	r := newRig(t)
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	return c
}

func TestAttack28ASlowReaderHoldsBackItsSenderAndNoMemory(t *testing.T) {
	r := newRig(t)
	var sent int64
	var mu sync.Mutex
	flood := framing.AppendFrame(nil, true, framing.Binary, make([]byte, 64<<10), nil)
	r.legacy.onFrame = func(c net.Conn, g got) bool {
		if g.Opcode.Control() {
			return true
		}
		_ = c.SetWriteDeadline(time.Now().Add(2 * time.Second))
		for range 4096 { // 256 MiB, where nobody holds it back
			n, err := c.Write(flood)
			mu.Lock()
			sent += int64(n)
			mu.Unlock()
			if err != nil {
				return false
			}
		}
		return false
	}
	c := r.open("/sync").text(initFrame(r.good("ada")))
	eventually(t, "the upstream gave up", func() bool { r.legacy.mu.Lock(); defer r.legacy.mu.Unlock(); return r.legacy.ended == 1 })
	mu.Lock()
	defer mu.Unlock()
	if sent > 64<<20 {
		t.Errorf("%d MiB were taken for a client that reads nothing", sent>>20)
	}
	_ = c.Close()
}

func TestAttack29ShutdownTellsEverybodyAndStopsListening(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.DrainDelay, c.DrainPeriod = 50*time.Millisecond, 300*time.Millisecond })
	const n = 40
	conns := make([]*conn, n)
	for i := range conns {
		conns[i] = r.open("/sync").text(initFrame(r.good("ada")))
		conns[i].wantText("ack:" + stripped)
	}
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(context.Background()) }()
	var wg sync.WaitGroup
	for _, c := range conns {
		wg.Go(func() { c.wantClose(1012, "DRAINING"); _ = c.Close() })
	}
	wg.Wait()
	if err := <-drained; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", r.addr); err == nil {
		t.Error("the listener is still open")
	}
}

func TestAttack29NewUpgradesAreRefusedWhileDraining(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.DrainPeriod = 2 * time.Second })
	all := r.crowd(2)
	ctx, hurry := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(ctx) }()
	eventually(t, "a refused upgrade", func() bool {
		res := r.dial().send(head("/sync")).answer()
		return res.StatusCode == 503 && res.Header.Get("Retry-After") != ""
	})
	hurry() // the second SIGTERM
	for _, c := range all {
		c.wantClose(1012, "DRAINING")
		_ = c.Close()
	}
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestAttack30ManyWritersOnOneConnection(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.DrainPeriod = 100 * time.Millisecond })
	var wg sync.WaitGroup
	for i := range 8 {
		c := r.open("/sync").text(initFrame(r.good(fmt.Sprint("user", i))))
		c.wantText("ack:" + stripped)
		wg.Go(func() {
			for { // every frame must be whole until the close
				g, err := readFrame(c.r)
				if err != nil || g.Opcode == framing.CloseFrame {
					_ = c.Close()
					return
				}
				if !g.Opcode.Control() && !strings.HasPrefix(g.payload, "ack:") {
					t.Errorf("a torn frame: %q", g.payload)
					return
				}
			}
		})
		wg.Go(func() {
			for j := 0; ; j++ {
				frame := framing.AppendFrame(nil, true, framing.Text, []byte(rand.Text()), &[4]byte{1, 2, 3, byte(j)})
				frame = framing.AppendFrame(frame, true, framing.Ping, []byte("p"), &[4]byte{4})
				if j%5 == 0 {
					frame = framing.AppendFrame(frame, true, framing.Text, []byte(initFrame(r.good(fmt.Sprint("user", i)))), &[4]byte{5})
				}
				if _, err := c.Write(frame); err != nil {
					return
				}
				if j%50 == 49 { // or the close would stand behind seconds of answers
					time.Sleep(time.Millisecond)
				}
			}
		})
	}
	time.Sleep(200 * time.Millisecond)
	ctx, cancel := context.WithTimeout(context.Background(), safety)
	defer cancel()
	if err := r.server.Drain(ctx); err != nil {
		t.Error(err)
	}
	wg.Wait()
}

// asLiveStore makes a rig of the livestore protocol.
func asLiveStore(c *proxy.Config) {
	c.Protocol, c.RejectHTTP = livestore.New(livestore.Options{}), true
	c.Sources = []proxy.Source{proxy.SourcePayload, proxy.SourceHeader}
}

func liveStorePath(token string) string {
	return "/?storeId=mine&payload=%257B%2522authToken%2522%253A%2522" + token + "%2522%257D&transport=ws"
}

func pull(store, token string) string {
	return `{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{"storeId":"` + store + `","payload":{"authToken":"` + token + `"},"live":true,"cursor":{"_tag":"None"}},"headers":[]}`
}

func TestAttack33AFrameForAnotherStoreIsRefused(t *testing.T) {
	r := newRig(t, asLiveStore)
	token := r.good("ada")
	c := r.open(liveStorePath(token)).text(pull("mine", token))
	c.wantText(`ack:{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{"storeId":"mine","payload":{},"live":true,"cursor":{"_tag":"None"}},"headers":[]}`)
	c.text(pull("theirs", token)).wantClose(4403, "FORBIDDEN")
	binary := r.open(liveStorePath(token)).frame(true, framing.Binary, pull("theirs", token))
	binary.wantClose(4403, "FORBIDDEN")
	fragments := r.open(liveStorePath(token)).frame(false, framing.Text, pull("theirs", token)[:100]).frame(true, framing.Continuation, pull("theirs", token)[100:])
	fragments.wantClose(4403, "FORBIDDEN")
	missing := r.open(liveStorePath(token)).text(`{"_tag":"Request","id":"0","tag":"SyncWsRpc.Pull","payload":{}}`)
	missing.wantClose(4400, "BAD_FRAME")
	another := r.open(liveStorePath(token)).text(pull("mine", r.good("bob")))
	another.wantClose(4403, "FORBIDDEN")
	older := r.open(liveStorePath(token)).text(pull("mine", r.token("ada", -60*time.Hour, -59*time.Hour)))
	older.wantText("ack:" + pullStripped)
	if strings.Contains(r.legacy.bytes(), "theirs") || strings.Contains(r.legacy.bytes(), token) {
		t.Error("what was refused or taken out reached the upstream")
	}
}

func TestAttack34LiveStoreIsRefusedInTheHandshake(t *testing.T) {
	r := newRig(t, asLiveStore)
	if code, body := r.dial().send(head(liveStorePath("nonsense"))).status(); code != 401 || !strings.Contains(body, "TOKEN_INVALID") {
		t.Errorf("%d %s: a 101 and a close makes a 0.3.1 client reconnect without a pause", code, body)
	}
	if code, _ := r.dial().send(head("/?storeId=a&storeId=b")).status(); code != 400 {
		t.Errorf("two stores: %d", code)
	}
	r.legacy.untouched(t)
}

func TestACrashOfOneConnectionTouchesNoOther(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.Protocol = crashing{c.Protocol} })
	other := r.open("/sync").text(initFrame(r.good("ada")))
	other.wantText("ack:" + stripped)
	r.open("/sync").text(`{"crash":"first"}`).wantEnd()
	later := r.open("/sync").text(initFrame(r.good("bob")))
	later.wantText("ack:" + stripped)
	later.text(`{"crash":"later"}`).wantEndOrReset()
	other.text("alive").wantText("ack:alive")
}

// crashing panics at a message that says so.
type crashing struct{ payload.Protocol }

func (p crashing) First(op framing.Opcode, msg []byte) (payload.Found, error) {
	if strings.Contains(string(msg), "crash") {
		panic("crash")
	}
	return p.Protocol.First(op, msg)
}

func (p crashing) Later(op framing.Opcode, msg []byte, b payload.Bound) (payload.Found, error) {
	if strings.Contains(string(msg), "crash") {
		panic("crash")
	}
	return p.Protocol.Later(op, msg, b)
}

// wantEndOrReset reads until the connection ends in whatever way.
func (c *conn) wantEndOrReset() {
	c.t.Helper()
	_, err := io.Copy(io.Discard, c.r)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.t.Fatal("the connection does not end")
	}
}
