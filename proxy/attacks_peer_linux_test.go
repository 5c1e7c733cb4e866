package proxy_test

import (
	"crypto/tls"
	"fmt"
	"net"
	"net/http/httptest"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
)

// socketOptions reads what the system will do about a peer that is silent.
func socketOptions(t *testing.T, c net.Conn) map[string]int {
	t.Helper()
	if s, ok := c.(*tls.Conn); ok {
		c = s.NetConn()
	}
	raw, err := c.(*net.TCPConn).SyscallConn()
	must(t, err)
	got := map[string]int{}
	must(t, raw.Control(func(fd uintptr) {
		for name, o := range map[string][2]int{
			"SO_KEEPALIVE": {unix.SOL_SOCKET, unix.SO_KEEPALIVE}, "TCP_KEEPIDLE": {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE}, "TCP_KEEPINTVL": {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
			"TCP_KEEPCNT": {unix.IPPROTO_TCP, unix.TCP_KEEPCNT}, "TCP_USER_TIMEOUT": {unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT},
		} {
			got[name], err = unix.GetsockoptInt(int(fd), o[0], o[1])
			if err != nil {
				t.Error(name, err)
			}
		}
	}))
	return got
}

// The system reaps a half-open peer, on either side, by keepalive while it is
// idle and by the user time-out while data is on its way. That it does is the
// system's to test; that both sockets ask for it is ours.
func TestAttack28BothSocketsAskForAHalfOpenPeerToBeReaped(t *testing.T) {
	certified := httptest.NewTLSServer(nil)
	certificates := certified.TLS.Certificates
	certified.Close()
	for _, secure := range []bool{false, true} {
		for name, config := range map[string]func(*proxy.Config){"request": opaque, "frame": func(*proxy.Config) {}} {
			t.Run(fmt.Sprint(name, ", TLS: ", secure), func(t *testing.T) {
				pipes := make(chan engine.Pipe, 1)
				r := newRig(t, config, func(c *proxy.Config) {
					c.Engine = overseen{change: func(p *engine.Pipe) { pipes <- *p }}
					if secure {
						c.TLS = &tls.Config{Certificates: certificates}
					}
				})
				c := r.dial()
				if secure {
					c = c.overTLS()
				}
				c.send(head("/sync", bearer(r.good("ada"))))
				if code, _ := c.status(); code != 101 {
					t.Fatalf("%d", code)
				}
				c.text(stripped).wantText("ack:" + stripped)
				p := <-pipes
				for side, socket := range map[string]net.Conn{"client": p.Client, "upstream": p.Upstream} {
					o := socketOptions(t, socket)
					if o["SO_KEEPALIVE"] != 1 || o["TCP_KEEPIDLE"] != 60 || o["TCP_USER_TIMEOUT"] != 60_000 || o["TCP_KEEPINTVL"]*o["TCP_KEEPCNT"] > 60 {
						t.Errorf("%s: %v", side, o)
					}
				}
			})
		}
	}
}
