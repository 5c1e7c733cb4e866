package engine_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy/engine"
)

func TestAnIdleConnectionHoldsNoBuffer(t *testing.T) {
	const connections = 150
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC() // twice: a pool forgets in two steps
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	up, down := clientFrame(framing.Text, strings.Repeat("x", 9000)), serverFrame(framing.Text, strings.Repeat("x", 9000))
	look := func(framing.Message) framing.Verdict { return framing.Verdict{} }
	before := heap()
	for i := range connections {
		r := start(t, engine.Goroutines{}, func(p *engine.Pipe) {
			if i%2 == 0 {
				p.Up.Look, p.Down.Look = look, look
			}
		})
		r.send(r.client, up)
		r.expect(r.upstream, up)
		r.send(r.upstream, down)
		r.expect(r.client, down)
	}
	if each := (heap() - before) / connections; each > 8<<10 {
		t.Errorf("%d bytes of heap for each idle connection, the test's own sockets included", each)
	}
}

// relayBetween runs a relay on the given sockets and exchanges frames of all
// sizes over it.
func relayBetween(t *testing.T, near, client, nearUp, upstream net.Conn) {
	t.Helper()
	done := make(chan engine.Result, 1)
	conn := engine.Goroutines{}.Start(engine.Pipe{
		Client: near, Upstream: nearUp,
		Up:   framing.Options{Sender: framing.Client},
		Down: framing.Options{Sender: framing.Upstream},
		Done: func(res engine.Result) { done <- res },
	})
	r := &rig{t: t, conn: conn}
	for _, n := range []int{0, 1, 125, 1023, 1024, 1025, 70000, 5, 1 << 20, 1} {
		up, down := clientFrame(framing.Binary, strings.Repeat("u", n)), serverFrame(framing.Binary, strings.Repeat("d", n))
		go client.Write(up)
		r.expect(upstream, up)
		go upstream.Write(down)
		r.expect(client, down)
	}
	conn.End(revoked)
	r.expectClose(client, toClient)
	r.send(client, toClient.Frame(&key))
	r.expectEnd(client)
	io.Copy(io.Discard, upstream)
	upstream.Close()
	<-done
}

func TestTLSIsRelayedToo(t *testing.T) {
	s := httptest.NewUnstartedServer(nil)
	s.StartTLS()
	cert := s.TLS.Certificates
	s.Close()
	near, far := pair(t)
	nearUp, farUp := pair(t)
	server, client := tls.Server(near, &tls.Config{Certificates: cert}), tls.Client(far, &tls.Config{InsecureSkipVerify: true})
	go client.Handshake()
	if err := server.Handshake(); err != nil {
		t.Fatal(err)
	}
	upstream := tls.Server(farUp, &tls.Config{Certificates: cert})
	go upstream.Handshake()
	toServer := tls.Client(nearUp, &tls.Config{InsecureSkipVerify: true})
	if err := toServer.Handshake(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{server, near} {
		if err := engine.Tune(c); err != nil {
			t.Error(err)
		}
	}
	relayBetween(t, server, client, toServer, upstream)
}

func TestUnixSocketsAreRelayedToo(t *testing.T) {
	l, err := net.Listen("unix", filepath.Join(t.TempDir(), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	nearUp, err := net.Dial("unix", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	upstream, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	near, client := pair(t)
	if err := engine.Tune(nearUp); err != nil {
		t.Error(err)
	}
	relayBetween(t, near, client, nearUp, upstream)
}
