package attribution_test

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// What the worker says of a push.
var (
	accepted = []byte(`"exit":{"_tag":"Success"`)
	ahead    = []byte(`"ServerAheadError"`)
	refused  = []byte(`onPush says no`)
)

// longest is as much of what came before as a look at new bytes needs.
const longest = 64

// gate relays TCP between a sidecar and the worker. It counts what the worker
// says of pushes, and can keep an acceptance from its sidecar.
type gate struct {
	ln     net.Listener
	target string

	mu     sync.Mutex
	counts map[string]int
	held   chan struct{} // nil: nothing is to be held; closed when something is
	open   map[net.Conn]bool
	closed bool
}

func startGate(t *testing.T, target string) *gate {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{ln: ln, target: target, counts: map[string]int{}, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { g.relay(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		g.cut()
		all.Wait()
	})
	return g
}

func (g *gate) addr() string { return g.ln.Addr().String() }

// holdNext keeps the next acceptance, and all that its connection gets behind
// it, from the sidecar for ever. The channel is closed when there is one: then
// the worker has committed the event.
func (g *gate) holdNext() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = make(chan struct{})
	return g.held
}

// holdNone takes holdNext back, where nothing was held yet.
func (g *gate) holdNone() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held = nil
}

func (g *gate) count(what []byte) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.counts[string(what)]
}

// cut ends every connection and lets none in.
func (g *gate) cut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	for c := range g.open {
		c.Close()
	}
}

// keep notes an open connection, or closes it.
func (g *gate) keep(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		c.Close()
	} else {
		g.open[c] = true
	}
	return !g.closed
}

func (g *gate) relay(side net.Conn) {
	defer side.Close()
	up, err := net.Dial("tcp", g.target)
	if err != nil {
		return
	}
	defer up.Close()
	if !g.keep(side) || !g.keep(up) {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { g.answers(side, up) })
	pass(up, side)
	up.Close()
	back.Wait()
}

// answers passes on what the worker says, and looks at it.
func (g *gate) answers(side, up net.Conn) {
	defer side.Close()
	seen := make([]byte, 0, longest+32<<10)
	holding := false
	for {
		n, err := up.Read(seen[len(seen):cap(seen)])
		before, fresh := len(seen), seen[len(seen):len(seen)+n]
		seen = seen[:len(seen)+n]
		holding = g.look(seen, before) || holding
		if err != nil {
			return
		}
		if !holding {
			if _, err := side.Write(fresh); err != nil {
				return
			}
		}
		seen = seen[:copy(seen, seen[max(0, len(seen)-longest):])]
	}
}

// look counts what is new in seen, and tells whether it is to be held.
func (g *gate) look(seen []byte, before int) (hold bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, what := range [][]byte{accepted, ahead, refused} {
		n := bytes.Count(seen, what) - bytes.Count(seen[:before], what)
		if g.counts[string(what)] += n; n > 0 && &what[0] == &accepted[0] && g.held != nil {
			close(g.held)
			g.held, hold = nil, true
		}
	}
	return hold
}

// pass copies until src ends.
func pass(dst, src net.Conn) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		if _, werr := dst.Write(buf[:n]); err != nil || werr != nil {
			return
		}
	}
}

// front is where a user's client connects: it passes connections on to the
// sidecar that is named last. A connection ends with either side.
type front struct {
	ln net.Listener

	mu     sync.Mutex
	target string
	open   map[net.Conn]bool
}

func startFront(t *testing.T) *front {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{ln: ln, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() { f.relay(c) })
		}
	})
	t.Cleanup(func() {
		ln.Close()
		f.to("")
		all.Wait()
	})
	return f
}

// to names the sidecar for new connections, and ends those to another.
func (f *front) to(target string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if target != f.target {
		for c := range f.open {
			c.Close()
		}
		clear(f.open)
	}
	f.target = target
}

func (f *front) relay(client net.Conn) {
	defer client.Close()
	f.mu.Lock()
	target := f.target
	f.mu.Unlock()
	side, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer side.Close()
	f.mu.Lock()
	moved := f.target != target
	f.open[client], f.open[side] = true, true
	f.mu.Unlock()
	if moved {
		return
	}
	var back sync.WaitGroup
	back.Go(func() {
		pass(client, side)
		client.Close()
	})
	pass(side, client)
	side.Close()
	back.Wait()
}
