package load_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/syncward/syncward/bench/internal/echo"
	"github.com/syncward/syncward/bench/internal/load"
	"github.com/syncward/syncward/bench/internal/poll"
	"github.com/syncward/syncward/bench/internal/wire"
)

// server starts the echo server; it ends with the test binary.
func server(t *testing.T) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	l.Close()
	fd, err := poll.Listen(netip.MustParseAddrPort(addr))
	if err != nil {
		t.Fatal(err)
	}
	go echo.Serve(fd)
	return addr
}

func client(addr, path string) load.Client {
	return load.Client{Addr: addr, Path: path, First: load.Message(64)}
}

func open(t *testing.T, c load.Client, n int) load.Conns {
	t.Helper()
	conns, err := c.OpenMany(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	if len(conns) != n {
		t.Fatalf("%d connections, %d wanted", len(conns), n)
	}
	t.Cleanup(conns.Close)
	return conns
}

func TestAClosedLoopMakesAsManyRoundTripsAsAllowed(t *testing.T) {
	conns := open(t, client(server(t), "/echo"), 7)
	for _, size := range []int{32, 128, 4096, 70_000} {
		if trips, err := load.Closed(t.Context(), conns, load.Message(size), load.Limit{Count: 500}); err != nil || trips != 500 {
			t.Errorf("%d bytes: %d round trips, %v", size, trips, err)
		}
	}
}

func TestPacedLoadSendsAtItsRateAndReportsEachTripSorted(t *testing.T) {
	conns := open(t, client(server(t), "/echo"), 4)
	times, err := load.Paced(t.Context(), conns, load.Message(128), time.Millisecond, load.Limit{For: 100 * time.Millisecond})
	if err != nil || len(times) != 100 || !slices.IsSorted(times) || times[0] <= 0 {
		t.Errorf("%d round trips, %v", len(times), err)
	}
}

func TestBulkIsAnsweredMessageByMessage(t *testing.T) {
	conns := open(t, client(server(t), "/sink"), 2)
	messages, took, err := load.Bulk(t.Context(), conns, load.Message(1<<20), load.Limit{Count: 40})
	if err != nil || messages != 40 || took <= 0 {
		t.Errorf("%d messages in %v, %v", messages, took, err)
	}
}

func TestChurnOpensAndEndsAsManyAsAllowed(t *testing.T) {
	if n, err := client(server(t), "/echo").Churn(t.Context(), load.Limit{Count: 50}); err != nil || n != 50 {
		t.Errorf("%d connections, %v", n, err)
	}
}

func TestAConnectionEndsWithTheServersCloseFrame(t *testing.T) {
	conn, answer, err := client(server(t), "/echo").Open(t.Context())
	if err != nil || !bytes.Equal(answer, load.Message(64)) {
		t.Fatalf("answer %q, %v", answer, err)
	}
	for _, ask := range []wire.Header{{Fin: true, Opcode: wire.Ping}, {Fin: true, Opcode: wire.Close}} {
		ask.Masked, ask.Mask = true, [4]byte{1, 2, 3, 4}
		if _, err := conn.Write(wire.AppendFrame(nil, ask, []byte{0x03, 0xe8})); err != nil {
			t.Fatal(err)
		}
	}
	got, err := io.ReadAll(conn)
	if want := []byte{0x8a, 2, 0x03, 0xe8, 0x88, 2, 0x03, 0xe8}; err != nil || !bytes.Equal(got, want) {
		t.Errorf("% x, %v; wanted a pong, a close and the end", got, err)
	}
	if err := load.Finish(conn); err != nil {
		t.Error(err)
	}
}

// liar upgrades, echoes the first message, then answers with what it is given.
func liar(t *testing.T, answer []byte) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go lie(conn, answer)
		}
	}()
	return l.Addr().String()
}

func lie(conn net.Conn, answer []byte) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	if _, err := http.ReadRequest(in); err != nil {
		return
	}
	conn.Write(wire.Response(wire.Key))
	buf := make([]byte, 4096)
	if _, err := in.Read(buf); err != nil {
		return
	}
	conn.Write(wire.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.Text}, load.Message(64)))
	in.Read(buf)
	conn.Write(answer)
}

func TestAWrongAnswerIsNoRoundTrip(t *testing.T) {
	text := wire.Header{Fin: true, Opcode: wire.Text}
	wrong := load.Message(128)
	wrong[100]++
	for what, answer := range map[string][]byte{
		"another byte":          wire.AppendFrame(nil, text, wrong),
		"a shorter message":     wire.AppendFrame(nil, text, load.Message(128)[:127]),
		"a longer message":      wire.AppendFrame(nil, text, append(load.Message(128), ' ')),
		"a close frame":         wire.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.Close}, []byte{0x03, 0xe8}),
		"the end":               nil,
		"something not a frame": []byte("HTTP/1.1 500 oh no\r\n\r\n"),
	} {
		conns, err := client(liar(t, answer), "/echo").OpenMany(t.Context(), 1)
		if err != nil {
			t.Fatal(err)
		}
		if trips, err := load.Closed(t.Context(), conns, load.Message(128), load.Limit{Count: 1}); err == nil {
			t.Errorf("%s: taken for %d round trips", what, trips)
		}
		conns.Close()
	}
}

func TestARefusedUpgradeIsAnError(t *testing.T) {
	c := client(server(t), "/echo")
	c.Addr = liar(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := c.Open(ctx); err == nil {
		t.Error("a cancelled context opened a connection")
	}
	plain := &http.Server{Handler: http.NotFoundHandler()}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go plain.Serve(l)
	defer plain.Close()
	c.Addr = l.Addr().String()
	if _, _, err := c.Open(t.Context()); err == nil {
		t.Error("a 404 opened a connection")
	}
	if _, err := c.Churn(t.Context(), load.Limit{Count: 5}); err == nil {
		t.Error("churn went on over refused upgrades")
	}
}
