package proxy_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// ledger is a journal that says what it was told, and can make everybody wait.
type ledger struct {
	mu     sync.Mutex
	lines  []string
	held   chan struct{} // closed: nobody waits
	fail   error
	opened int
	closed int
	inside int // calls that have not returned
}

func newLedger() *ledger {
	l := &ledger{held: make(chan struct{})}
	close(l.held)
	return l
}

// hold makes every call wait from now on, until the func that it returns.
func (l *ledger) hold() (release func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	gate := make(chan struct{})
	l.held = gate
	return sync.OnceFunc(func() { close(gate) })
}

// journaled has the rig's events put down in l.
func (l *ledger) journaled(c *proxy.Config) {
	events, err1 := payload.ParsePaths("/event", "/events/*")
	acks, err2 := payload.ParsePaths("/ack")
	if err := errors.Join(err1, err2); err != nil {
		panic(err)
	}
	c.Protocol = payload.JSON{AllFrames: true, Events: events, Acks: acks}
	c.Record = l.open
}

func (l *ledger) open(a attribution.Author, instance string) proxy.Recorder {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.opened++
	return &account{l, a.UserID + "@" + instance}
}

func (l *ledger) enter(ctx context.Context, line string) error {
	l.mu.Lock()
	l.lines = append(l.lines, line)
	l.inside++
	held, fail := l.held, l.fail
	l.mu.Unlock()
	defer func() { l.mu.Lock(); l.inside--; l.mu.Unlock() }()
	select {
	case <-held:
		return fail
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait waits until that many lines were written, and returns them.
func (l *ledger) wait(t *testing.T, n int) (lines []string) {
	t.Helper()
	eventually(t, fmt.Sprintf("%d lines in the journal", n), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		lines = slices.Clone(l.lines)
		return len(lines) >= n
	})
	return lines
}

// settled wants every account closed, and nobody in a call.
func (l *ledger) settled(t *testing.T, accounts int) {
	t.Helper()
	eventually(t, "every account closed and nobody waiting", func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.opened == accounts && l.closed == accounts && l.inside == 0
	})
}

type account struct {
	l    *ledger
	name string
}

func (a *account) Push(ctx context.Context, p payload.Push) error {
	var ids []string
	for _, e := range p.Events {
		ids = append(ids, e.ID+fmt.Sprint(e.SeqNum))
	}
	return a.l.enter(ctx, a.name+" pushes "+strings.Join(ids, ","))
}

func (a *account) Tell(ctx context.Context, n payload.News) error {
	var ids []string
	for _, x := range n.Answers {
		ids = append(ids, x.ID+x.Request)
	}
	return a.l.enter(ctx, a.name+" hears "+strings.Join(ids, ","))
}

func (a *account) Close() { a.l.mu.Lock(); a.l.closed++; a.l.mu.Unlock() }

// admitted opens a connection of ada, whose first message has been answered.
func (l *ledger) admitted(r *rig) *conn {
	r.t.Helper()
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	return c
}

// acking makes the upstream answer an event with its acknowledgement.
func acking(r *rig) {
	r.legacy.silent = true
	r.legacy.onFrame = func(c net.Conn, g got) bool {
		switch id := between(g.payload, `"id":"`, `"`); {
		case g.Opcode == framing.CloseFrame:
			_, _ = c.Write(framing.AppendFrame(nil, true, framing.CloseFrame, []byte(g.payload), nil))
			return false
		case id != "":
			_, _ = c.Write(framing.AppendFrame(nil, true, framing.Text, []byte(`{"ack":"`+id+`"}`), nil))
		case !g.Opcode.Control():
			_, _ = c.Write(framing.AppendFrame(nil, true, framing.Text, []byte("ack:"+g.payload), nil))
		}
		return true
	}
}

func between(s, a, b string) string {
	_, rest, _ := strings.Cut(s, a)
	found, _, ok := strings.Cut(rest, b)
	if !ok {
		return ""
	}
	return found
}

func TestAnEventWaitsForItsIntentAndItsAcknowledgementForTheRecord(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled)
	acking(r)
	c := l.admitted(r)
	release := l.hold()
	c.text(`{"event":{"id":"e1"}}`).text("behind it")
	l.wait(t, 1)
	if got := r.legacy.messages(t, 1); len(got) != 1 {
		t.Fatalf("the upstream got %q before the intent was kept", got[1:])
	}
	held := l.hold()
	release()
	r.legacy.messages(t, 3)
	lines := l.wait(t, 2)
	if want := []string{"ada@test-123 pushes e10", "ada@test-123 hears e1"}; !slices.Equal(lines, want) {
		t.Fatalf("%q", lines)
	}
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := c.r.Peek(1); err == nil {
		t.Fatalf("the client got %x before the record was kept", b)
	}
	_ = c.SetReadDeadline(time.Now().Add(safety))
	held()
	c.wantText(`{"ack":"e1"}`)
	c.wantText("ack:behind it")
	_ = c.Close()
	l.settled(t, 1)
}

func TestMessagesWithoutEventsAskNoJournal(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled)
	l.hold()
	c := l.admitted(r)
	for _, msg := range []string{"x", `{"event":"join"}`, `{"type":"prevented"}`} {
		c.text(msg).wantText("ack:" + msg)
	}
}

func TestTheFirstFramesEventsAreJournaledToo(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled)
	release := l.hold()
	c := r.open("/sync").text(`{"type":"init","instanceId":"room","events":[{"id":"a"},{"id":"b"}],"authToken":"` + r.good("ada") + `"}`)
	if lines := l.wait(t, 1); lines[0] != "ada@room pushes a0,b0" {
		t.Fatal(lines)
	}
	release()
	c.wantText(`ack:{"type":"init","instanceId":"room","events":[{"id":"a"},{"id":"b"}]}`)
	younger := r.token("ada", -time.Second, time.Hour)
	c.text(`{"event":{"id":"c"},"authToken":"` + younger + `"}`).wantText(`ack:{"event":{"id":"c"}}`)
	l.wait(t, 2)
}

func TestTheInstanceIsThatOfTheFirstMessageWhereTheRequestWasAdmitted(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled, func(c *proxy.Config) { c.Sources = []proxy.Source{proxy.SourceHeader} })
	r.legacy.greet = framing.AppendFrame(nil, true, framing.Text, []byte(`{"ack":"early"}`), nil)
	c := r.open("/sync", bearer(r.good("ada")))
	c.wantText(`{"ack":"early"}`)
	c.text(`{"type":"init","instanceId":"room"}`).text(`{"event":{"id":"a"}}`)
	if lines := l.wait(t, 1); lines[0] != "ada@room pushes a0" {
		t.Error(lines)
	}
}

func TestAnEndDoesNotWaitForTheJournal(t *testing.T) {
	for name, stop := range map[string]struct {
		do   func(r *rig, c *conn)
		code int // 0: the client is gone
	}{
		"its time":        {do: func(*rig, *conn) {}, code: 1013},
		"the client goes": {do: func(_ *rig, c *conn) { _ = c.Close() }},
		"an operator":     {do: func(r *rig, _ *conn) { r.server.End(r.server.Live("")[0].ID) }, code: 4403},
		"the drain": {do: func(r *rig, _ *conn) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			go func() { _ = r.server.Drain(ctx) }()
		}, code: 1012},
	} {
		for _, half := range []string{"an intent", "an acknowledgement"} {
			t.Run(name+" during "+half, func(t *testing.T) {
				l := newLedger()
				r := newRig(t, l.journaled, func(c *proxy.Config) {
					if c.HoldTimeout = 2 * safety; stop.code == 0 || stop.code == 1013 {
						c.HoldTimeout = 200 * time.Millisecond
					}
				})
				acking(r)
				c := l.admitted(r)
				lines := 1
				if half == "an acknowledgement" {
					release := l.hold()
					c.text(`{"event":{"id":"e1"}}`)
					l.wait(t, 1)
					l.hold() // from here on
					release()
					lines = 2
				} else {
					l.hold()
					c.text(`{"event":{"id":"e1"}}`)
				}
				l.wait(t, lines)
				stop.do(r, c)
				switch stop.code {
				case 4403:
					c.wantClose(4403, "SESSION_REVOKED")
				case 1013:
					c.wantClose(1013, "AUTH_UNAVAILABLE")
				case 1012:
					c.wantClose(1012, "DRAINING")
				}
				l.settled(t, 1)
				if got := r.legacy.bytes(); half == "an intent" && strings.Contains(got, `"e1"`) {
					t.Error("the event went upstream without an intent")
				}
			})
		}
	}
}

func TestAJournalThatFailsEndsTheConnectionAndRelaysNothing(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe} {
		for name, v := range map[string]struct {
			fail   error
			code   int
			reason string
		}{
			"for good":         {errors.New("no room"), 1013, "AUTH_UNAVAILABLE"},
			"an id used twice": {fmt.Errorf("x: %w", attribution.ErrRequest), 4400, "BAD_FRAME"},
		} {
			t.Run(fmt.Sprint(name, " ", mode), func(t *testing.T) {
				l := newLedger()
				r := newRig(t, l.journaled)
				r.policy.set(mode, 100)
				c := l.admitted(r)
				l.mu.Lock()
				l.fail = v.fail
				l.mu.Unlock()
				c.text(`{"event":{"id":"e1"}}`).wantClose(v.code, v.reason)
				if strings.Contains(r.legacy.bytes(), `"e1"`) {
					t.Error("the event went upstream")
				}
				l.settled(t, 1)
			})
		}
	}
}

func TestAnEventThatCannotBeJournaledIsRefused(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled)
	l.admitted(r).text(`{"event":{"name":"no id"}}`).wantClose(4400, "BAD_FRAME")
	r.policy.set(authz.Observe, 100)
	l.admitted(r).text(`{"event":{}}`).wantText(`ack:{"event":{}}`)
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	if !slices.Contains(r.seen.observed, authz.BadFrame) {
		t.Error("nobody was told")
	}
}

func TestWhoIsNobodyIsJournaledAsThat(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled)
	r.policy.set(authz.Observe, 100)
	r.open("/sync").text(`{"type":"init","instanceId":"room","event":{"id":"a"}}`)
	if lines := l.wait(t, 1); lines[0] != "anonymous@room pushes a0" {
		t.Error(lines)
	}
	r.policy.set(authz.Off, 100)
	r.open("/sync").text(`{"event":{}}`).wantText(`ack:{"event":{}}`)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opened != 1 {
		t.Errorf("%d accounts", l.opened)
	}
}

func TestNoExtensionIsOfferedWhereAcknowledgementsMustBeRead(t *testing.T) {
	l := newLedger()
	r := newRig(t, l.journaled, func(c *proxy.Config) {
		j := c.Protocol.(payload.JSON)
		j.AllFrames = false
		c.Protocol, c.Sources = j, []proxy.Source{proxy.SourceHeader}
	})
	r.open("/sync", bearer(r.good("ada")), "Sec-WebSocket-Extensions: permessage-deflate")
	if h := r.legacy.received(t); strings.Contains(strings.ToLower(h), "extensions") {
		t.Errorf("offered: %s", h)
	}
}

func TestAJournalNeedsAProtocolThatHasALog(t *testing.T) {
	l := newLedger()
	cfg := proxy.Config{}
	newRig(t, l.journaled, func(c *proxy.Config) { cfg = *c })
	cfg.Protocol = payload.Opaque{}
	if _, err := proxy.New(cfg); err == nil {
		t.Error("opaque has no log")
	}
	l.journaled(&cfg)
	injecting(&cfg)
	if _, err := proxy.New(cfg); err == nil {
		t.Error("one or the other")
	}
}
