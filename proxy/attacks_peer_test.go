package proxy_test

import (
	"net"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
)

// overseen is the engine, which shows each Pipe before it starts and lets a
// test change it.
type overseen struct {
	engine.Goroutines
	change func(*engine.Pipe)
}

func (o overseen) Start(p engine.Pipe) engine.Conn { o.change(&p); return o.Goroutines.Start(p) }

// lostConn is a connection whose peer the system gives up, when told so.
type lostConn struct {
	net.Conn
	lost *atomic.Bool
}

func (c lostConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.lost.Load() {
		return 0, &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ETIMEDOUT)}
	}
	return n, err
}

// Whichever side vanishes, the other learns of it and both are gone.
func TestAttack28APeerThatVanishesTakesItsOtherSideWithIt(t *testing.T) {
	for name, which := range map[string]func(*engine.Pipe) *net.Conn{
		"the client":   func(p *engine.Pipe) *net.Conn { return &p.Client },
		"the upstream": func(p *engine.Pipe) *net.Conn { return &p.Upstream },
	} {
		t.Run(name, func(t *testing.T) {
			var lost atomic.Bool
			r := newRig(t, func(c *proxy.Config) {
				c.Engine = overseen{change: func(p *engine.Pipe) { side := which(p); *side = lostConn{*side, &lost} }}
			})
			c := r.open("/sync").text(initFrame(r.good("ada")))
			c.wantText("ack:" + stripped)
			lost.Store(true)
			if name == "the client" {
				c.text("the system gives the client up while it reads")
			} else {
				r.legacy.mu.Lock()
				_, _ = r.legacy.conns[0].Write(framing.AppendFrame(nil, true, framing.Text, []byte("likewise"), nil))
				r.legacy.mu.Unlock()
			}
			c.wantEndOrReset()
			eventually(t, "the upstream's connection closed", func() bool { r.legacy.mu.Lock(); defer r.legacy.mu.Unlock(); return r.legacy.ended == 1 })
			eventually(t, "the session gone", func() bool { return r.server.Connections() == 0 })
		})
	}
}

func TestAttack28ASlowUpstreamHoldsBackItsClient(t *testing.T) {
	r := newRig(t)
	release := make(chan struct{})
	r.legacy.onFrame = func(net.Conn, got) bool { <-release; return false }
	c := r.open("/sync").text(initFrame(r.good("ada")))
	r.legacy.messages(t, 1)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	flood := framing.AppendFrame(nil, true, framing.Binary, make([]byte, 64<<10), &[4]byte{1})
	_ = c.SetWriteDeadline(time.Now().Add(time.Second))
	sent := 0
	for sent < 256<<20 {
		n, err := c.Write(flood)
		sent += n
		if err != nil {
			break
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	close(release)
	if sent >= 64<<20 {
		t.Errorf("%d MiB were taken for an upstream that reads nothing", sent>>20)
	}
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 8<<20 {
		t.Errorf("%d MiB are held for one connection", grown>>20)
	}
}

// A slow reader's memory is the system's buffers and one batch of ours.
func TestAttack28ManySlowReadersCostLittleMemory(t *testing.T) {
	r := newRig(t)
	flood := framing.AppendFrame(nil, true, framing.Binary, make([]byte, 1<<20), nil)
	r.legacy.onFrame = func(c net.Conn, g got) bool {
		_ = c.SetWriteDeadline(time.Now().Add(time.Second))
		for range 64 {
			if _, err := c.Write(flood); err != nil {
				return false
			}
		}
		return false
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 20
	for range n {
		r.open("/sync").text(initFrame(r.good("ada")))
	}
	eventually(t, "all upstreams stand still", func() bool { r.legacy.mu.Lock(); defer r.legacy.mu.Unlock(); return r.legacy.ended == n })
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > n<<20 {
		t.Errorf("%d MiB are held for %d slow readers", grown>>20, n)
	}
}
