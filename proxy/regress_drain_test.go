package proxy_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

// hurried drains as a second signal does.
func (r *rig) hurried() <-chan error {
	ctx, second := context.WithCancel(context.Background())
	second()
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(ctx) }()
	return drained
}

func TestRegressASecondSignalCutsOffAStreamingAnswer(t *testing.T) {
	r := newRig(t, opaque)
	r.legacy.answer = events
	body := r.dial().stream(bearer(r.good("ada")))
	drained := r.hurried()
	if _, err := io.Copy(io.Discard, body); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the stream goes on")
	}
	select {
	case err := <-drained:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(safety):
		t.Error("the drain waits for it")
	}
}

func TestRegressAClientThatOwesItsFirstFrameIsToldOfTheDrain(t *testing.T) {
	r := newRig(t)
	c := r.open("/sync").frame(true, framing.Ping, "")
	if g := c.read(); g.Opcode != framing.Pong { // now the frame is awaited
		t.Fatalf("opcode %d", g.Opcode)
	}
	drained := r.hurried()
	c.wantClose(1012, "DRAINING")
	_ = c.Close() // which the server waits for, for a moment
	if err := <-drained; err != nil {
		t.Error(err)
	}
	r.legacy.untouched(t)
}

// ending makes every accepted token end soon, in whole milliseconds, which no
// claim can.
func ending(c *proxy.Config) {
	decide := c.Decide
	c.Decide = func(ctx context.Context, token string) authz.Decision {
		d := decide(ctx, token)
		if d.Allow {
			d.GraceEndsAt = time.Now().Add(150 * time.Millisecond)
		}
		return d
	}
}

func TestRegressAStreamingAnswerEndsWithItsToken(t *testing.T) {
	r := newRig(t, opaque, ending)
	r.legacy.answer = events
	body := r.dial().stream(bearer(r.good("ada")))
	if n, err := io.Copy(io.Discard, body); err == nil || errors.Is(err, os.ErrDeadlineExceeded) || n > 0 {
		t.Errorf("%d more bytes, then %v", n, err)
	}
}

func TestRegressAStreamingAnswerOutlivesTheTokenOfWhomNobodyEnforces(t *testing.T) {
	more := make(chan bool)
	r := newRig(t, opaque, ending, towards(t, func(c net.Conn, _ string) {
		_, _ = io.WriteString(c, events)
		<-more
		_, _ = io.WriteString(c, "data: 2\n\n")
	}))
	r.policy.set(authz.Enforce, 50)
	_, user := bothSides(r.policy.get())
	body := r.dial().stream(bearer(r.good(user)))
	time.Sleep(300 * time.Millisecond) // twice what the token has left
	close(more)
	if rest, err := io.ReadAll(body); string(rest) != "data: 2\n\n" {
		t.Errorf("%q %v", rest, err)
	}
}

func TestRegressServeReturnsWhereTheDrainCameFirst(t *testing.T) {
	r := newRig(t)
	if err := <-r.hurried(); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ln) }()
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(safety):
		t.Error("it serves on")
	}
	if c, err := net.Dial("tcp", ln.Addr().String()); err == nil {
		_ = c.Close()
		t.Error("the listener is open")
	}
}
