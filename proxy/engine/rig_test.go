package engine_test

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

// safety is how long a test waits for what must happen; it measures nothing.
const safety = 15 * time.Second

var key = [4]byte{1, 2, 3, 4}

// quick are times short enough to be waited for.
var quick = engine.Goroutines{Boundary: 100 * time.Millisecond, Answer: 200 * time.Millisecond, Linger: 600 * time.Millisecond}

// pair returns two ends of a TCP connection over loopback.
func pair(t testing.TB) (near, far *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	a, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	b, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close(); b.Close() })
	return b.(*net.TCPConn), a.(*net.TCPConn)
}

// rig is a running relay with the test at both ends.
type rig struct {
	t                testing.TB
	conn             engine.Conn
	client, upstream *net.TCPConn
	done             chan engine.Result
}

// start runs a relay between client and upstream; change may be nil.
func start(t testing.TB, g engine.Goroutines, change func(*engine.Pipe)) *rig {
	t.Helper()
	r := &rig{t: t, done: make(chan engine.Result, 2)}
	p := engine.Pipe{
		Up:   framing.Options{Sender: framing.Client, MaxMessage: 16 << 20},
		Down: framing.Options{Sender: framing.Upstream, MaxMessage: 16 << 20},
		Done: func(res engine.Result) { r.done <- res },
	}
	var c, u *net.TCPConn
	c, r.client = pair(t)
	u, r.upstream = pair(t)
	p.Client, p.Upstream = c, u
	if change != nil {
		change(&p)
	}
	r.conn = g.Start(p)
	t.Cleanup(func() { r.client.Close(); r.upstream.Close() })
	return r
}

func clientFrame(op framing.Opcode, payload string) []byte {
	return framing.AppendFrame(nil, true, op, []byte(payload), &key)
}

func serverFrame(op framing.Opcode, payload string) []byte {
	return framing.AppendFrame(nil, true, op, []byte(payload), nil)
}

func (r *rig) send(c net.Conn, b []byte) {
	r.t.Helper()
	c.SetWriteDeadline(time.Now().Add(safety))
	if _, err := c.Write(b); err != nil {
		r.t.Fatalf("write: %v", err)
	}
}

// expect reads exactly want.
func (r *rig) expect(c net.Conn, want []byte) {
	r.t.Helper()
	got := make([]byte, len(want))
	c.SetReadDeadline(time.Now().Add(safety))
	n, err := io.ReadFull(c, got)
	if err != nil || !bytes.Equal(got, want) {
		r.t.Fatalf("read %.60x (%d of %d bytes, %v), want %.60x", got[:n], n, len(want), err, want)
	}
}

// expectClose reads one close frame.
func (r *rig) expectClose(c net.Conn, want framing.Close) {
	r.t.Helper()
	head := make([]byte, 2)
	c.SetReadDeadline(time.Now().Add(safety))
	if _, err := io.ReadFull(c, head); err != nil {
		r.t.Fatalf("no close frame: %v", err)
	}
	rest := make([]byte, int(head[1]&0x7f)+int(head[1]>>7)*4)
	io.ReadFull(c, rest)
	h, n, err := framing.ParseHeader(append(head, rest...))
	if err != nil || h.Opcode != framing.CloseFrame {
		r.t.Fatalf("%x is no close frame: %v", append(head, rest...), err)
	}
	if h.Masked != (c == r.upstream) {
		r.t.Errorf("close frame masked: %v", h.Masked)
	}
	payload := append(head, rest...)[n:]
	if h.Masked {
		framing.Mask(payload, h.Key, 0)
	}
	if got, err := framing.ParseClose(payload); got != want || err != nil {
		r.t.Errorf("close %+v (%v), want %+v", got, err, want)
	}
}

// expectEnd waits for the end of what c can read and returns what came before
// it; reset tells how it ended.
func (r *rig) expectEnd(c net.Conn) (before []byte, reset bool) {
	r.t.Helper()
	c.SetReadDeadline(time.Now().Add(safety))
	before, err := io.ReadAll(c)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		r.t.Fatal("the connection goes on")
	}
	return before, err != nil
}

// result waits for Done and makes sure that it comes once.
func (r *rig) result() engine.Result {
	r.t.Helper()
	select {
	case res := <-r.done:
		return res
	case <-time.After(safety):
		r.t.Fatal("the connection never ended")
	}
	panic("unreachable")
}

// hangUp closes both of the test's ends and waits for the relay's.
func (r *rig) hangUp() {
	r.client.Close()
	r.upstream.Close()
	r.result()
}

// standsStill waits until n has grown and then does not for a while: whoever
// makes it grow is blocked.
func standsStill(t testing.TB, n *atomic.Int64) {
	t.Helper()
	last := int64(0)
	for end := time.Now().Add(safety); ; time.Sleep(400 * time.Millisecond) {
		now := n.Load()
		if now > 0 && now == last {
			return
		}
		last = now
		if time.Now().After(end) {
			t.Fatal("back-pressure never came")
		}
	}
}

// flood writes b again and again until c is closed.
func flood(c net.Conn, b []byte) *atomic.Int64 {
	var sent atomic.Int64
	go func() {
		for {
			n, err := c.Write(b)
			sent.Add(int64(n))
			if err != nil {
				return
			}
		}
	}()
	return &sent
}
