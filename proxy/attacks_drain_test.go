package proxy_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/proxy"
)

// crowd opens n admitted connections.
func (r *rig) crowd(n int) (all []*conn) {
	r.t.Helper()
	for range n {
		c := r.open("/sync").text(initFrame(r.good("ada")))
		c.wantText("ack:" + stripped)
		all = append(all, c)
	}
	return all
}

// A crowd that is sent away at one instant comes back at one instant. Only
// lower bounds are held: a busy machine makes the spread wider, not narrower.
func TestAttack29TheClosesAreSpreadEvenly(t *testing.T) {
	const period = time.Second
	r := newRig(t, func(c *proxy.Config) { c.DrainPeriod = period })
	all := r.crowd(20)
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(context.Background()) }()
	var mu sync.Mutex
	var at []time.Time
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() {
			c.wantClose(1012, "DRAINING")
			_ = c.Close()
			mu.Lock()
			defer mu.Unlock()
			at = append(at, time.Now())
		})
	}
	wg.Wait()
	if err := <-drained; err != nil {
		t.Error(err)
	}
	slices.SortFunc(at, time.Time.Compare)
	first, median, last := at[0], at[len(at)/2], at[len(at)-1]
	if last.Sub(first) < period/2 || last.Sub(median) < period/8 {
		t.Errorf("the last close came %v after the first, %v after the median", last.Sub(first), last.Sub(median))
	}
}

// While load balancers still send clients here, these are served.
func TestAttack29TheDelayBeforeTheDrainServesAsBefore(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.DrainDelay = time.Hour })
	ctx, hurry := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(ctx) }()
	time.Sleep(50 * time.Millisecond)
	c := r.crowd(1)[0]
	select {
	case err := <-drained:
		t.Fatalf("the drain is over: %v", err)
	default:
	}
	hurry()
	c.wantClose(1012, "DRAINING")
	if err := <-drained; err != nil {
		t.Error(err)
	}
}

func TestAttack29ASecondSignalEndsAllAtOnce(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.DrainPeriod = 3 * safety })
	all := r.crowd(10)
	ctx, second := context.WithCancel(context.Background())
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(ctx) }()
	eventually(t, "the drain has begun", func() bool { return r.dial().send(head("/sync")).answer().StatusCode == 503 })
	second()
	var wg sync.WaitGroup
	for _, c := range all {
		wg.Go(func() { c.wantClose(1012, "DRAINING") })
	}
	wg.Wait()
	select {
	case err := <-drained:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(safety):
		t.Fatal("the drain goes on as if nobody were in a hurry")
	}
}

// Nobody holds up the exit: not who reads nothing while data for it is on its
// way, not who never answers a close, not who never became more than a
// connection, and not an upstream that hangs.
func TestAttack29NobodyHoldsUpTheExit(t *testing.T) {
	r := newRig(t, func(c *proxy.Config) { c.HeaderTimeout, c.FirstFrameTimeout = time.Minute, time.Minute })
	flood := framing.AppendFrame(nil, true, framing.Binary, make([]byte, 1<<20), nil)
	r.legacy.onFrame = func(c net.Conn, g got) bool {
		if g.payload == "flood" {
			for range 64 {
				if _, err := c.Write(flood); err != nil {
					return false
				}
			}
		}
		return true // and never hangs up by itself
	}
	for range 3 {
		r.open("/sync").text(initFrame(r.good("ada"))).text("flood")
		r.open("/sync").text(initFrame(r.good("ada")))
		r.open("/sync")
		r.dial().send("GET /half")
		r.dial()
	}
	eventually(t, "six are admitted", func() bool { return r.server.Connections() == 6 })
	drained := make(chan error, 1)
	go func() { drained <- r.server.Drain(context.Background()) }()
	select {
	case err := <-drained:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(2 * safety):
		t.Fatal("the drain does not end")
	}
	if n := r.server.Connections(); n != 0 {
		t.Errorf("%d connections are left", n)
	}
}
