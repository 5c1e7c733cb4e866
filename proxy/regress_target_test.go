package proxy_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/syncward/syncward/proxy"
)

func TestRegressATargetIsSentByteForByteAndHashedAsItIsSent(t *testing.T) {
	r := newRig(t)
	for i, target := range []string{"/a{b}", "/a|b", "/a%7Bb", `/a"b`, "/a%2fb^", "/a%2Fb", "/a;b", "/a?", "/a??", "/x?a={b}&%zz;c"} {
		if code, body := r.dial().send(plain("GET", target, bearer(r.good("ada")))).status(); code != 200 {
			t.Fatalf("%s: %d %s", target, code, body)
		}
		h := r.legacy.allHeads(t, i+1)[i]
		if got := strings.Fields(h)[1]; got != target {
			t.Errorf("%s was sent as %s", target, got)
		}
		sum := sha256.Sum256([]byte(target))
		claims, err := base64.RawURLEncoding.DecodeString(strings.Split(field(h, "X-Sync-Assertion"), ".")[1])
		must(t, err)
		if !strings.Contains(string(claims), `"`+base64.RawURLEncoding.EncodeToString(sum[:])+`"`) {
			t.Errorf("%s is not what was hashed: %s", target, claims)
		}
	}
}

func TestRegressAnEncodedSlashEndsASegmentOfAPublicPath(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/public/*"} })
	for target, want := range map[string]int{
		"/public/a": 200, "/public/a%2fsecret": 401, "/public/a%2Fsecret": 401, "/public/" + strings.Repeat("a", 4000): 401,
	} {
		if code, body := r.dial().send(plain("GET", target)).status(); code != want {
			t.Errorf("%.30s: %d %s", target, code, body)
		}
	}
}

func TestRegressACookieThatRepeatsTheTokenTakesNoOtherWithIt(t *testing.T) {
	r := newRig(t)
	token := r.good("ada")
	r.open("/sync", bearer(token), "Cookie: session=abc; app="+token+"; theme=dark", "Referer: https://app.example/?t="+token).text(`{"type":"init"}`).read()
	h := r.legacy.received(t)
	if got := field(h, "Cookie"); got != "session=abc; theme=dark" {
		t.Errorf("cookies %q", got)
	}
	noneOf(t, "upstream", h, token)
}

func TestRegressATabStandsBehindBearerAsWellAsASpace(t *testing.T) {
	for _, between := range []string{"\t", " \t", "  "} {
		r := newRig(t)
		token := r.good("ada")
		r.open("/sync", "Authorization: bearer"+between+token).text(`{"type":"init"}`).wantText(`ack:{"type":"init"}`)
		if h := r.legacy.received(t); field(h, "Authorization") != "" || strings.Contains(h, token) {
			t.Errorf("upstream got %q", h)
		}
		r.open("/sync", "Authorization: Bearer"+between+token).text(initFrame(r.good("bob"))).wantClose(4403, "FORBIDDEN")
	}
}

func TestRegressAnHTTP10ClientGetsNoInterimAnswer(t *testing.T) {
	r := newRig(t, opaque, towards(t, func(c net.Conn, _ string) {
		_, _ = c.Write([]byte("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"))
	}))
	for proto, want := range map[string]int{"HTTP/1.0": http.StatusOK, "HTTP/1.1": http.StatusEarlyHints} {
		request := strings.Replace(plain("GET", "/a", bearer(r.good("ada"))), "HTTP/1.1", proto, 1)
		if res := r.dial().send(request).answer(); res.StatusCode != want {
			t.Errorf("%s: %d", proto, res.StatusCode)
		}
	}
}

func TestRegressARefusalThatWantsAnotherUpgradeSaysWhich(t *testing.T) {
	for answer, want := range map[string]string{
		"426 Upgrade Required\r\nUpgrade: websocket, sync/2": "websocket, sync/2", "400 Bad Request\r\nUpgrade: sync/2": "",
	} {
		r := newRig(t, opaque)
		r.legacy.answer = "HTTP/1.1 " + answer + "\r\nContent-Length: 0\r\n\r\n"
		if res := r.dial().send(head("/sync", bearer(r.good("ada")))).answer(); res.Header.Get("Upgrade") != want {
			t.Errorf("%q: %v", answer, res.Header)
		}
	}
}

func TestRegressNoOtherSpellingStandsBesideOurForwardedFor(t *testing.T) {
	for name, request := range map[string]func(lines ...string) string{
		"an upgrade": func(l ...string) string { return head("/sync", l...) }, "a request": func(l ...string) string { return plain("GET", "/a", l...) },
	} {
		r := newRig(t, opaque, func(c *proxy.Config) { c.TrustedProxies = prefixes("127.0.0.0/8") })
		r.dial().send(request(bearer(r.good("ada")), "X_Forwarded_For: 6.6.6.6", "X-Forwarded-For: 10.0.0.1")).status()
		h := r.legacy.received(t)
		if strings.Contains(h, "6.6.6.6") || field(h, "X-Forwarded-For") != "10.0.0.1, 127.0.0.1" {
			t.Errorf("%s: %q", name, h)
		}
	}
}
