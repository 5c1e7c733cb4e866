package proxy_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

func atOnce(c *proxy.Config) { c.FlipSpread = time.Nanosecond }

func TestRegressAFlipFindsTheConnectionsThatHaveYetToSpeak(t *testing.T) {
	for _, from := range []authz.Mode{authz.Observe, authz.Off} {
		r := newRig(t, opaque, atOnce)
		r.policy.set(from, 100)
		whole := head("/sync", bearer("forged"))
		c := r.dial().send(whole[:9])
		time.Sleep(50 * time.Millisecond) // it is accepted, and its server waits for the rest
		r.flip(authz.Enforce)
		if code, body := c.send(whole[9:]).status(); code != 401 {
			t.Errorf("%s: %d %s", from, code, body)
		}
		r.legacy.untouched(t)
	}
}

func TestRegressAFlipFindsTheClientThatOwesItsFirstFrame(t *testing.T) {
	r := newRig(t, atOnce)
	r.policy.set(authz.Observe, 100)
	c := r.open("/sync")
	r.flip(authz.Enforce)
	c.text(`{"type":"init"}`).wantClose(4401, "AUTH_REQUIRED")
	r.legacy.untouched(t)
}

func TestRegressAFlipFindsTheConnectionThatIsBeingDialled(t *testing.T) {
	for _, from := range []authz.Mode{authz.Observe, authz.Off} {
		dialled, flipped := make(chan bool, 1), make(chan bool)
		r := newRig(t, opaque, atOnce, towards(t, func(c net.Conn, head string) {
			dialled <- true
			<-flipped
			_, _ = fmt.Fprint(c, switching(head))
			_, _ = c.Read(make([]byte, 100))
		}))
		r.policy.set(from, 100)
		c := r.dial().send(head("/sync"))
		<-dialled
		r.flip(authz.Enforce)
		close(flipped)
		if code, body := c.status(); code != 101 {
			t.Fatalf("%s: %d %s", from, code, body)
		}
		c.wantClose(4401, "AUTH_REQUIRED")
	}
}

func TestRegressEveryUpgradeOfModeOffIsASession(t *testing.T) {
	for name, open := range map[string]func(*rig) *conn{
		"on a kept connection": func(r *rig) *conn {
			c := r.dial().send(plain("GET", "/page"))
			if code, _ := c.status(); code != 200 {
				t.Errorf("the page: %d", code)
			}
			return c.send(head("/sync"))
		},
		"with a head that strict reading refuses": func(r *rig) *conn { return r.dial().send(head("//sync")) },
	} {
		opened := func() (*rig, *conn) {
			r := newRig(t, opaque, atOnce)
			r.policy.set(authz.Off, 100)
			c := open(r)
			if code, body := c.status(); code != 101 {
				t.Fatalf("%s: %d %s", name, code, body)
			}
			c.text("hello").wantText("ack:hello")
			if n := r.server.Connections(); n != 1 {
				t.Errorf("%s: %d sessions", name, n)
			}
			return r, c
		}
		t.Run(name+", a flip", func(t *testing.T) {
			r, c := opened()
			r.flip(authz.Enforce)
			c.t = t
			c.wantClose(4401, "AUTH_REQUIRED")
		})
		t.Run(name+", a drain", func(t *testing.T) {
			r, c := opened()
			go func() { _ = r.server.Drain(context.Background()) }()
			c.t = t
			c.wantClose(1012, "DRAINING")
		})
	}
}

// What stands behind a head has been read with it, and by net/http not at once.
func TestRegressModeOffLosesNoByteThatCameBehindTheHead(t *testing.T) {
	const messages = 2000
	r := newRig(t, opaque, func(c *proxy.Config) { c.MaxHeaderBytes = 256 << 10 })
	r.policy.set(authz.Off, 100)
	var all strings.Builder
	all.WriteString(head("/sync", "X.Padding: "+strings.Repeat("x", 70<<10)))
	for i := range messages {
		all.Write(framing.AppendFrame(nil, true, framing.Text, fmt.Appendf(nil, "message %d", i), &[4]byte{1, 2, 3, 4}))
	}
	c := r.dial().send(all.String()[:64<<10])
	time.Sleep(20 * time.Millisecond) // so that the rest is read at once
	if code, body := c.send(all.String()[64<<10:]).status(); code != 101 {
		t.Fatalf("%d %s", code, body)
	}
	for i := range messages {
		c.wantText(fmt.Sprintf("ack:message %d", i))
	}
}

func TestRegressAConnectionOfModeOffIsNotServedOnceAnotherModeHolds(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/**"} })
	for name, next := range map[string]string{
		"a good request": plain("GET", "/a", bearer(r.good("ada"))), "a public upgrade": head("/a"),
		"two lengths": plain("POST", "/a", bearer(r.good("ada")), "Content-Length: 3", "Transfer-Encoding: chunked") + "0\r\n\r\n",
	} {
		r.policy.set(authz.Off, 100)
		c := r.dial().send(plain("GET", "/page"))
		if code, _ := c.status(); code != 200 {
			t.Fatalf("%s: in off %d", name, code)
		}
		n := len(r.legacy.allHeads(t, 1))
		r.flip(authz.Enforce)
		if code, body := c.send(next).status(); code != 503 || !strings.Contains(body, "AUTH_UNAVAILABLE") {
			t.Errorf("%s: %d %s", name, code, body)
		}
		c.wantEndOrReset()
		if all := r.legacy.allHeads(t, n); len(all) != n {
			t.Errorf("%s went upstream: %q", name, all[n:])
		}
	}
}

// One request has one mode: else what no strict reading has held to the rules
// would get a signed name.
func TestRegressAFlipInTheMiddleOfARequestSignsNothingThatModeOffRead(t *testing.T) {
	for reads := range 6 {
		var left atomic.Int64
		left.Store(int64(reads))
		r := newRig(t, opaque, func(c *proxy.Config) {
			c.Policy = func() authz.Policy {
				p := authz.Policy{Mode: authz.Enforce, EnforcePercent: 100}
				if left.Add(-1) >= 0 {
					p.Mode = authz.Off
				}
				return p
			}
		})
		for _, request := range []string{plain("GET", "/a/../b", bearer(r.good("ada"))), head("/a/../b", bearer(r.good("ada")))} {
			left.Store(int64(reads))
			r.dial().send(request).status()
		}
		r.legacy.mu.Lock()
		for _, h := range r.legacy.heads {
			if field(h, "X-Sync-Assertion") != "" {
				t.Errorf("off for %d readings: signed %q", reads, h)
			}
		}
		r.legacy.mu.Unlock()
	}
}

// flipping makes a rig whose policy changes while the first token is judged.
func flipping(r **rig, to authz.Mode) func(*proxy.Config) {
	return func(c *proxy.Config) {
		decide := c.Decide
		c.Decide = func(ctx context.Context, token string) authz.Decision {
			defer (*r).policy.set(to, 100)
			return decide(ctx, token)
		}
	}
}

func TestRegressAFlipToObserveWhileATokenIsJudgedIsNoHalfRefusal(t *testing.T) {
	var r *rig
	r = newRig(t, flipping(&r, authz.Observe))
	r.open("/sync", bearer("forged")).text(initFrame("forged")).wantText("ack:" + stripped)
}

func TestRegressAFlipToObserveWhileATokenIsJudgedLetsNoBodyThroughUnread(t *testing.T) {
	var r *rig
	r = newRig(t, asLiveStore, flipping(&r, authz.Observe))
	token := r.good("ada")
	r.dial().send(post("/?storeId=mine&transport=http", httpPull("mine", token), bearer("forged"))).status()
	noneOf(t, "upstream", r.legacy.bytes(), token)
}

func TestRegressModeOffRefusesNothingOnLiveConnections(t *testing.T) {
	r := newRig(t, asLiveStore, atOnce)
	token := r.good("ada")
	c := r.open(liveStorePath(token))
	r.flip(authz.Off)
	for _, frame := range []string{pull("theirs", token), pull("mine", r.good("bob")), "nonsense"} {
		if g := c.text(frame).read(); g.Opcode != framing.Text {
			t.Fatalf("%s: opcode %d %q", frame, g.Opcode, g.payload)
		}
	}
	j := newRig(t, atOnce)
	d := j.open("/sync").text(initFrame(j.good("ada")))
	d.wantText("ack:" + stripped)
	j.flip(authz.Off)
	d.text(initFrame(j.good("bob"))).wantText("ack:" + stripped)
}

// bothSides returns a user whom half of ENFORCE_PERCENT enforces, and one whom
// it does not.
func bothSides(p authz.Policy) (enforced, observed string) {
	for i := 0; enforced == "" || observed == ""; i++ {
		d := authz.Refuse(authz.BadFrame, authz.ReasonFrame)
		d.UserID = fmt.Sprint("user", i)
		if _, would := p.Apply(d, ""); would == "" {
			enforced = d.UserID
		} else {
			observed = d.UserID
		}
	}
	return enforced, observed
}

func TestRegressTheShareOfUsersIsThatOfTheRequestsToken(t *testing.T) {
	for name, row := range map[string]struct {
		frame, reason string
		code          int
	}{
		"an unreadable frame":  {"no json", "BAD_FRAME", 4400},
		"a frame too big":      {initFrame(strings.Repeat("x", 2000)), "MESSAGE_TOO_BIG", 1009},
		"another user's token": {"", "FORBIDDEN", 4403},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *proxy.Config) { c.FirstFrameMaxBytes = 1024 })
			r.policy.set(authz.Enforce, 50)
			enforced, observed := bothSides(r.policy.get())
			if row.frame == "" {
				row.frame = initFrame(r.good("bob"))
			}
			r.open("/sync", bearer(r.good(enforced))).text(row.frame).wantClose(row.code, row.reason)
			if g := r.open("/sync", bearer(r.good(observed))).text(row.frame).read(); g.Opcode != framing.Text {
				t.Errorf("observed, and got opcode %d %q", g.Opcode, g.payload)
			}
		})
	}
}
