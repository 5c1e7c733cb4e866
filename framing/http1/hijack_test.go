package http1_test

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/framing/http1"
)

// takeOver answers an upgrade by a 101 and echoes what comes behind it, until
// n bytes have come; other requests are echo's.
func takeOver(t *testing.T, n int, before func()) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		h, ok := http1.HeadFrom(r)
		if !ok || !h.WantsUpgrade() {
			echo(w, r)
			return
		}
		before()
		if h.ListHas("Connection", "close") {
			t.Error("the head is not the client's own")
		}
		h.Del(func(http1.Field) bool { return true }) // the caller's to change
		c, behind, err := http1.Hijack(w, r)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = c.Close() }()
		if _, ok := c.(*net.TCPConn); !ok {
			t.Errorf("hijacked a %T", c)
		}
		_, _ = io.WriteString(c, switching)
		b := make([]byte, n)
		copy(b, behind)
		if _, err := io.ReadFull(c, b[min(n, len(behind)):]); err != nil {
			t.Errorf("bytes behind the head are lost: %v", err)
		}
		_, _ = c.Write(b)
	}
}

func (c *client) expectTunnel(echoed string) {
	c.t.Helper()
	b := make([]byte, len(switching)+len(echoed))
	if _, err := io.ReadFull(c.r, b); err != nil || string(b) != switching+echoed {
		c.t.Fatalf("got %q, %v, want the 101 and %q", b, err, echoed)
	}
}

// Attack 5: bytes behind an upgrade request on a keep-alive connection go
// nowhere before the handler has taken the connection over, and then all do.
func TestHijackHandsOverEveryByteBehindTheHead(t *testing.T) {
	behind := "\x81\x85abcd" + req("GET", "/smuggled", "") + strings.Repeat("z", 1000)
	for name, at := range map[string]int{"none early": 0, "one early": 1, "half early": len(behind) / 2, "all early": len(behind)} {
		t.Run(name, func(t *testing.T) {
			c := serve(t, &http.Server{}, 0, takeOver(t, len(behind), func() { time.Sleep(10 * time.Millisecond) }))
			c.send(req("GET", "/1", "") + req("POST", "/2", "Content-Length: 2\r\n") + "ab" + upgrade + behind[:at])
			c.expect(200, "/1 ")
			c.expect(200, "/2 ab")
			c.send(behind[at:])
			c.expectTunnel(behind)
			c.expectEnd()
		})
	}
}

func TestHijackWorksOnAFirstRequestGivenByBytes(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	first := []byte(upgrade + "behind")
	srv := &http.Server{ConnContext: http1.ConnContext, Handler: takeOver(t, len("behind it"), func() {})}
	defer func() { _ = srv.Close() }()
	go func() { _ = srv.Serve(once{l, first}) }()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(patience))
	_, _ = io.WriteString(c, " it")
	b, err := io.ReadAll(c)
	if err != nil || string(b) != switching+"behind it" {
		t.Errorf("%q, %v", b, err)
	}
}

type once struct {
	net.Listener
	first []byte
}

func (l once) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return http1.NewGuard(c, l.first, 4096, 0), nil
}

func TestARefusedUpgradeEndsTheConnection(t *testing.T) {
	c := serve(t, &http.Server{}, 0, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
	})
	c.send(upgrade + strings.Repeat(req("GET", "/never", ""), 20))
	if res := c.expect(401, ""); !res.Close {
		t.Error("the answer does not announce the close")
	}
	c.expectEnd()
}

func TestOnlyAnUpgradeIsHijacked(t *testing.T) {
	c := serve(t, &http.Server{}, 0, func(w http.ResponseWriter, r *http.Request) {
		if _, _, err := http1.Hijack(w, r); err == nil {
			t.Error("hijacked a plain request")
		}
		echo(w, r)
	})
	c.send(req("GET", "/", ""))
	c.expect(200, "/ ")
}

func TestAFloodBehindAnUpgradeEndsItsRequestAndIsNotKept(t *testing.T) {
	done := make(chan struct{})
	c := serve(t, &http.Server{}, 0, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-time.After(patience):
			t.Error("the flood is read on")
		}
		close(done)
		w.WriteHeader(http.StatusUnauthorized)
	})
	c.send(upgrade + strings.Repeat("x", 5000))
	<-done
	c.expect(401, "")
}

func TestWithoutAGuardNothingIsRefusedOrFound(t *testing.T) {
	r, err := http.NewRequest("SYNCWARD-REFUSE", "/400/path", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := http1.RefusedFrom(r); ok {
		t.Error("a request without a Guard counts as refused")
	}
	if _, ok := http1.HeadFrom(r); ok {
		t.Error("a head without a Guard")
	}
	if _, _, err := http1.Hijack(nil, r); err == nil {
		t.Error("hijacked without a Guard")
	}
}
