package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/zap"

	"github.com/syncward/syncward/observe"
)

// output is a stderr that may be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// sidecar is a run under test.
type sidecar struct {
	addr  string
	admin string
	log   *output
	drain func() // the first signal
	hurry func() // the second
	ended chan error
}

var startLine = regexp.MustCompile(`"listen_addr":"([^"]+)","admin_addr":"([^"]+)"`)

// startSidecar runs until the test is over, on free ports.
func startSidecar(t *testing.T, upstream string, more ...string) *sidecar {
	t.Helper()
	env := append([]string{"UPSTREAM_URL=" + upstream, "LISTEN_ADDR=127.0.0.1:0", "ADMIN_ADDR=127.0.0.1:0", "DRAIN_DELAY=0s", "DRAIN_PERIOD=0s"}, more...)
	c, r := load(minimal(env...))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	drain, cancel := context.WithCancel(context.Background())
	now, hurry := context.WithCancel(context.Background())
	s := &sidecar{log: &output{}, drain: cancel, hurry: hurry, ended: make(chan error, 1)}
	go func() { s.ended <- run(drain, now, c, r, s.log); close(s.ended) }()
	t.Cleanup(func() { cancel(); hurry(); <-s.ended })
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if m := startLine.FindStringSubmatch(s.log.String()); m != nil {
			s.addr, s.admin = m[1], m[2]
			return s
		}
	}
	t.Fatalf("no start line: %s", s.log)
	return nil
}

// echo is an upstream that answers each message with the userId it was told
// and the message.
func echo(t *testing.T) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user := r.Header.Get("X-Sync-User-Id")
		ws, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
		if err != nil {
			return
		}
		defer ws.CloseNow()
		for {
			kind, msg, err := ws.Read(r.Context())
			if err != nil {
				return
			}
			if err := ws.Write(r.Context(), kind, append([]byte(user+" "), msg...)); err != nil {
				return
			}
		}
	})
}

func dial(t *testing.T, url string, o *websocket.DialOptions) (context.Context, *websocket.Conn) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	ws, _, err := websocket.Dial(ctx, url, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ws.CloseNow() })
	return ctx, ws
}

func say(t *testing.T, ctx context.Context, ws *websocket.Conn, msg, want string) {
	t.Helper()
	if err := ws.Write(ctx, websocket.MessageText, []byte(msg)); err != nil {
		t.Fatal(err)
	}
	_, got, err := ws.Read(ctx)
	if err != nil || string(got) != want {
		t.Fatalf("%q came back as %q (%v), want %q", msg, got, err, want)
	}
}

func TestRunTakesTheTokenOutAndDrains(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL)
	ctx, ws := dial(t, "ws://"+s.addr, nil)
	token := tokenBy(t, goodSecret, nil)
	say(t, ctx, ws, `{"type":"init","authToken":"`+token+`","n":1}`, `u1 {"type":"init","n":1}`)
	say(t, ctx, ws, "more", "u1 more")
	say(t, ctx, ws, `{"type":"init","authToken":"`+token+`"}`, `u1 {"type":"init"}`)
	s.drain()
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != 1012 {
		t.Errorf("drain ended the connection with %v, want 1012", err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("run ended with %v", err)
	}
	for part := range strings.SplitSeq(token, ".") {
		if strings.Contains(s.log.String(), part) {
			t.Errorf("a part of the token is in the log: %s", s.log)
		}
	}
}

// The first signal takes the sidecar out of service and closes connections one
// by one; the second closes all that are left.
func TestASecondSignalClosesAllNow(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "DRAIN_PERIOD=1h")
	await(t, s.admin, http.StatusOK)
	token := tokenBy(t, goodSecret, nil)
	var sockets [2]*websocket.Conn
	got := make(chan int, 8)
	for i := range sockets {
		ctx, ws := dial(t, "ws://"+s.addr, nil)
		sockets[i] = ws
		say(t, ctx, ws, `{"authToken":"`+token+`"}`, `u1 {}`)
		go func() {
			for {
				if _, _, err := ws.Read(ctx); err != nil {
					got <- i
					return
				}
				got <- i + len(sockets)
			}
		}()
	}
	s.drain()
	left := 1 - <-got
	if left < 0 {
		t.Fatal("a message came where a close was due")
	}
	await(t, s.admin, http.StatusServiceUnavailable)
	if err := sockets[left].Write(context.Background(), websocket.MessageText, []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if n := <-got; n != left+len(sockets) {
		t.Fatal("the connection whose turn had not come was closed")
	}
	s.hurry()
	select {
	case err := <-s.ended:
		if err != nil {
			t.Errorf("run ended with %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Error("run did not end")
	}
}

// await waits until the sidecar's readiness is status.
func await(t *testing.T, admin string, status int) {
	t.Helper()
	last := 0
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		res, err := http.Get("http://" + admin + "/readyz")
		if err != nil {
			continue
		}
		res.Body.Close()
		if last = res.StatusCode; last == status {
			return
		}
	}
	t.Fatalf("readiness is %d, want %d", last, status)
}

func TestNewFlagsTakeEffectEverywhere(t *testing.T) {
	l := newTestLive(t)
	o, level, told := observe.New(observe.Options{}), zap.NewAtomicLevel(), 0
	l.onChange(level, o, zap.NewNop(), func() { told++ })
	for _, tc := range []struct {
		file string
		told int
	}{{"logLevel: error", 0}, {"logLevel: error\nauthMode: observe", 1}, {"authMode: observe\nenforcePercent: 5", 2}} {
		if err := l.apply("FLAGS_FILE", [][]byte{[]byte(tc.file)}); err != nil {
			t.Fatal(err)
		}
		if told != tc.told || level.Level() != l.force.Load().LogLevel {
			t.Errorf("%q: server told %d times, want %d; level %v", tc.file, told, tc.told, level.Level())
		}
	}
}

func TestRunRefusesABadToken(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "CLOSE_CODES=iana")
	ctx, ws := dial(t, "ws://"+s.addr, nil)
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"authToken":"`+tokenBy(t, otherSecret, nil)+`"}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != 3000 {
		t.Errorf("%v, want close code 3000", err)
	}
}

func TestRunObservesWhereItIsTold(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "REQUIRE_AUTH=false", "ANONYMOUS_USER_ID=guest")
	ctx, ws := dial(t, "ws://"+s.addr, nil)
	say(t, ctx, ws, `{"authToken":"`+tokenBy(t, otherSecret, nil)+`"}`, `guest {}`)
}

// Both sides in TLS, the upstream's certificate from a CA file.
func TestRunSpeaksTLSOnBothSides(t *testing.T) {
	up := httptest.NewTLSServer(echo(t))
	defer up.Close()
	dir := t.TempDir()
	file := func(name string, blocks ...*pem.Block) string {
		var b bytes.Buffer
		for _, block := range blocks {
			if err := pem.Encode(&b, block); err != nil {
				t.Fatal(err)
			}
		}
		path := filepath.Join(dir, name)
		write(t, path, b.String())
		return path
	}
	key, err := x509.MarshalPKCS8PrivateKey(up.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert := file("cert.pem", &pem.Block{Type: "CERTIFICATE", Bytes: up.Certificate().Raw})
	s := startSidecar(t, up.URL, "UPSTREAM_CA_FILE="+cert, "TLS_CERT_FILE="+cert,
		"TLS_KEY_FILE="+file("key.pem", &pem.Block{Type: "PRIVATE KEY", Bytes: key}))
	roots := x509.NewCertPool()
	roots.AddCert(up.Certificate())
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	header := http.Header{"Authorization": {"Bearer " + tokenBy(t, goodSecret, nil)}}
	ctx, ws := dial(t, "wss://"+s.addr, &websocket.DialOptions{HTTPClient: client, HTTPHeader: header})
	say(t, ctx, ws, `{}`, `u1 {}`)
}

func TestProbesTellAnUpstreamThatSpeaksNoTrustedTLS(t *testing.T) {
	up := httptest.NewTLSServer(echo(t))
	defer up.Close()
	c, r := load(minimal("UPSTREAM_URL=" + up.URL))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	if p := probeUpstream(context.Background(), c); p.OK || !strings.Contains(p.Detail, "UPSTREAM_CA_FILE") {
		t.Errorf("%+v, want a failure that names UPSTREAM_CA_FILE", p)
	}
}

func TestProbesReachAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	c, r := load(minimal("UPSTREAM_URL=unix://" + path))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	if p := probeUpstream(context.Background(), c); !p.OK {
		t.Errorf("%+v", p)
	}
}

// A token is made as the configuration wants them, and judged by the code that
// judges clients' tokens.
func TestProbeOfKeysFollowsTheConfiguration(t *testing.T) {
	for _, env := range [][]string{
		nil,
		{"JWT_ALGORITHMS=HS512", "JWT_ISSUER=i", "JWT_AUDIENCE=a", "JWT_TYPE=at+jwt", "JWT_USER_CLAIM=a.b.c", "JWT_GRACE_PERIOD=0"},
		{"JWT_USER_CLAIM=iss"},
		{"JWT_MAX_LIFETIME=1s", "JWT_LEEWAY=0"},
	} {
		c, r := load(minimal(env...))
		if r.err() != nil {
			t.Fatal(r.err())
		}
		if p := probeKeys(context.Background(), c); !p.OK {
			t.Errorf("%v: %+v", env, p)
		}
	}
}
