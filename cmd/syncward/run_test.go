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
	log   *output
	drain func() // the first signal
	hurry func() // the second
	ended chan error
}

var listenAddr = regexp.MustCompile(`"listen_addr":"([^"]+)"`)

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
		if m := listenAddr.FindStringSubmatch(s.log.String()); m != nil {
			s.addr = m[1]
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
	token := tokenBy(t, goodSecret)
	say(t, ctx, ws, `{"type":"init","authToken":"`+token+`","n":1}`, `u1 {"type":"init","n":1}`)
	say(t, ctx, ws, "more", "u1 more")
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

func TestASecondSignalClosesAllNow(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "DRAIN_PERIOD=1h")
	token := tokenBy(t, goodSecret)
	for range 3 {
		ctx, ws := dial(t, "ws://"+s.addr, nil)
		say(t, ctx, ws, `{"authToken":"`+token+`"}`, `u1 {}`)
		go ws.Read(ctx)
	}
	s.drain()
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

func TestRunRefusesABadToken(t *testing.T) {
	up := httptest.NewServer(echo(t))
	defer up.Close()
	s := startSidecar(t, up.URL, "CLOSE_CODES=iana")
	ctx, ws := dial(t, "ws://"+s.addr, nil)
	if err := ws.Write(ctx, websocket.MessageText, []byte(`{"authToken":"`+tokenBy(t, otherSecret)+`"}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := ws.Read(ctx); websocket.CloseStatus(err) != 3000 {
		t.Errorf("%v, want close code 3000", err)
	}
}

// Both sides in TLS, the upstream's certificate from a CA file; a new
// certificate is served without a restart.
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
	header := http.Header{"Authorization": {"Bearer " + tokenBy(t, goodSecret)}}
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
