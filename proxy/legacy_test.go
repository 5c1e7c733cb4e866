package proxy_test

import (
	"bufio"
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/syncward/syncward/framing"
)

// legacy is a sync server that knows nothing of authentication: it accepts
// every upgrade, records what came, and answers each message with "ack:" and
// the message. Its fields may be changed before a test connects.
type legacy struct {
	addr string
	// answer, where set, is written instead of the 101; the request is closed
	// behind it.
	answer string
	// protocol, extensions are selected in the 101.
	extra string
	// silent: messages are recorded and not answered.
	silent bool
	// onFrame, where set, handles each frame instead; false ends the connection.
	onFrame func(c net.Conn, g got) bool
	// before, where set, is called when a request has come, ahead of the answer.
	before func()
	// greet is written right behind the 101.
	greet []byte

	mu      sync.Mutex
	heads   []string
	frames  []got
	raw     bytes.Buffer
	conns   []net.Conn
	accepts int
	ended   int
}

func newLegacy(t *testing.T) *legacy {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	l := &legacy{addr: ln.Addr().String()}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			l.mu.Lock()
			l.accepts++
			l.conns = append(l.conns, c)
			l.mu.Unlock()
			wg.Go(func() { l.serve(c) })
		}
	})
	t.Cleanup(func() {
		_ = ln.Close()
		l.mu.Lock()
		for _, c := range l.conns {
			_ = c.Close()
		}
		l.mu.Unlock()
		wg.Wait()
	})
	return l
}

// tap records all that is read.
type tap struct {
	l *legacy
	net.Conn
}

func (t tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.l.mu.Lock()
	t.l.raw.Write(p[:n])
	t.l.mu.Unlock()
	return n, err
}

func (l *legacy) serve(c net.Conn) {
	defer func() { _ = c.Close(); l.mu.Lock(); l.ended++; l.mu.Unlock() }()
	r := bufio.NewReader(tap{l, c})
	var head strings.Builder
	for !strings.HasSuffix(head.String(), "\r\n\r\n") {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		head.WriteString(line)
	}
	l.mu.Lock()
	l.heads = append(l.heads, head.String())
	l.mu.Unlock()
	if l.before != nil {
		l.before()
	}
	if l.answer != "" {
		_, _ = io.WriteString(c, l.answer)
		_, _ = io.Copy(io.Discard, r)
		return
	}
	if !strings.Contains(strings.ToLower(head.String()), "upgrade: websocket") {
		l.plain(c, r, head.String())
		return
	}
	_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "+
		accept(field(head.String(), "Sec-WebSocket-Key"))+"\r\n"+l.extra+"\r\n")
	_, _ = c.Write(l.greet)
	l.frameLoop(c, r)
}

// plain answers a plain request with what it was.
func (l *legacy) plain(c net.Conn, r *bufio.Reader, head string) {
	req, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(head), r)))
	if err != nil {
		return
	}
	body, _ := io.ReadAll(req.Body)
	answer := "legacy " + req.Method + " " + req.RequestURI + " " + string(body)
	_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer)
}

func (l *legacy) frameLoop(c net.Conn, r *bufio.Reader) {
	for {
		g, err := readFrame(r)
		if err != nil {
			return
		}
		l.mu.Lock()
		l.frames = append(l.frames, g)
		l.mu.Unlock()
		switch {
		case l.onFrame != nil:
			if !l.onFrame(c, g) {
				return
			}
		case g.Opcode == framing.CloseFrame:
			_, _ = c.Write(framing.AppendFrame(nil, true, framing.CloseFrame, []byte(g.payload), nil))
			return
		case g.Opcode == framing.Ping:
			_, _ = c.Write(framing.AppendFrame(nil, true, framing.Pong, []byte(g.payload), nil))
		case !g.Opcode.Control() && !l.silent:
			_, _ = c.Write(framing.AppendFrame(nil, true, g.Opcode, []byte("ack:"+g.payload), nil))
		}
	}
}

func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// field returns the first value of a header in a raw head, "" where there is
// none.
func field(head, name string) string {
	for line := range strings.SplitSeq(head, "\r\n") {
		n, v, ok := strings.Cut(line, ":")
		if ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// received returns the first request head that arrived.
func (l *legacy) received(t *testing.T) string {
	t.Helper()
	eventually(t, "a request at the upstream", func() bool { l.mu.Lock(); defer l.mu.Unlock(); return len(l.heads) > 0 })
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.heads[0]
}

// messages waits for n data frames and returns their payloads.
func (l *legacy) messages(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	eventually(t, fmt.Sprintf("%d messages at the upstream", n), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		all = nil
		for _, f := range l.frames {
			if !f.Opcode.Control() {
				all = append(all, f.payload)
			}
		}
		return len(all) >= n
	})
	return all
}

// untouched fails where anybody connected to the upstream at all.
func (l *legacy) untouched(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accepts > 0 {
		t.Fatalf("the upstream was dialled: %q", l.heads)
	}
}

// bytes returns all that arrived: as it came, and the payloads of the frames,
// which came masked.
func (l *legacy) bytes() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.raw.String()
	for _, f := range l.frames {
		all += "\n" + f.payload
	}
	return all
}

// allHeads waits for n request heads.
func (l *legacy) allHeads(t *testing.T, n int) []string {
	t.Helper()
	var all []string
	eventually(t, fmt.Sprintf("%d requests at the upstream", n), func() bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		all = append([]string(nil), l.heads...)
		return len(all) >= n
	})
	return all
}
