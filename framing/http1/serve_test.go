package http1_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/framing/http1"
)

// patience is a safety net, never a measure.
const patience = 10 * time.Second

// guardListener guards what it accepts.
type guardListener struct {
	net.Listener
	headTimeout time.Duration
}

func (l guardListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return http1.NewGuard(c, nil, 4096, l.headTimeout), nil
}

// serve runs a net/http server behind Guards. Its handler answers refusals as
// "refused <reason>" and leaves the rest to h.
func serve(t *testing.T, srv *http.Server, headTimeout time.Duration, h http.HandlerFunc) *client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv.ConnContext = http1.ConnContext
	srv.MaxHeaderBytes = 4096
	srv.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if e, ok := http1.RefusedFrom(r); ok {
			if h, ok := http1.HeadFrom(r); ok {
				t.Errorf("a refused request has the head %+v", h)
			}
			w.WriteHeader(e.Status)
			_, _ = fmt.Fprintf(w, "refused %s", e.Reason)
			return
		}
		h(w, r)
	})
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.Serve(guardListener{l, headTimeout}) }()
	t.Cleanup(func() { _ = srv.Close(); <-done })
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &client{t: t, Conn: c, r: bufio.NewReader(c)}
}

type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func (c *client) send(s string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, s); err != nil {
		c.t.Fatal(err)
	}
}

// expect reads one answer.
func (c *client) expect(status int, body string) *http.Response {
	c.t.Helper()
	res, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Fatalf("want %d %q: %v", status, body, err)
	}
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != status || string(b) != body {
		c.t.Fatalf("got %d %q (%v), want %d %q", res.StatusCode, b, err, status, body)
	}
	return res
}

// expectEnd wants a closed connection: closed, not reset.
func (c *client) expectEnd() {
	c.t.Helper()
	if b, err := io.ReadAll(c.r); err != nil || len(b) > 0 {
		c.t.Fatalf("got %q, %v, want the end", b, err)
	}
}

// echo answers with the strict head's target and the body.
func echo(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	var e *http1.Error
	if errors.As(err, &e) {
		w.WriteHeader(e.Status)
		_, _ = fmt.Fprintf(w, "body refused %s", e.Reason)
		return
	}
	h, ok := http1.HeadFrom(r)
	if !ok || h.Target != r.RequestURI {
		w.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = fmt.Fprintf(w, "%s %s", h.Target, b)
}

func req(method, target, lines string) string {
	return method + " " + target + " HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n"
}

func TestPipelinedRequestsEachKeepTheirHead(t *testing.T) {
	c := serve(t, &http.Server{}, 0, echo)
	var all strings.Builder
	for i := range 20 {
		all.WriteString(req("GET", fmt.Sprintf("/%d", i), ""))
		all.WriteString(req("POST", fmt.Sprintf("/%d/l", i), "Content-Length: 3\r\n") + "abc")
		all.WriteString(req("POST", fmt.Sprintf("/%d/c", i), "Transfer-Encoding: chunked\r\n") + "2\r\nde\r\n0\r\nA: b\r\n\r\n")
	}
	c.send(all.String())
	for i := range 20 {
		c.expect(200, fmt.Sprintf("/%d ", i))
		c.expect(200, fmt.Sprintf("/%d/l abc", i))
		c.expect(200, fmt.Sprintf("/%d/c de", i))
	}
}

func TestAHandlerThatWaitsStillSeesItsOwnHeadWhileTheNextRequestComes(t *testing.T) {
	started, next := make(chan struct{}), make(chan struct{})
	c := serve(t, &http.Server{}, 0, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/first" {
			close(started)
			<-next
			time.Sleep(20 * time.Millisecond) // let net/http's watch read ahead
		}
		echo(w, r)
	})
	c.send(req("GET", "/first", ""))
	<-started
	c.send(req("GET", "/second", "") + "GET /third HTTP/1.1\r\nHost : a\r\n\r\n")
	close(next)
	c.expect(200, "/first ")
	c.expect(200, "/second ")
	c.expect(400, "refused space_before_colon")
	c.expectEnd()
}

func TestARefusalComesInItsTurnAndEndsTheConnection(t *testing.T) {
	c := serve(t, &http.Server{}, 0, echo)
	c.send(req("GET", "/1", "") + req("POST", "/2", "Content-Length: 2\r\n") + "ab" +
		req("POST", "/3", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") + "0\r\n\r\n" +
		strings.Repeat(req("GET", "/never", ""), 2000))
	c.expect(200, "/1 ")
	c.expect(200, "/2 ab")
	if res := c.expect(400, "refused length_and_coding"); !res.Close {
		t.Error("the answer does not announce the close")
	}
	c.expectEnd()
}

func TestNobodyForgesARefusal(t *testing.T) {
	c := serve(t, &http.Server{}, 0, echo)
	c.send("SYNCWARD-REFUSE /200/fine HTTP/1.1\r\nHost: invalid\r\n\r\n")
	c.expect(400, "refused method")
	c.expectEnd()
}

func TestTheHTTP2PrefaceIsAnsweredAtOnce(t *testing.T) {
	c := serve(t, &http.Server{}, 0, echo)
	c.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
	c.expect(400, "refused target")
	c.expectEnd()
}

func TestABodyThatBreaksItsFramingIsAReadError(t *testing.T) {
	c := serve(t, &http.Server{}, 0, echo)
	c.send(req("POST", "/", "Transfer-Encoding: chunked\r\n") + "1\r\nab\r\n" + req("GET", "/never", ""))
	c.expect(400, "body refused chunk")
	c.expectEnd()
}

func TestABodyThatNobodyReadsHidesNoRequest(t *testing.T) {
	c := serve(t, &http.Server{}, 0, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.URL.Path)
	})
	inner := req("GET", "/inner", "")
	c.send(req("POST", "/outer", fmt.Sprintf("Content-Length: %d\r\n", len(inner))) + inner + req("GET", "/next", ""))
	c.expect(200, "/outer")
	c.expect(200, "/next")
}

func TestExpect100ContinueIsAnsweredBeforeTheBody(t *testing.T) {
	c := serve(t, &http.Server{}, 0, echo)
	c.send(req("POST", "/", "Content-Length: 3\r\nExpect: 100-continue\r\n"))
	if l, err := c.r.ReadString('\n'); err != nil || !strings.HasPrefix(l, "HTTP/1.1 100") {
		t.Fatalf("%q, %v", l, err)
	}
	_, _ = c.r.ReadString('\n')
	c.send("abc" + req("GET", "/next", ""))
	c.expect(200, "/ abc")
	c.expect(200, "/next ")
}

func TestASlowBodyArrivesAsItComes(t *testing.T) {
	got := make(chan string)
	c := serve(t, &http.Server{}, 0, func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 10)
		for {
			n, err := r.Body.Read(b)
			if n > 0 {
				got <- string(b[:n])
			}
			if err != nil {
				return
			}
		}
	})
	for _, head := range []string{"Content-Length: 3\r\n", "Transfer-Encoding: chunked\r\n"} {
		c.send(req("POST", "/", head))
		for _, b := range []string{"a", "b", "c"} {
			if strings.HasPrefix(head, "Transfer") {
				c.send("1\r\n" + b + "\r\n")
			} else {
				c.send(b)
			}
			select {
			case s := <-got:
				if s != b {
					t.Fatalf("%q, want %q", s, b)
				}
			case <-time.After(patience):
				t.Fatal("a byte of the body is held back")
			}
		}
		if strings.HasPrefix(head, "Transfer") {
			c.send("0\r\n\r\n")
		}
		c.expect(200, "")
	}
}

func TestALateHeadIsRefusedInItsTurnAndNeverCancelsTheRequestBeforeIt(t *testing.T) {
	started, next := make(chan struct{}), make(chan struct{})
	c := serve(t, &http.Server{}, 20*time.Millisecond, func(w http.ResponseWriter, r *http.Request) {
		close(started)
		<-next
		select {
		case <-r.Context().Done():
			w.WriteHeader(http.StatusInternalServerError)
		case <-time.After(60 * time.Millisecond):
		}
	})
	c.send(req("GET", "/", ""))
	<-started
	c.send("GET /late HTTP/1.1\r\nHos")
	close(next)
	c.expect(200, "")
	c.expect(408, "refused head_too_late")
	c.expectEnd()
}

func TestTheServersIdleTimeoutPasses(t *testing.T) {
	c := serve(t, &http.Server{IdleTimeout: 20 * time.Millisecond}, patience, echo)
	c.send(req("GET", "/", ""))
	c.expect(200, "/ ")
	c.expectEnd()
}

func TestTheServersReadHeaderTimeoutPasses(t *testing.T) {
	c := serve(t, &http.Server{ReadHeaderTimeout: 20 * time.Millisecond}, 0, echo)
	c.send("GET / HT")
	c.expectEnd()
}

func TestALostClientCancelsTheRequest(t *testing.T) {
	started, done := make(chan struct{}), make(chan struct{})
	c := serve(t, &http.Server{}, 0, func(_ http.ResponseWriter, r *http.Request) {
		close(started)
		<-r.Context().Done()
		close(done)
	})
	c.send(upgrade)
	<-started
	_ = c.Close()
	select {
	case <-done:
	case <-time.After(patience):
		t.Fatal("the request outlives its client")
	}
}

func TestAnAnswerBeforeTheEndOfALongBodyIsReadAndTheConnectionEnds(t *testing.T) {
	c := serve(t, &http.Server{}, 0, func(w http.ResponseWriter, r *http.Request) {
		if g, ok := http1.HeadFrom(r); !ok || g.ContentLength() != 1<<20 {
			t.Error("not the head of the long body")
		}
		w.WriteHeader(http.StatusForbidden)
	})
	c.send(req("POST", "/", "Content-Length: 1048576\r\n") + strings.Repeat("x", 4096))
	if res := c.expect(403, ""); !res.Close {
		t.Error("the answer does not announce the close")
	}
	c.expectEnd()
}
