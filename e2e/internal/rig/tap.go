package rig

import (
	"bytes"
	"net"
	"sync"
	"testing"
)

// Tap relays TCP to a target and keeps what both sides sent.
type Tap struct {
	listener net.Listener
	target   string

	mu    sync.Mutex
	conns []*bytes.Buffer // what the dialler sent, one for each accepted connection, in order
	back  []*bytes.Buffer // what it got, likewise
	open  map[net.Conn]bool
}

// StartTap listens on 127.0.0.1 and relays to target (host:port) until the
// test ends.
func StartTap(t testing.TB, target string) *Tap {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tap := &Tap{listener: l, target: target, open: map[net.Conn]bool{}}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { tap.relay(conn) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		tap.closeAll()
		all.Wait()
	})
	return tap
}

// Addr returns host:port of the tap.
func (tap *Tap) Addr() string { return tap.listener.Addr().String() }

// Sent returns, for each connection so far, the bytes that its dialler sent.
func (tap *Tap) Sent() [][]byte {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	return clones(tap.conns)
}

// Received returns, for each connection so far, the bytes that its dialler got.
func (tap *Tap) Received() [][]byte {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	return clones(tap.back)
}

func clones(records []*bytes.Buffer) [][]byte {
	all := make([][]byte, len(records))
	for i, r := range records {
		all[i] = bytes.Clone(r.Bytes())
	}
	return all
}

func (tap *Tap) relay(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", tap.target)
	if err != nil {
		return
	}
	defer server.Close()
	tap.mu.Lock()
	record, answers := &bytes.Buffer{}, &bytes.Buffer{}
	tap.conns, tap.back = append(tap.conns, record), append(tap.back, answers)
	tap.open[client], tap.open[server] = true, true
	tap.mu.Unlock()

	var back sync.WaitGroup
	back.Go(func() { tap.copy(client, server, answers) })
	tap.copy(server, client, record)
	back.Wait()
}

// copy passes bytes on until src ends, records them first, and hands the end on.
func (tap *Tap) copy(dst, src net.Conn, record *bytes.Buffer) {
	buf := make([]byte, 32<<10)
	for {
		n, err := src.Read(buf)
		tap.mu.Lock()
		record.Write(buf[:n])
		tap.mu.Unlock()
		if _, werr := dst.Write(buf[:n]); err != nil || werr != nil {
			dst.(*net.TCPConn).CloseWrite()
			return
		}
	}
}

// Cut closes all connections on both sides; later ones are relayed as before.
func (tap *Tap) Cut() { tap.closeAll() }

func (tap *Tap) closeAll() {
	tap.mu.Lock()
	defer tap.mu.Unlock()
	for c := range tap.open {
		c.Close()
	}
	clear(tap.open)
}
