package proxy_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

func prefixes(s ...string) (out []netip.Prefix) {
	for _, p := range s {
		out = append(out, netip.MustParsePrefix(p))
	}
	return out
}

func breakSoon(c *proxy.Config) {
	c.BreakerFailures, c.BreakerOpen, c.DialTimeout = 2, time.Hour, 100*time.Millisecond
}

func TestRegressNoAnswerThatAClientCanProvokeOpensTheBreaker(t *testing.T) {
	for name, answer := range map[string]string{
		"none": "", "half of one": "HTTP/1.1 101 Swi", "no HTTP": "SSH-2.0-x\r\n\r\n", "too long a one": "HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 100<<10),
		"a 101 to another key": strings.Replace(switching(""), "Accept: ", "Accept: x", 1), "a 500": "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, opaque, breakSoon, towards(t, func(c net.Conn, head string) {
				if strings.HasPrefix(head, "GET /bad ") {
					_, _ = fmt.Fprint(c, answer)
					return
				}
				_, _ = fmt.Fprint(c, switching(head))
				_, _ = c.Read(make([]byte, 1))
			}))
			auth := bearer(r.good("ada"))
			for range 5 {
				if code, _ := r.dial().send(head("/bad", auth)).status(); code != 502 && code != 500 {
					t.Fatalf("a bad answer: %d", code)
				}
			}
			r.open("/good", auth)
		})
	}
}

func TestRegressAnUpstreamThatIsNotThereOpensTheBreaker(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, and says nothing
	must(t, err)
	defer silent.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	_ = closed.Close()
	speaksPlain := towards(t, func(net.Conn, string) {})
	for name, upstream := range map[string]func(*proxy.Config){
		"nobody listens": upstreamAt(t, "http://"+closed.Addr().String()), "nobody answers": upstreamAt(t, "http://"+silent.Addr().String()),
		"no TLS in time": upstreamAt(t, "https://"+silent.Addr().String()),
		"no TLS at all": func(c *proxy.Config) {
			speaksPlain(c)
			upstreamAt(t, strings.Replace("http://"+c.Upstream.Address, "http", "https", 1))(c)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, opaque, breakSoon, upstream)
			for i, want := range []int{502, 502, 503} {
				if code, body := r.dial().send(head("/sync", bearer(r.good("ada")))).status(); code != want {
					t.Errorf("attempt %d: %d %s", i, code, body)
				}
			}
		})
	}
}

func TestRegressTheLimitHoldsForThoseWhoBecomeAdmittedAtOnce(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.MaxConnections = 1 })
	var all []*conn
	for range 5 {
		all = append(all, r.open("/sync"))
	}
	for _, c := range all {
		c.text(initFrame(r.good("ada")))
	}
	var in []*conn
	for _, c := range all {
		switch g := c.read(); {
		case g.payload == "ack:"+stripped:
			in = append(in, c)
		case g.payload != "\x11\x4dRATE_LIMITED": // 4429
			t.Errorf("opcode %d %q", g.Opcode, g.payload)
		default:
			_ = c.Close()
		}
	}
	if len(in) != 1 || r.server.Connections() != 1 {
		t.Fatalf("%d were let in, %d are open", len(in), r.server.Connections())
	}
	_ = in[0].Close()
	eventually(t, "the place is given back", func() bool { return r.server.Connections() == 0 })
	r.open("/sync").text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
}

func TestRegressAPlaceThatNoRelayTookIsGivenBack(t *testing.T) {
	for name, config := range map[string]func(*proxy.Config){"by the request": opaque, "by the first frame": func(*proxy.Config) {}} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, config, func(c *proxy.Config) { c.MaxConnections = 1 }, towards(t, func(c net.Conn, head string) {
				switch {
				case strings.HasPrefix(head, "GET /refused "):
					_, _ = fmt.Fprint(c, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
				case !strings.HasPrefix(head, "GET /lost "):
					_, _ = fmt.Fprint(c, switching(head), "\x81\x02hi")
					_, _ = io.Copy(io.Discard, c)
				}
			}))
			// reach comes back with what the client was told; the one before it
			// may hold the place until its connection has ended.
			reach := func(path string) (told string) {
				eventually(t, "a place", func() bool {
					c := r.dial().send(head(path, bearer(r.good("ada"))) + string(framing.AppendFrame(nil, true, framing.Text, []byte(initFrame(r.good("ada"))), &[4]byte{1})))
					code, _ := c.status()
					if told = fmt.Sprint(code); code == 101 {
						told = c.read().payload
					}
					if told != "hi" {
						_ = c.Close()
					}
					return code != 503 && !strings.HasSuffix(told, "RATE_LIMITED")
				})
				return told
			}
			for _, path := range []string{"/refused", "/lost", "/refused"} {
				if told := reach(path); told != "404" && told != "502" && !strings.HasSuffix(told, "UPSTREAM_UNAVAILABLE") {
					t.Errorf("%s: %q", path, told)
				}
			}
			if told := reach("/sync"); told != "hi" || r.server.Connections() != 1 {
				t.Errorf("%q, %d open", told, r.server.Connections())
			}
		})
	}
}

func TestRegressTheSilentArePushedOutByTheirOwnBehindATrustedProxyToo(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.MaxPending, c.TrustedProxies = 3, prefixes("127.0.0.0/8") })
	quiet := r.open("/sync", "X-Forwarded-For: 10.0.0.1")
	var greedy []*conn
	for range 3 {
		greedy = append(greedy, r.open("/sync", "X-Forwarded-For: 10.9.9.9"))
	}
	greedy[0].wantEndOrReset()
	quiet.text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
}

func TestRegressAnExtensionThatNobodyOfferedIsNoHandshake(t *testing.T) {
	const selected = "Sec-WebSocket-Extensions: permessage-deflate\r\n"
	framed := newRig(t)
	framed.legacy.extra = selected
	framed.open("/sync", "Sec-WebSocket-Extensions: permessage-deflate").text(initFrame(framed.good("ada"))).wantClose(1014, "UPSTREAM_UNAVAILABLE")

	for _, config := range []func(*proxy.Config){opaque, asLiveStore} {
		r := newRig(t, config)
		r.legacy.extra = selected
		if code, body := r.dial().send(head("/?storeId=mine", bearer(r.good("ada")))).status(); code != 502 {
			t.Errorf("%d %s", code, body)
		}
	}
	offered := newRig(t, opaque)
	offered.legacy.extra = selected
	offered.open("/sync", bearer(offered.good("ada")), "Sec-WebSocket-Extensions: permessage-deflate").text("hello").wantText("ack:hello")
}

// A crash there would end the whole process.
func TestRegressARefreshHookThatPanicsEndsItsConnectionAndNoOther(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) {
		c.Hooks.Refresh = func(proxy.RefreshHow, proxy.RefreshResult) { panic("hook") }
	})
	other := r.open("/sync").text(initFrame(r.good("bob")))
	other.wantText("ack:" + stripped)
	c := r.open("/sync").text(initFrame(r.good("ada")))
	c.wantText("ack:" + stripped)
	c.text(initFrame(r.token("ada", -30*time.Second, 2*time.Hour))).wantClose(1013, "AUTH_UNAVAILABLE")
	other.text("still here").wantText("ack:still here")
	eventually(t, "the session is over", func() bool { return r.server.Connections() == 1 })
}
