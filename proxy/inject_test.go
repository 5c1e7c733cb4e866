package proxy_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// injecting gives events their author.
func injecting(c *proxy.Config) {
	paths, err := payload.ParsePaths("/event", "/events/*", "/batch/*")
	if err != nil {
		panic(err)
	}
	if c.Inject, err = attribution.NewInjector(paths); err != nil {
		panic(err)
	}
}

var stamped = regexp.MustCompile(`"timestamp":(\d{13})`)

// mine is the metadata of a user's event on the newest connection, as it stands
// once a timestamp of just now is written T.
func (r *rig) mine(user string) string {
	r.t.Helper()
	heads := r.legacy.allHeads(r.t, 1)
	id := field(heads[len(heads)-1], "X-Sync-Connection-Id")
	if id == "" {
		r.t.Fatal("the upstream knows of no connection id")
	}
	return `"metadata":{"userId":"` + user + `","timestamp":T,"connectionId":"` + id + `"}`
}

// wantEvent reads one frame and wants "ack:" and want, with T for timestamps.
func (c *conn) wantEvent(op framing.Opcode, want string) {
	c.t.Helper()
	g := c.read()
	for _, m := range stamped.FindAllStringSubmatch(g.payload, -1) {
		ms, _ := strconv.ParseInt(m[1], 10, 64)
		if age := time.Since(time.UnixMilli(ms)); age < -time.Second || age > safety {
			c.t.Errorf("the timestamp is %v old", age)
		}
	}
	if got := stamped.ReplaceAllString(g.payload, `"timestamp":T`); g.Opcode != op || got != "ack:"+want {
		c.t.Fatalf("got opcode %d\n     %s\nwant ack:%s", g.Opcode, got, want)
	}
}

func TestEveryEventOfAClientGetsItsAuthor(t *testing.T) {
	r := newRig(t, injecting)
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	m := r.mine("ada")
	c.text(`{"event":{"a": 1.0}}`).wantEvent(framing.Text, `{"event":{"a": 1.0,`+m+`}}`)
	c.frame(true, framing.Binary, `{"events":[{},{"metadata":{"userId":"eve","k":1}}]}`)
	id := strings.TrimSuffix(strings.SplitAfter(m, `"connectionId":`)[1], "}")
	c.wantEvent(framing.Binary, `{"events":[{`+m+`},{"metadata":{"userId":"ada","k":1,"timestamp":T,"connectionId":`+id+`}}]}`)
	c.frame(false, framing.Text, `{"ev`).frame(true, framing.Ping, "p").frame(false, framing.Continuation, ``).frame(true, framing.Continuation, `ent":{}}`)
	if g := c.read(); g.Opcode != framing.Pong {
		t.Errorf("got opcode %d: the ping in between waited", g.Opcode)
	}
	c.wantEvent(framing.Text, `{"event":{`+m+`}}`)
	c.frame(false, framing.Text, `{"type":"cursor",`).frame(true, framing.Continuation, ` "x":1}`)
	frames := r.legacy.messages(t, 6)
	if got := frames[4:]; !slices.Equal(got, []string{`{"type":"cursor",`, ` "x":1}`}) {
		t.Errorf("without an event a message passes in its own frames, got %q", got)
	}
	r.legacy.mu.Lock()
	defer r.legacy.mu.Unlock()
	for _, f := range r.legacy.frames {
		if !f.Masked {
			t.Errorf("an unmasked frame went upstream: %q", f.payload)
		}
	}
}

func TestTheFirstFrameHoldsEventsToo(t *testing.T) {
	r := newRig(t, injecting)
	c := r.open("/sync").text(`{"type":"init","authToken":"` + r.good("ada") + `","events":[{"n":1}]}`).text(`{"event":{}}`)
	g := c.read()
	m := r.mine("ada")
	if got := stamped.ReplaceAllString(g.payload, `"timestamp":T`); got != `ack:{"type":"init","events":[{"n":1,`+m+`}]}` {
		t.Errorf("got %s", got)
	}
	c.wantEvent(framing.Text, `{"event":{`+m+`}}`)
}

func TestAuthorsGoWithTokensInEveryFrameAndNone(t *testing.T) {
	for name, change := range map[string]func(*proxy.Config){
		"all frames": func(c *proxy.Config) { c.Protocol = payload.JSON{AllFrames: true} },
		"replaced":   func(c *proxy.Config) { c.Protocol = payload.JSON{AllFrames: true, Replace: "static"} },
		"the first":  func(c *proxy.Config) { c.Protocol = payload.JSON{} },
		"no frame":   opaqueSources,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, injecting, change)
			c := r.dial()
			first := initFrame(r.good("ada"))
			if name == "no frame" {
				c.send(head("/sync", bearer(r.good("ada"))))
				first = stripped
			} else {
				c.send(head("/sync"))
			}
			if code, body := c.status(); code != 101 {
				t.Fatal(code, body)
			}
			c.text(first)
			if got := c.read().payload; strings.Contains(got, "eyJ") || !strings.HasPrefix(got, `ack:{"type":"init"`) {
				t.Fatal(got)
			}
			r.seen.mu.Lock()
			if len(r.seen.refresh) > 0 {
				t.Error("what was put into the first message was judged as a token")
			}
			r.seen.mu.Unlock()
			m := r.mine("ada")
			younger := r.token("ada", -time.Second, time.Hour)
			c.text(`{"event":{},"authToken":"` + younger + `"}`)
			want := map[string]string{
				"all frames": `{"event":{` + m + `}}`, "replaced": `{"event":{` + m + `},"authToken":"static"}`,
				"the first": `{"event":{` + m + `},"authToken":"` + younger + `"}`, "no frame": `{"event":{` + m + `},"authToken":"` + younger + `"}`,
			}[name]
			c.wantEvent(framing.Text, want)
		})
	}
}

// opaqueSources takes no token from frames.
func opaqueSources(c *proxy.Config) {
	c.Protocol, c.Sources = payload.JSON{}, []proxy.Source{proxy.SourceHeader}
}

func TestWhatClientsThatOptedInSayToUsIsNoEvent(t *testing.T) {
	r := newRig(t, injecting)
	c, ok := r.optedIn(r.good("ada"))
	c.wantText("ack:" + stripped)
	m := r.mine("ada")
	c.text(`{"type":"auth.refresh","authToken":"` + r.token("ada", -time.Second, time.Hour) + `","event":{}}`)
	if again := c.hear("auth.ok"); again.UserID != ok.UserID {
		t.Errorf("%+v", again)
	}
	c.text(`{"event":{}}`).wantEvent(framing.Text, `{"event":{`+m+`}}`)
	if all := r.legacy.bytes(); strings.Contains(all, "auth.refresh") {
		t.Error("a refresh was relayed")
	}
}

func TestAMessageWhoseEventsCannotBeToldIsRefused(t *testing.T) {
	for name, msg := range map[string]string{
		"two userIds":   `{"event":{"metadata":{"userId":"ada","userId":"eve"}}}`,
		"two, escaped":  `{"event":{"metadata":{"userId":"ada","\u0075serId":"eve"}}}`,
		"cut short":     `{"event":{`,
		"invalid UTF-8": "{\"event\":{\"\xff\":1}}",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, injecting)
			c := r.open("/sync").text(initFrame(r.good("ada")))
			c.wantText("ack:" + stripped)
			c.frame(true, framing.Binary, msg).wantClose(4400, "BAD_FRAME")
			if got := r.legacy.messages(t, 1); len(got) != 1 {
				t.Errorf("the upstream got %q", got[1:])
			}
		})
	}
}

func TestAMessageThatOutgrowsItsLimitIsTooBigInEveryMode(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe} {
		r := newRig(t, injecting, func(c *proxy.Config) { c.MaxMessageBytes = 300 })
		r.policy.set(mode, 100)
		c := r.open("/sync", bearer(r.good("ada")))
		c.text(stripped).wantText("ack:" + stripped)
		c.text(`{"events":[{},{},{}]}`).wantClose(1009, "MESSAGE_TOO_BIG")
	}
}

func TestObserveAttributesTooAndCountsWhatItCannotRead(t *testing.T) {
	r := newRig(t, injecting)
	r.policy.set(authz.Observe, 100)
	c := r.open("/sync").text(`{"type":"init","event":{"metadata":{"userId":"ada"}}}`)
	g := c.read()
	m := r.mine("anonymous")
	if got := stamped.ReplaceAllString(g.payload, `"timestamp":T`); got != `ack:{"type":"init","event":{`+m+`}}` {
		t.Errorf("got %s", got)
	}
	c.text(`{"event":{`).wantText(`ack:{"event":{`)
	r.seen.mu.Lock()
	observed := slices.Clone(r.seen.observed)
	r.seen.mu.Unlock()
	if !slices.Equal(observed, []authz.Code{authz.BadFrame}) {
		t.Errorf("observed %v, want one BAD_FRAME", observed)
	}
	known := r.open("/sync").text(initFrame(r.good("ada")))
	known.wantText("ack:" + stripped)
	known.text(`{"event":{}}`).wantEvent(framing.Text, `{"event":{`+r.mine("ada")+`}}`)
}

func TestWhatCannotBeReadTwiceOverIsCountedOnce(t *testing.T) {
	r := boundTo(t, injecting)
	r.policy.set(authz.Observe, 100)
	c := r.open("/sync").text(`{"type":"init","instanceId":"a","authToken":"` + r.of("a") + `"}`)
	c.wantText(`ack:{"type":"init","instanceId":"a"}`)
	c.text(`{"event":{"instanceId":`).wantText(`ack:{"event":{"instanceId":`)
	c.text(`{"event":{},"instanceId":"b"}`).wantEvent(framing.Text, `{"event":{`+r.mine("ada")+`},"instanceId":"b"}`)
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	if !slices.Equal(r.seen.observed, []authz.Code{authz.BadFrame, authz.Forbidden}) {
		t.Errorf("observed %v", r.seen.observed)
	}
}

func TestOffWritesNothing(t *testing.T) {
	r := newRig(t, injecting)
	r.policy.set(authz.Off, 100)
	c := r.open("/sync")
	for _, msg := range []string{`{"event":{"metadata":{"userId":"eve"}}}`, `{"event":{`} {
		c.text(msg).wantText("ack:" + msg)
	}
}

func TestNoExtensionIsOfferedWhereEventsMustBeFound(t *testing.T) {
	r := newRig(t, injecting, opaqueSources)
	r.open("/sync", bearer(r.good("ada")), "Sec-WebSocket-Extensions: permessage-deflate")
	if h := r.legacy.received(t); strings.Contains(strings.ToLower(h), "extensions") {
		t.Errorf("offered: %s", h)
	}
}

func TestARefreshChangesNoAuthor(t *testing.T) {
	r := newRig(t, injecting)
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	m := r.mine("ada")
	c.text(`{"event":{},"authToken":"`+r.token("ada", -time.Second, 2*time.Hour)+`"}`).wantEvent(framing.Text, `{"event":{`+m+`}}`)
	c.text(`{"event":{},"authToken":"`+r.good("eve")+`"}`).wantClose(4403, "FORBIDDEN")
}

func TestAttributedEventsAreCounted(t *testing.T) {
	counted := make(chan int, 8)
	r := newRig(t, injecting, func(c *proxy.Config) { c.Hooks.Attributed = func(n int) { counted <- n } })
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	c.text(`{"type":"event"}`).text(`{"batch":[{},{}],"event":"x"}`)
	if n := <-counted; n != 2 || len(counted) > 0 {
		t.Errorf("%d events, and %d more reports", n, len(counted))
	}
}
