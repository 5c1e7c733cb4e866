package proxy_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
)

const (
	secret   = "a-test-secret-of-more-than-32-bytes!"
	identKey = "an-identity-key-of-more-than-32-bytes"
	safety   = 10 * time.Second // a safety net, never a measure
)

// rig is a Syncward in front of a legacy server, both in this process, with
// nothing between them and the test but sockets.
type rig struct {
	t      *testing.T
	addr   string
	server *proxy.Server
	legacy *legacy
	seen   *seen
	policy policyVar
}

// newRig starts one that enforces the json protocol; change alters it first.
func newRig(t *testing.T, change ...func(*proxy.Config)) *rig {
	t.Helper()
	r := &rig{t: t, legacy: newLegacy(t), seen: &seen{}}
	r.policy.set(authz.Enforce, 100)
	secrets, err := authz.NewHMACSecrets([]byte(secret), nil, time.Time{}, nil)
	must(t, err)
	verifier, err := authz.New(authz.Config{Keys: secrets, Leeway: 30 * time.Second, Grace: 24 * time.Hour, Now: time.Now})
	must(t, err)
	key, err := identity.ParseKey([]byte(identKey))
	must(t, err)
	signer, err := identity.NewSigner(identity.SignerOptions{Key: key})
	must(t, err)
	up, err := proxy.ParseUpstream("http://" + r.legacy.addr)
	must(t, err)
	cfg := proxy.Config{
		Upstream: up, Protocol: payload.JSON{AllFrames: true},
		Sources: []proxy.Source{proxy.SourceFrame, proxy.SourceHeader, proxy.SourceSubprotocol},
		Decide:  verifier.Decide, Policy: r.policy.get, Signer: signer, Hooks: r.seen.hooks(), Now: time.Now,
		HeaderTimeout: safety, FirstFrameTimeout: safety,
	}
	for _, c := range change {
		c(&cfg)
	}
	r.server, err = proxy.New(cfg)
	must(t, err)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	r.addr = ln.Addr().String()
	served := make(chan error, 1)
	go func() { served <- r.server.Serve(ln) }()
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if err := r.server.Drain(ctx); err != nil {
			t.Errorf("drain: %v", err)
		}
		if err := <-served; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return r
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

type policyVar struct {
	mu sync.Mutex
	p  authz.Policy
}

func (v *policyVar) get() authz.Policy { v.mu.Lock(); defer v.mu.Unlock(); return v.p }
func (v *policyVar) set(m authz.Mode, percent int) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.p = authz.Policy{Mode: m, EnforcePercent: percent, AnonymousUserID: "anonymous"}
}

// seen keeps what the hooks were told.
type seen struct {
	mu       sync.Mutex
	attempts []proxy.Attempt
	observed []authz.Code
	closed   []string
	dials    []proxy.DialResult
	faults   []string
	refresh  []proxy.RefreshResult // in-band
	// reconnects with a newer token
	reconnects int
}

func (s *seen) hooks() proxy.Hooks {
	lock := func(f func()) { s.mu.Lock(); defer s.mu.Unlock(); f() }
	return proxy.Hooks{
		Auth:     func(a proxy.Attempt) { lock(func() { s.attempts = append(s.attempts, a) }) },
		Observed: func(c authz.Code) { lock(func() { s.observed = append(s.observed, c) }) },
		Dial:     func(d proxy.DialResult) { lock(func() { s.dials = append(s.dials, d) }) },
		Refresh: func(how proxy.RefreshHow, r proxy.RefreshResult) {
			lock(func() {
				if how == proxy.RefreshReconnect {
					s.reconnects++
					return
				}
				s.refresh = append(s.refresh, r)
			})
		},
		Fault: func(_, what string, err error) {
			lock(func() { s.faults = append(s.faults, what+": "+err.Error()) })
		},
		Closed: func(by engine.By, code int, _ time.Duration) {
			lock(func() { s.closed = append(s.closed, fmt.Sprint(by, " ", code)) })
		},
	}
}

// last returns the newest attempt.
func (s *seen) last(t *testing.T) proxy.Attempt {
	t.Helper()
	eventually(t, "an authentication attempt", func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.attempts) > 0 })
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts[len(s.attempts)-1]
}

// everything returns all that went to the outside, for canaries.
func (s *seen) everything() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return fmt.Sprintf("%+v %v %v %v %v", s.attempts, s.observed, s.closed, s.dials, s.faults)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(safety); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// token returns an HS256 token of user that was issued and expires so long
// from now (negative: ago).
func (r *rig) token(user string, issued, expires time.Duration) string {
	r.t.Helper()
	return r.claims(jwt.MapClaims{"sub": user, "iat": time.Now().Add(issued).Unix(), "exp": time.Now().Add(expires).Unix()})
}

// good returns a token that is valid for an hour.
func (r *rig) good(user string) string { return r.token(user, -time.Minute, time.Hour) }

func (r *rig) claims(c jwt.MapClaims) string {
	r.t.Helper()
	s, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString([]byte(secret))
	must(r.t, err)
	return s
}

// conn is a client's side of a connection, byte by byte.
type conn struct {
	t *testing.T
	net.Conn
	r *bufio.Reader
}

func (r *rig) dial() *conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.addr)
	must(r.t, err)
	r.t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(safety))
	return &conn{t: r.t, Conn: c, r: bufio.NewReader(c)}
}

const wsKey = "dGhlIHNhbXBsZSBub25jZQ=="

// head is an upgrade request for path with more header lines.
func head(path string, lines ...string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: sync.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + wsKey + "\r\n" + strings.Join(append(lines, ""), "\r\n") + "\r\n"
}

func (c *conn) send(s string) *conn {
	c.t.Helper()
	_, err := io.WriteString(c.Conn, s)
	must(c.t, err)
	return c
}

// answer reads an HTTP answer.
func (c *conn) answer() *http.Response {
	c.t.Helper()
	res, err := http.ReadResponse(c.r, &http.Request{Method: "GET"})
	must(c.t, err)
	return res
}

// status reads an HTTP answer with its body.
func (c *conn) status() (int, string) {
	c.t.Helper()
	res := c.answer()
	if res.StatusCode == 101 {
		return 101, ""
	}
	body, err := io.ReadAll(res.Body)
	must(c.t, err)
	return res.StatusCode, string(body)
}

// open upgrades and wants a 101.
func (r *rig) open(path string, lines ...string) *conn {
	r.t.Helper()
	c := r.dial().send(head(path, lines...))
	if code, body := c.status(); code != 101 {
		r.t.Fatalf("upgrade: %d %s", code, body)
	}
	return c
}

// text sends one masked text frame.
func (c *conn) text(s string) *conn { c.t.Helper(); return c.frame(true, framing.Text, s) }

func (c *conn) frame(fin bool, op framing.Opcode, payload string) *conn {
	c.t.Helper()
	return c.send(string(framing.AppendFrame(nil, fin, op, []byte(payload), &[4]byte{1, 2, 3, 4})))
}

// got is one frame as it came.
type got struct {
	framing.Header
	payload string
}

func readFrame(r *bufio.Reader) (got, error) {
	for size := 2; ; size++ {
		b, err := r.Peek(size)
		if err != nil {
			return got{}, err
		}
		h, n, err := framing.ParseHeader(b)
		if err != nil {
			return got{}, err
		}
		if n == 0 {
			continue
		}
		_, _ = r.Discard(n)
		p := make([]byte, h.Length)
		if _, err := io.ReadFull(r, p); err != nil {
			return got{}, err
		}
		if h.Masked {
			framing.Mask(p, h.Key, 0)
		}
		return got{h, string(p)}, nil
	}
}

// read reads one frame.
func (c *conn) read() got {
	c.t.Helper()
	g, err := readFrame(c.r)
	must(c.t, err)
	return g
}

// wantText reads one text frame and wants it to be s.
func (c *conn) wantText(s string) {
	c.t.Helper()
	if g := c.read(); g.Opcode != framing.Text || g.payload != s {
		c.t.Fatalf("got opcode %d %q, want text %q", g.Opcode, g.payload, s)
	}
}

// wantClose reads until a close frame and wants its code and reason; then the
// connection must end.
func (c *conn) wantClose(code int, reason string) {
	c.t.Helper()
	for {
		g, err := readFrame(c.r)
		if err != nil {
			c.t.Fatalf("no close frame, want %d %s: %v", code, reason, err)
		}
		if g.Opcode != framing.CloseFrame {
			continue
		}
		cl, err := framing.ParseClose([]byte(g.payload))
		must(c.t, err)
		if cl.Code != code || cl.Reason != reason {
			c.t.Fatalf("closed with %d %q, want %d %q", cl.Code, cl.Reason, code, reason)
		}
		break
	}
	c.frame(true, framing.CloseFrame, "")
	c.wantEnd()
}

// wantEnd wants the connection to end, with nothing but frames before it.
func (c *conn) wantEnd() {
	c.t.Helper()
	if _, err := io.Copy(io.Discard, c.r); err != nil {
		var timeout interface{ Timeout() bool }
		if ok := asTimeout(err, &timeout); ok {
			c.t.Fatal("the connection does not end")
		}
	}
}

func asTimeout(err error, target *interface{ Timeout() bool }) bool {
	ne, ok := err.(net.Error)
	if ok {
		*target = ne
	}
	return ok && ne.Timeout()
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
