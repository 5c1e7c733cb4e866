package proxy_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

const smuggledRequest = "GET /smuggled HTTP/1.1\r\nHost: a\r\nX-Sync-User-Id: eve\r\n\r\n"

func TestAttack04AnAnswerThatIsNo101ClosesAClientOfTheFirstFrame(t *testing.T) {
	for answer, want := range map[string]struct {
		code   int
		reason string
	}{
		"200 OK": {1014, "UPSTREAM_UNAVAILABLE"}, "302 Found": {1014, "UPSTREAM_UNAVAILABLE"}, "426 Upgrade Required": {1014, "UPSTREAM_UNAVAILABLE"},
		"401 Unauthorized": {4403, "FORBIDDEN"}, "403 Forbidden": {4403, "FORBIDDEN"},
	} {
		t.Run(answer, func(t *testing.T) {
			r, elsewhere := newRig(t), newLegacy(t)
			r.legacy.answer = "HTTP/1.1 " + answer + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nLocation: http://" + elsewhere.addr + "/\r\nContent-Length: 2\r\n\r\nhi"
			c := r.open("/sync").text(initFrame(r.good("ada"))).text("smuggled")
			c.wantClose(want.code, want.reason)
			eventually(t, "the upstream's connection closed", func() bool { r.legacy.mu.Lock(); defer r.legacy.mu.Unlock(); return r.legacy.ended == 1 })
			if all := r.legacy.bytes(); !strings.HasSuffix(all, "\r\n\r\n") {
				t.Errorf("frames went on without a 101: %q", all)
			}
			elsewhere.untouched(t)
		})
	}
}

// A 101 that nobody asked for would turn a keep-alive connection, on which
// every request is judged, into a raw pipe.
func TestAttack04AnUnaskedSwitchOfProtocolsOpensNoTunnel(t *testing.T) {
	for name, fields := range map[string]string{
		"to websocket": "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept(wsKey) + "\r\n", "to h2c": "Upgrade: h2c\r\nConnection: Upgrade\r\n",
		"to nothing": "", "without Connection": "Upgrade: websocket\r\n", "without Upgrade": "Connection: Upgrade\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/public"} })
			r.legacy.answer = "HTTP/1.1 101 Switching Protocols\r\n" + fields + "\r\n"
			c := r.dial().send("GET /public HTTP/1.1\r\nHost: a\r\n\r\n" + smuggledRequest)
			if code, _ := c.status(); code != 502 {
				t.Errorf("%d", code)
			}
			_, _ = c.Write([]byte(smuggledRequest))
			c.wantEndOrReset()
			if strings.Contains(r.legacy.bytes(), "smuggled") {
				t.Errorf("a tunnel was opened: %q", r.legacy.bytes())
			}
		})
	}
}

// heldUpstream answers 101 only after a moment, and tells what came before it
// and what came after.
func heldUpstream(t *testing.T) (addr string, early, late <-chan string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	before, behind := make(chan string, 1), make(chan string, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := ln.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		br := bufio.NewReader(c)
		var head strings.Builder
		for !strings.HasSuffix(head.String(), "\r\n\r\n") {
			b, err := br.ReadByte()
			if err != nil {
				return
			}
			head.WriteByte(b)
		}
		_ = c.SetReadDeadline(time.Now().Add(150 * time.Millisecond))
		_, _ = br.Peek(1)
		held, _ := br.Peek(br.Buffered())
		before <- string(held)
		_, _ = fmt.Fprintf(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", accept(field(head.String(), "Sec-WebSocket-Key")))
		_ = c.SetReadDeadline(time.Now().Add(safety))
		if g, err := readFrame(br); err == nil {
			behind <- g.payload
		}
	}()
	t.Cleanup(func() { _ = ln.Close(); <-done })
	return ln.Addr().String(), before, behind
}

func TestAttack05NothingGoesOnBeforeTheUpstreams101(t *testing.T) {
	for name, config := range map[string]func(*proxy.Config){"credential in the request": opaque, "credential in the frame": func(*proxy.Config) {}} {
		t.Run(name, func(t *testing.T) {
			addr, early, late := heldUpstream(t)
			r := newRig(t, config, func(c *proxy.Config) {
				var err error
				c.Upstream, err = proxy.ParseUpstream("http://" + addr)
				must(t, err)
			})
			frame := string(framing.AppendFrame(nil, true, framing.Text, []byte(stripped), &[4]byte{9}))
			r.dial().send(head("/sync", bearer(r.good("ada"))) + frame)
			if got := <-early; got != "" {
				t.Errorf("before the 101 the upstream got %q", got)
			}
			if got := <-late; got != stripped {
				t.Errorf("behind the 101 it got %q", got)
			}
		})
	}
}

func TestAttack05ARefusedUpgradeOnAKeptConnectionEndsIt(t *testing.T) {
	r := newRig(t, opaque)
	c := r.dial().send("GET /first HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\n\r\n")
	if code, _ := c.status(); code != 200 {
		t.Fatalf("plain: %d", code)
	}
	if code, _ := c.send(head("/sync") + smuggledRequest).status(); code != 401 {
		t.Errorf("an upgrade without a token: %d", code)
	}
	_, _ = c.Write([]byte(smuggledRequest))
	c.wantEndOrReset()
	if all := r.legacy.bytes(); strings.Contains(all, "/sync") || strings.Contains(all, "smuggled") {
		t.Errorf("upstream got %q", all)
	}
}

func TestAttack06WhatIsNoUpgradeEndsAKeptConnectionAndIsRefusedInObserveToo(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe} {
		r := newRig(t, opaque)
		r.policy.set(mode, 100)
		plain, heads := "GET /first HTTP/1.1\r\nHost: a\r\n"+bearer(r.good("ada"))+"\r\n\r\n", 0
		for name, row := range badUpgrades(head("/sync", bearer(r.good("ada")))) {
			for _, kept := range []bool{false, true} {
				t.Run(fmt.Sprint(mode, ", ", name, ", kept: ", kept), func(t *testing.T) {
					c := r.dial()
					c.t = t
					if kept {
						heads++
						if code, _ := c.send(plain).status(); code != 200 {
							t.Fatalf("plain: %d", code)
						}
					}
					if code, _ := c.send(row.request + smuggledRequest).status(); code != row.want {
						t.Errorf("%d, want %d", code, row.want)
					}
					c.wantEndOrReset()
				})
			}
		}
		if got := r.legacy.allHeads(t, heads); len(got) != heads || strings.Contains(strings.Join(got, ""), "/sync") {
			t.Errorf("%d plain requests, but the upstream got %d", heads, len(got))
		}
		if strings.Contains(r.legacy.bytes(), "smuggled") {
			t.Error("what stood behind a refused upgrade went upstream")
		}
	}
}

// connectFrames is an HTTP/2 client's start with an extended CONNECT (RFC 8441
// §4) for stream 1: the preface, SETTINGS, HEADERS.
func connectFrames() string {
	block := "\x02\x07CONNECT" + "\x00\x09:protocol\x09websocket" + "\x86\x84" + "\x01\x0csync.example" + // :scheme http, :path /
		"\x00\x15sec-websocket-version\x0213"
	return "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" +
		"\x00\x00" + string(rune(len(block))) + "\x01\x04\x00\x00\x00\x01" + block
}

// overTLS shakes hands over c, offering protocols.
func (c *conn) overTLS(protocols ...string) *conn {
	c.t.Helper()
	secure := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true, NextProtos: protocols})
	must(c.t, secure.Handshake())
	return &conn{t: c.t, Conn: secure, r: bufio.NewReader(secure)}
}

func TestAttack08AnExtendedConnectIsRefusedWithAndWithoutTLS(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	certificates := certified.TLS.Certificates
	certified.Close()
	for _, secure := range []bool{false, true} {
		for _, mode := range []authz.Mode{authz.Enforce, authz.Observe} {
			t.Run(fmt.Sprint("TLS: ", secure, ", ", mode), func(t *testing.T) {
				r := newRig(t, func(c *proxy.Config) {
					if secure {
						c.TLS = &tls.Config{Certificates: certificates, NextProtos: []string{"http/1.1"}}
					}
				})
				r.policy.set(mode, 100)
				c := r.dial()
				if secure {
					if c = c.overTLS("h2", "http/1.1"); c.Conn.(*tls.Conn).ConnectionState().NegotiatedProtocol != "http/1.1" {
						t.Fatal("HTTP/2 was negotiated")
					}
				}
				if code, _ := c.send(connectFrames()).status(); code != 400 {
					t.Errorf("%d", code)
				}
				c.wantEndOrReset()
				r.legacy.untouched(t)
			})
		}
	}
}
