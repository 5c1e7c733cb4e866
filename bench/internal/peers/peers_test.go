package peers_test

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/syncward/syncward/bench/internal/echo"
	"github.com/syncward/syncward/bench/internal/load"
	"github.com/syncward/syncward/bench/internal/peers"
	"github.com/syncward/syncward/bench/internal/poll"
	"github.com/syncward/syncward/bench/internal/wire"
)

const secret = "0123456789abcdef0123456789abcdef"

func free(t *testing.T) netip.AddrPort {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return netip.MustParseAddrPort(l.Addr().String())
}

// start starts an upstream and a peer before it, none for an empty name; they
// end with the test binary.
func start(t *testing.T, name string) (addr string) {
	t.Helper()
	upstream, listen := free(t), free(t)
	fd, err := poll.Listen(upstream)
	if err != nil {
		t.Fatal(err)
	}
	go echo.Serve(fd)
	if name == "" {
		return upstream.String()
	}
	serve, ok := peers.ByName(name)
	if !ok {
		t.Fatalf("there is no peer %q", name)
	}
	go serve(peers.Config{Listen: listen, Upstream: upstream, Secret: []byte(secret)})
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		conn, err := net.Dial("tcp", listen.String())
		if err == nil {
			conn.Close()
			return listen.String()
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func token(t *testing.T, key string, expires time.Duration) string {
	t.Helper()
	raw, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"sub": "ada", "exp": time.Now().Add(expires).Unix()}).SignedString([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestEveryPeerRelaysSmallAndLargeAndTheEnd(t *testing.T) {
	for _, name := range []string{"splice", "epoll", "koding", "reverseproxy"} {
		t.Run(name, func(t *testing.T) {
			c := load.Client{Addr: start(t, name), Path: "/echo", First: load.Message(64), Bearer: token(t, secret, time.Hour)}
			conns, err := c.OpenMany(t.Context(), 5)
			if err != nil {
				t.Fatal(err)
			}
			defer conns.Close()
			for _, size := range []int{128, 4096, 300_000} {
				if n, err := load.Closed(t.Context(), conns, load.Message(size), load.Limit{Count: 20}); err != nil || n != 20 {
					t.Errorf("%d bytes: %d round trips, %v", size, n, err)
				}
			}
			if n, err := c.Churn(t.Context(), load.Limit{Count: 20}); err != nil || n != 20 {
				t.Errorf("%d connections opened and ended, %v", n, err)
			}
			c.Path = "/sink"
			sinks, err := c.OpenMany(t.Context(), 2)
			if err != nil {
				t.Fatal(err)
			}
			defer sinks.Close()
			if n, _, err := load.Bulk(t.Context(), sinks, load.Message(1<<20), load.Limit{Count: 8}); err != nil || n != 8 {
				t.Errorf("%d messages of 1 MiB, %v", n, err)
			}
		})
	}
}

func TestTheReverseProxyAdmitsOnlyGoodTokens(t *testing.T) {
	addr := start(t, "reverseproxy")
	for what, bearer := range map[string]string{
		"none": "", "forged": token(t, "another secret of thirty-two bytes", time.Hour), "expired": token(t, secret, -time.Hour),
	} {
		if conn, _, err := (load.Client{Addr: addr, Path: "/echo", First: load.Message(64), Bearer: bearer}).Open(t.Context()); err == nil {
			conn.Close()
			t.Errorf("%s: admitted", what)
		}
	}
}

func TestNothingIsLostWhileTheClientDoesNotRead(t *testing.T) {
	for _, name := range []string{"", "epoll", "splice"} {
		t.Run("through "+name, func(t *testing.T) { stall(t, start(t, name)) })
	}
}

// stall sends more than fits on the way before it begins to read.
func stall(t *testing.T, addr string) {
	conn, _, err := load.Client{Addr: addr, Path: "/echo", First: load.Message(64)}.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.(*net.TCPConn).SetReadBuffer(16 << 10); err != nil { // or the kernel holds it all for us
		t.Fatal(err)
	}
	const frames = 96
	payload := bytes.Repeat([]byte{0xff}, 1<<20) // no frame begins like that: a lost byte is noticed
	stream := bytes.Repeat(wire.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.Binary, Masked: true}, payload), frames)
	conn.SetDeadline(time.Now().Add(300 * time.Millisecond)) // until every buffer on the way is full
	sent, _ := conn.Write(stream)
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	go conn.Write(stream[sent:])
	var scan wire.Scanner
	back, buf := 0, make([]byte, 256<<10)
	for back < frames {
		n, err := conn.Read(buf)
		if err != nil {
			t.Fatalf("%d of %d frames came back: %v", back, frames, err)
		}
		if err := scan.Feed(buf[:n], func(_ wire.Header, _ int64, _ []byte, end bool) error {
			if end {
				back++
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
}
