package proxy_test

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/syncward/syncward/proxy"
)

// proxyVariables are what other HTTP clients let themselves be diverted by.
var proxyVariables = []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"}

// net/http reads these variables once for each process, so that only a fresh
// one can tell: the test runs itself again with them set.
func TestAttack32NoProxyOfTheEnvironmentGetsTheConnection(t *testing.T) {
	if os.Getenv("SYNCWARD_TEST_DIVERTED") != "" {
		diverted(t)
		return
	}
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer trap.Close()
	caught := make(chan struct{})
	go func() {
		if c, err := trap.Accept(); err == nil {
			close(caught)
			_ = c.Close()
		}
	}()
	again := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	again.Env = append(os.Environ(), "SYNCWARD_TEST_DIVERTED=1", "NO_PROXY=", "no_proxy=")
	for _, name := range proxyVariables {
		again.Env = append(again.Env, name+"=http://"+trap.Addr().String())
	}
	out, err := again.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("with a proxy in the environment: %v\n%s", err, out)
	}
	select {
	case <-caught:
		t.Error("a connection went to the environment's proxy")
	default:
	}
}

// diverted uses an upstream whose name is not a loopback one, since for those
// no proxy would be asked at all.
func diverted(t *testing.T) {
	r := newRig(t, opaque)
	named := newRig(t, opaque, func(c *proxy.Config) { c.Upstream.Address, c.Upstream.Host = r.legacy.addr, "upstream.example:80" })
	named.open("/sync", bearer(named.good("ada"))).text("x").wantText("ack:x")
	if code, body := named.dial().send("GET /p HTTP/1.1\r\nHost: a\r\n" + bearer(named.good("ada")) + "\r\n\r\n").status(); code != 200 || body != "legacy GET /p " {
		t.Errorf("plain: %d %s", code, body)
	}
	for _, h := range r.legacy.allHeads(t, 2) {
		if !strings.HasPrefix(h, "GET /") {
			t.Errorf("a request in the form for a proxy: %q", h)
		}
	}

	// For https a proxy would be asked by CONNECT.
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Method+" "+r.RequestURI) }))
	defer secure.Close()
	roots := x509.NewCertPool()
	roots.AddCert(secure.Certificate())
	far := newRig(t, opaque, func(c *proxy.Config) {
		c.Upstream = proxy.Upstream{Network: "tcp", Address: secure.Listener.Addr().String(), Host: "example.com", TLS: &tls.Config{RootCAs: roots, ServerName: "example.com"}}
	})
	if code, body := far.dial().send("GET /p HTTP/1.1\r\nHost: a\r\n" + bearer(far.good("ada")) + "\r\n\r\n").status(); code != 200 || body != "GET /p" {
		t.Errorf("plain, over TLS: %d %s", code, body)
	}
}
