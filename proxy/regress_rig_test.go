package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// The regress files hold what a review of the data path once found broken; each
// test is named for what holds since.

// plain is a request with more header lines; a body needs its own length there.
func plain(method, target string, lines ...string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: sync.example\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

// post is a request with a body.
func post(target, body string, lines ...string) string {
	return plain("POST", target, append(lines, fmt.Sprint("Content-Length: ", len(body)))...) + body
}

// httpPull is pull for the HTTP transport.
func httpPull(store, token string) string {
	return strings.Replace(pull(store, token), "SyncWsRpc", "SyncHttpRpc", 1)
}

// answerTo reads the answer to a request with that method.
func (c *conn) answerTo(method string) *http.Response {
	c.t.Helper()
	res, err := http.ReadResponse(c.r, &http.Request{Method: method})
	must(c.t, err)
	return res
}

// towards makes a rig's upstream a server that hands each connection to serve
// with the request head that came on it, and closes it afterwards.
func towards(t *testing.T, serve func(c net.Conn, head string)) func(*proxy.Config) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			all.Go(func() {
				defer c.Close()
				_ = c.SetDeadline(time.Now().Add(safety))
				r, head := bufio.NewReader(c), ""
				for !strings.HasSuffix(head, "\r\n\r\n") {
					line, err := r.ReadString('\n')
					if err != nil {
						return
					}
					head += line
				}
				serve(c, head)
			})
		}
	})
	t.Cleanup(func() { _ = ln.Close(); all.Wait() })
	return upstreamAt(t, "http://"+ln.Addr().String())
}

func upstreamAt(t *testing.T, url string) func(*proxy.Config) {
	t.Helper()
	up, err := proxy.ParseUpstream(url)
	must(t, err)
	return func(c *proxy.Config) { c.Upstream = up }
}

// switching is the 101 to a handshake.
func switching(head string) string {
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " + accept(field(head, "Sec-WebSocket-Key")) + "\r\n\r\n"
}

// events is the beginning of an answer that goes on for ever.
const events = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"

// stream asks for an answer that goes on, and reads what it begins with.
func (c *conn) stream(lines ...string) io.Reader {
	c.t.Helper()
	res := c.send(plain("GET", "/events", lines...)).answer()
	if res.StatusCode != 200 {
		c.t.Fatalf("%d", res.StatusCode)
	}
	if _, err := io.ReadFull(res.Body, make([]byte, len("data: 1\n\n"))); err != nil {
		c.t.Fatal(err)
	}
	return res.Body
}

// flip changes the mode and tells the server.
func (r *rig) flip(m authz.Mode) {
	r.policy.set(m, 100)
	r.server.PolicyChanged()
}
