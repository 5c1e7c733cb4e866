package proxy_test

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
)

func TestAParameterThatStandsTwiceIsRefusedWhateverTheProtocol(t *testing.T) {
	r := newRig(t)
	for _, query := range []string{"storeId=1&storeId=1", "payload=1&p%61yload=2", "token=1&token=1"} {
		if code, body := r.dial().send(head("/sync?" + query)).status(); code != 400 || !strings.Contains(body, "BAD_FRAME") {
			t.Errorf("%s: %d %s", query, code, body)
		}
		if code, _ := r.dial().send("GET /?" + query + " HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\n\r\n").status(); code != 400 {
			t.Errorf("plain, %s: %d", query, code)
		}
	}
	r.legacy.untouched(t)
	if code, _ := r.dial().send(head("/sync?a=1&a=1&storeId=1")).status(); code != 101 {
		t.Errorf("others may stand twice: %d", code)
	}
}

func TestAHandshakeThatTheUpstreamDropsIsTriedAgainWithAFreshAssertion(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	heads := make(chan string, 8)
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			buf := make([]byte, 8192)
			n, _ := c.Read(buf)
			heads <- string(buf[:n])
			_ = c.Close()
		}
	}()
	r := newRig(t, opaque, func(c *proxy.Config) {
		c.Upstream, _ = proxy.ParseUpstream("http://" + ln.Addr().String())
		c.DialRetries = 2
	})
	if code, _ := r.dial().send(head("/sync", bearer(r.good("ada")))).status(); code != 502 {
		t.Errorf("after all tries: %d", code)
	}
	seen := map[string]bool{}
	for range 3 {
		select {
		case h := <-heads:
			seen[field(h, "X-Sync-Assertion")] = true
		case <-time.After(safety):
			t.Fatal("it was not tried three times")
		}
	}
	if len(seen) != 3 {
		t.Errorf("%d different assertions in three tries", len(seen))
	}
	select {
	case <-heads:
		t.Error("a fourth try")
	default:
	}
}

func TestOffSendsThePathAsItCame(t *testing.T) {
	r := newRig(t)
	r.policy.set(authz.Off, 100)
	const odd = `/a//b/%2e%2e/c\d|"?x=^`
	r.open(odd).text("x").wantText("ack:x")
	if code, _ := r.dial().send("GET /a|b%41^ HTTP/1.1\r\nHost: a\r\n\r\n").status(); code != 200 {
		t.Errorf("plain: %d", code)
	}
	heads := r.legacy.allHeads(t, 2)
	if !strings.HasPrefix(heads[0], "GET "+odd+" HTTP/1.1\r\n") || !strings.HasPrefix(heads[1], "GET /a|b%41^ HTTP/1.1\r\n") {
		t.Errorf("upstream got %q", heads)
	}
}

func TestTheFirstFrameIsCounted(t *testing.T) {
	var frames atomic.Int64
	r := newRig(t, func(c *proxy.Config) {
		c.Hooks.Relayed = func(d engine.Direction, bytes, n int64) {
			if d == engine.ToUpstream && bytes > 0 {
				frames.Add(n)
			}
		}
	})
	r.open("/sync").text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
	eventually(t, "one frame is counted", func() bool { return frames.Load() == 1 })
}

func TestTheSourceOfAnAmbiguousCredentialIsNamed(t *testing.T) {
	r := newRig(t)
	if code, _ := r.dial().send(head("/sync", bearer("a"), bearer("b"))).status(); code != 400 {
		t.Errorf("two tokens: %d", code)
	}
	if at := r.seen.last(t); at.Source != proxy.SourceHeader || at.Code != authz.BadFrame {
		t.Errorf("attempt %+v", at)
	}
}
