package proxy_test

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

// trickle writes s byte by byte, slower and for longer than any limit of these
// tests allows, until the connection ends.
func (c *conn) trickle(s string) (stop func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, b := range []byte(s) {
			if _, err := c.Write([]byte{b}); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	return func() { _ = c.Close(); <-done }
}

func TestAttack10PingsBuyNoTime(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.FirstFrameTimeout = 300 * time.Millisecond })
	c := r.open("/sync")
	ping := string(framing.AppendFrame(nil, true, framing.Ping, []byte("p"), &[4]byte{1}))
	defer c.trickle(strings.Repeat(ping, 1000))()
	for {
		g, err := readFrame(c.r)
		if err != nil {
			t.Fatal(err)
		}
		if g.Opcode == framing.CloseFrame {
			if g.payload != "\x11\x38AUTH_REQUIRED" { // 4408
				t.Errorf("closed with %q", g.payload)
			}
			break
		}
	}
	r.legacy.untouched(t)
}

func TestAttack10AFirstFrameInOneByteSegmentsIsRead(t *testing.T) {
	r := newRig(t)
	c := r.open("/sync")
	for _, b := range framing.AppendFrame(nil, true, framing.Text, []byte(initFrame(r.good("ada"))), &[4]byte{7, 8, 9, 1}) {
		c.send(string([]byte{b}))
	}
	c.wantText("ack:" + stripped)
}

func TestAttack10ARequestHeadThatTricklesOrNeverComesIsCutOff(t *testing.T) {
	for name, sent := range map[string]string{
		"one byte a while": "GET /sync HTTP/1.1\r\nX-Long: " + strings.Repeat("x", 4000), "never": "", "half": "GET /sync HTTP/1.1\r\nHost: a\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(c *proxy.Config) { c.HeaderTimeout = 200 * time.Millisecond })
			c := r.dial()
			if len(sent) > 100 {
				defer c.trickle(sent)()
			} else {
				c.send(sent)
			}
			c.wantEndOrReset()
			r.legacy.untouched(t)
		})
	}
}

// Whoever opens connections and says nothing pushes out the oldest of its own.
func TestAttack10SilentConnectionsPushOutEachOther(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.MaxPending = 3 })
	var silent []*conn
	for range 3 {
		silent = append(silent, r.open("/sync"))
	}
	newcomer := r.open("/sync")
	silent[0].wantEndOrReset()
	newcomer.text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
	for _, c := range silent[1:] {
		c.text(initFrame(r.good("bob"))).wantText("ack:" + stripped)
	}
}

func TestAttack11AnAnnouncedSizeIsNeverWaitedFor(t *testing.T) {
	for _, size := range []uint64{100_000, 1 << 32, 1 << 62} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			r := newRig(t)
			announced := binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, size)
			r.open("/sync").send(string(announced)+"\x01\x02\x03\x04").wantClose(1009, "MESSAGE_TOO_BIG")
			r.legacy.untouched(t)
		})
	}
}

func TestAttack11WhoeverMustReadFramesOffersTheUpstreamNoCompression(t *testing.T) {
	r := newRig(t, asLiveStore)
	c := r.open(liveStorePath(r.good("ada")), "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
	if h := r.legacy.received(t); strings.Contains(strings.ToLower(h), "sec-websocket-extensions") {
		t.Errorf("head %q", h)
	}
	compressed := framing.AppendFrame(nil, true, framing.Text, []byte("\x00"), &[4]byte{1})
	compressed[0] |= 0x40
	c.send(string(compressed)).wantClose(1002, "")
	if n := len(r.legacy.dataFrames()); n != 0 {
		t.Errorf("%d compressed frames went upstream", n)
	}
}

// dataFrames returns the data frames that have arrived.
func (l *legacy) dataFrames() (all []got) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.frames {
		if !f.Opcode.Control() {
			all = append(all, f)
		}
	}
	return all
}
