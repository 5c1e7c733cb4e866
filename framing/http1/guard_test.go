package http1_test

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/syncward/syncward/framing/http1"
)

// watched is a connection that tells what was done to it.
type watched struct {
	net.Conn
	io.Reader
	deadline   time.Time
	halfClosed chan struct{}
	closed     chan struct{}
}

func watch(r io.Reader) *watched {
	return &watched{Reader: r, halfClosed: make(chan struct{}, 9), closed: make(chan struct{}, 9)}
}

func (w *watched) Read(p []byte) (int, error)        { return w.Reader.Read(p) }
func (w *watched) SetReadDeadline(t time.Time) error { w.deadline = t; return nil }
func (w *watched) SetWriteDeadline(time.Time) error  { return nil }
func (w *watched) CloseWrite() error                 { w.halfClosed <- struct{}{}; return nil }
func (w *watched) Close() error                      { w.closed <- struct{}{}; return nil }

func readOnce(t *testing.T, g *http1.Guard) string {
	t.Helper()
	p := make([]byte, 4096)
	n, err := g.Read(p)
	if err != nil {
		t.Fatal(err)
	}
	return string(p[:n])
}

func TestAfterARefusalTheConnectionLingers(t *testing.T) {
	for _, in := range []string{"\x00", upgrade} {
		r, w := io.Pipe()
		c := watch(io.MultiReader(strings.NewReader(in), r))
		g := http1.NewGuard(c, nil, 4096, 0)
		readOnce(t, g)
		_ = g.Close()
		<-c.halfClosed
		select {
		case <-c.closed:
			t.Fatal("closed with the answer unread")
		default:
		}
		_ = w.Close() // the client closes
		<-c.closed
	}
}

func TestASecondCloseClosesNow(t *testing.T) {
	r, w := io.Pipe()
	defer func() { _ = w.Close() }()
	c := watch(io.MultiReader(strings.NewReader("\x00"), r))
	g := http1.NewGuard(c, nil, 4096, 0)
	readOnce(t, g)
	_ = g.Close()
	_ = g.Close()
	<-c.closed
}

func TestWithoutARefusalCloseIsClose(t *testing.T) {
	c := watch(strings.NewReader(get("")))
	g := http1.NewGuard(c, nil, 4096, 0)
	readOnce(t, g)
	_ = g.Close()
	<-c.closed
	if len(c.halfClosed) > 0 {
		t.Error("a connection in order lingers")
	}
	if g.NetConn() != net.Conn(c) || g.CloseWrite() != nil || len(c.halfClosed) != 1 {
		t.Error("the connection below is out of reach")
	}
}

func TestTheClockOfAHeadEndsWithIt(t *testing.T) {
	c := watch(iotest.OneByteReader(strings.NewReader(get(""))))
	g := http1.NewGuard(c, nil, 4096, time.Hour)
	server := time.Now().Add(2 * time.Hour)
	_ = g.SetDeadline(server)
	seen := false
	c.Reader = iotest.OneByteReader(io.TeeReader(c.Reader, writer(func() { seen = seen || c.deadline.Before(server) })))
	readOnce(t, g)
	if !seen {
		t.Error("a head on its way has no deadline of its own")
	}
	if !c.deadline.Equal(server) {
		t.Errorf("the server's deadline is not back: %v", c.deadline)
	}
}

type writer func()

func (w writer) Write(p []byte) (int, error) { w(); return len(p), nil }

func TestAnInterruptedReadIsNoLateHead(t *testing.T) {
	c := watch(io.MultiReader(strings.NewReader("GET / "), iotest.ErrReader(os.ErrDeadlineExceeded)))
	g := http1.NewGuard(c, nil, 4096, time.Nanosecond)
	_ = g.SetReadDeadline(time.Unix(1, 0)) // how net/http interrupts itself
	if _, err := g.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("the interruption became %v", err)
	}
	_ = g.SetReadDeadline(time.Time{})
	if got, want := readOnce(t, g), refuse(408, "head_too_late"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
