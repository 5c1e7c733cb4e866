package proxy_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/payload"
	"github.com/syncward/syncward/proxy"
)

// The attacks of this file and the two beside it are numbered as in SECURITY.md;
// each test is named for what it prevents.

// opaque makes a rig whose credential is in the header and whose refusals are
// HTTP, so that requests alone are tested.
func opaque(c *proxy.Config) {
	c.Protocol, c.RejectHTTP = payload.Opaque{}, true
	c.Sources = []proxy.Source{proxy.SourceHeader, proxy.SourceSubprotocol}
}

func bearer(token string) string { return "Authorization: Bearer " + token }

// identityLines are a client's attempts at the name tag.
var identityLines = []string{
	"X_Sync_User_Id: eve", "x-SYNC-user-id: eve", "X-Sync-User-Id: eve", "X-Sync-User-Id: eve", "X-Sync-User-Id:",
	"X-Sync_Assertion: eve", "x-sync-anything-new: eve", "Connection: X-Sync-User-Id", "X-SYNC-AUTH-STATUS: valid-eve",
}

func TestAttack01ClientsCannotNameThemselves(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe, authz.Off} {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRig(t, opaque)
			r.policy.set(mode, 100)
			r.open("/sync", append(identityLines, bearer(r.good("ada")))...).text("x").wantText("ack:x")
			plain := "GET /plain HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\n" + strings.Join(identityLines, "\r\n") + "\r\n\r\n"
			if code, body := r.dial().send(plain).status(); code != 200 {
				t.Fatalf("plain: %d %s", code, body)
			}
			noneForged(t, r)
			for _, h := range r.legacy.allHeads(t, 2) {
				want := 1
				if mode == authz.Off {
					want = 0
				}
				if n := strings.Count(strings.ToLower(strings.ReplaceAll(h, "_", "-")), "\r\nx-sync-user-id:"); n != want {
					t.Errorf("%d user ids in %q, want %d", n, h, want)
				}
			}
		})
	}
}

func TestAttack01TrailersCannotNameAUser(t *testing.T) {
	r := newRig(t, opaque)
	r.dial().send("POST /t HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sync-User-Id\r\n\r\n" +
		"2\r\nhi\r\n0\r\nX-Sync-User-Id: eve\r\n\r\n").status()
	eventually(t, "the request upstream", func() bool { return strings.Contains(r.legacy.bytes(), "POST /t") })
	if strings.Contains(r.legacy.bytes(), "eve") {
		t.Errorf("a trailer went upstream: %q", r.legacy.bytes())
	}
}

func TestAttack02ForwardedHeadersOfAnUntrustedPeerChangeNothing(t *testing.T) {
	lines := []string{"X-Forwarded-For: 203.0.113.9", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9", "X-Forwarded-Host: evil.example",
		"X-Forwarded-Proto: https", "X_Forwarded_For: 203.0.113.9", "X-Forwarded-Prefix: /public"}
	r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/public/**"} })
	r.open("/sync", append(lines, bearer(r.good("ada")))...).text("x").wantText("ack:x")
	if h := r.legacy.received(t); strings.Contains(h, "203.0.113.9") || strings.Contains(h, "evil") || field(h, "X-Forwarded-For") != "127.0.0.1" {
		t.Errorf("head %q", h)
	}
	if at := r.seen.last(t); at.RemoteIP != "127.0.0.1" {
		t.Errorf("the attempt is counted for %s", at.RemoteIP)
	}
	if code, _ := r.dial().send("GET /private HTTP/1.1\r\nHost: a\r\nX-Forwarded-Uri: /public/x\r\nX-Original-URL: /public/x\r\n\r\n").status(); code != 401 {
		t.Errorf("a header made a path public: %d", code)
	}

	trusting := newRig(t, opaque, func(c *proxy.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	trusting.open("/sync", "X-Forwarded-For: 198.51.100.7, 203.0.113.9", bearer(trusting.good("ada"))).text("x").wantText("ack:x")
	if at := trusting.seen.last(t); at.RemoteIP != "203.0.113.9" {
		t.Errorf("behind a trusted proxy the client is %s", at.RemoteIP)
	}
	if h := trusting.legacy.received(t); field(h, "X-Forwarded-For") != "198.51.100.7, 203.0.113.9, 127.0.0.1" {
		t.Errorf("head %q", h)
	}
}

func TestAttack03NoHealthPathOrUserAgentGetsPastAuthentication(t *testing.T) {
	r := newRig(t, opaque)
	for _, path := range []string{"/healthz", "/readyz", "/health", "/metrics", "/.well-known/jwks.json", "/ping", "/favicon.ico"} {
		for _, agent := range []string{"kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0"} {
			if code, _ := r.dial().send("GET " + path + " HTTP/1.1\r\nHost: a\r\nUser-Agent: " + agent + "\r\n\r\n").status(); code != 401 {
				t.Errorf("%s as %s: %d", path, agent, code)
			}
		}
		if code, _ := r.dial().send(head(path, "User-Agent: kube-probe/1.30")).status(); code != 401 {
			t.Errorf("an upgrade of %s: %d", path, code)
		}
	}
	r.legacy.untouched(t)
}

func TestAttack03PublicPathsAreNeverUpgradesNorWrites(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/public/*", "/deep/**"} })
	get := func(method, path string) int {
		code, _ := r.dial().send(method + " " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").status()
		return code
	}
	for _, row := range []struct {
		method, path string
		want         int
	}{
		{"GET", "/public/a", 200}, {"GET", "/deep/a/b", 200}, {"GET", "/public/a/b", 401}, {"POST", "/public/a", 401},
		{"GET", "/public/../private", 400}, {"GET", "/public/%2e%2e/private", 400}, {"GET", "/publicx", 401}, {"GET", "//public/a", 400},
		{"GET", `/public/..%5cprivate`, 400}, {"GET", "/deep/x%2f..%2fy", 400},
	} {
		if got := get(row.method, row.path); got != row.want {
			t.Errorf("%s %s: %d, want %d", row.method, row.path, got, row.want)
		}
	}
	if code, _ := r.dial().send(head("/public/a")).status(); code != 401 {
		t.Errorf("an upgrade of a public path: %d", code)
	}
}

func TestAttack04AnAnswerThatIsNo101OpensNoTunnel(t *testing.T) {
	for _, answer := range []string{
		"HTTP/1.1 200 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi",
		"HTTP/1.1 401 Unauthorized\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 2\r\n\r\nhi",
	} {
		t.Run(answer[9:12], func(t *testing.T) {
			r := newRig(t, opaque)
			r.legacy.answer = answer
			c := r.dial().send(head("/sync", bearer(r.good("ada"))))
			res := c.answer()
			if fmt.Sprint(res.StatusCode) != answer[9:12] || res.Header.Get("Upgrade") != "" || !res.Close {
				t.Errorf("answer %d %v", res.StatusCode, res.Header)
			}
			_, _ = c.Write([]byte("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"))
			c.wantEnd()
			if strings.Contains(r.legacy.bytes(), "smuggled") {
				t.Error("a tunnel was opened")
			}
			eventually(t, "the upstream's connection closed", func() bool { r.legacy.mu.Lock(); defer r.legacy.mu.Unlock(); return r.legacy.ended == 1 })
		})
	}
	for name, answer := range map[string]string{
		"a 101 with a wrong accept": "HTTP/1.1 101 X\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
		"a 101 to something else":   "HTTP/1.1 101 X\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
		"no HTTP":                   "SSH-2.0-OpenSSH\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, opaque)
			r.legacy.answer = answer
			if code, body := r.dial().send(head("/sync", bearer(r.good("ada")))).status(); code != 502 || !strings.Contains(body, "UPSTREAM_UNAVAILABLE") {
				t.Errorf("%d %s", code, body)
			}
		})
	}
}

func TestAttack05NothingBehindTheUpgradeGoesOnBeforeAdmission(t *testing.T) {
	r := newRig(t)
	smuggled := "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
	c := r.dial().send(head("/sync") + smuggled)
	if code, _ := c.status(); code != 101 {
		t.Fatalf("upgrade: %d", code)
	}
	c.wantClose(1002, "") // what stands there is no frame
	r.legacy.untouched(t)

	refused := newRig(t, opaque)
	if code, _ := refused.dial().send(head("/sync") + smuggled).status(); code != 401 {
		t.Errorf("refused upgrade: %d", code)
	}
	refused.legacy.untouched(t)

	// A first frame that is pipelined behind the request is a first frame.
	early := r.dial().send(head("/sync") + string(framing.AppendFrame(nil, true, framing.Text, []byte(initFrame(r.good("ada"))), &[4]byte{9})))
	if code, _ := early.status(); code != 101 {
		t.Fatal("pipelined frame")
	}
	early.wantText("ack:" + stripped)
}

func TestAttack05BodiesOnAnUpgradeAreRefused(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"Content-Length: 5", "Transfer-Encoding: chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked", "Content-Length: 5\r\nContent-Length: 5"} {
		c := r.dial().send(head("/sync", line))
		if code, body := c.status(); code != 400 || !strings.Contains(body, "BAD_FRAME") {
			t.Errorf("%s: %d %s", line, code, body)
		}
		c.wantEnd()
	}
	r.legacy.untouched(t)
}

// badUpgrades are requests that ask for an upgrade and are none, made of a good
// one, with the status of their refusal.
func badUpgrades(good string) map[string]struct {
	request string
	want    int
} {
	change := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	return map[string]struct {
		request string
		want    int
	}{
		"version 12":       {change("Version: 13", "Version: 12"), 426},
		"no version":       {change("Sec-WebSocket-Version: 13\r\n", ""), 426},
		"two versions":     {change("Version: 13", "Version: 13\r\nSec-WebSocket-Version: 13"), 426},
		"no key":           {change("Sec-WebSocket-Key: "+wsKey+"\r\n", ""), 400},
		"short key":        {change(wsKey, "YWJj"), 400},
		"two keys":         {change("Upgrade: websocket", "Upgrade: websocket\r\nSec-WebSocket-Key: "+wsKey), 400},
		"POST":             {change("GET", "POST"), 400},
		"HTTP/1.0":         {change("HTTP/1.1", "HTTP/1.0"), 400},
		"Upgrade: foo":     {change("Upgrade: websocket", "Upgrade: foo"), 400},
		"Upgrade: h2c":     {change("Upgrade: websocket", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA"), 400},
		"two upgrades":     {change("Upgrade: websocket", "Upgrade: websocket, h2c"), 400},
		"no connection":    {change("Connection: Upgrade\r\n", ""), 400},
		"obs-fold":         {change("Host: sync.example", "Host: sync.example\r\n folded"), 400},
		"bare LF":          {strings.ReplaceAll(good, "\r\n", "\n"), 400},
		"two hosts":        {change("Host: sync.example", "Host: a\r\nHost: b"), 400},
		"odd header name":  {change("Host: sync.example", "Host: a\r\nX!y: 1"), 400},
		"space after name": {change("Host: ", "Host : "), 400},
		"absolute target":  {change("GET /sync", "GET http://evil.example/sync"), 400},
	}
}

func TestAttack06WhatIsNoUpgradeNeverTouchesTheUpstream(t *testing.T) {
	r := newRig(t, opaque)
	for name, row := range badUpgrades(head("/sync", bearer(r.good("ada")))) {
		t.Run(name, func(t *testing.T) {
			c := r.dial().send(row.request)
			c.t = t
			res := c.answer()
			if res.StatusCode != row.want {
				t.Errorf("%d, want %d", res.StatusCode, row.want)
			}
			if row.want == 426 && (res.Header.Get("Upgrade") != "websocket" || res.Header.Get("Sec-WebSocket-Version") != "13") {
				t.Errorf("426 with %v", res.Header)
			}
			c.wantEnd()
		})
	}
	r.legacy.untouched(t)
}

func TestAttack07AnUpstreamsRedirectIsNotFollowed(t *testing.T) {
	elsewhere := newLegacy(t)
	r := newRig(t, opaque)
	r.legacy.answer = "HTTP/1.1 302 Found\r\nLocation: http://" + elsewhere.addr + "/sync\r\nContent-Length: 0\r\n\r\n"
	for _, request := range []string{head("/sync", bearer(r.good("ada"))), "GET /plain HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\n\r\n"} {
		res := r.dial().send(request).answer()
		if res.StatusCode != 302 || res.Header.Get("Location") == "" {
			t.Errorf("answer %d %v", res.StatusCode, res.Header)
		}
	}
	elsewhere.untouched(t)
}

func TestAttack08HTTP2ConnectIsRefusedCleanly(t *testing.T) {
	r := newRig(t, opaque)
	// RFC 9113 §3.4: the preface, empty SETTINGS, and HEADERS of stream 1.
	c := r.dial().send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + "\x00\x00\x00\x04\x00\x00\x00\x00\x00" + "\x00\x00\x01\x01\x04\x00\x00\x00\x01\x82")
	if code, body := c.status(); code != 400 || !strings.Contains(body, "BAD_FRAME") {
		t.Errorf("%d %s", code, body)
	}
	c.wantEnd()
	if code, _ := r.dial().send("CONNECT sync.example:80 HTTP/1.1\r\nHost: sync.example:80\r\n:protocol: websocket\r\n\r\n").status(); code != 400 {
		t.Errorf("CONNECT: %d", code)
	}
	r.legacy.untouched(t)
}

func TestAttack24OriginsThatLookLikeAllowedOnes(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) {
		c.AllowedOrigins = []string{"https://example.com", "https://*.apps.example.com"}
		c.Sources = append(c.Sources, proxy.SourceCookie)
	})
	for origin, want := range map[string]int{
		"https://example.com": 101, "https://a.apps.example.com": 101, "HTTPS://EXAMPLE.COM": 101,
		"null": 403, "https://evil-example.com": 403, "http://example.com": 403, "https://example.com:8443": 403,
		"https://user@example.com": 403, "https://example.com.evil.net": 403, "https://a.b.apps.example.com": 403,
		"https://apps.example.com": 403, "https://evil.com/.apps.example.com": 403, "https://x@a.apps.example.com": 403,
		"https://.apps.example.com": 403, "https://a.apps.example.com:8443": 403, "https://": 403, "*": 403,
	} {
		if code, _ := r.dial().send(head("/sync", bearer(r.good("ada")), "Origin: "+origin)).status(); code != want {
			t.Errorf("%s: %d, want %d", origin, code, want)
		}
		if code, _ := r.dial().send("GET / HTTP/1.1\r\nHost: a\r\n" + bearer(r.good("ada")) + "\r\nOrigin: " + origin + "\r\n\r\n").status(); (code == 403) != (want == 403) {
			t.Errorf("plain, %s: %d", origin, code)
		}
	}
	cookie := "Cookie: sync_token=" + r.good("ada")
	if code, _ := r.dial().send(head("/sync", cookie)).status(); code != 401 {
		t.Errorf("a cookie without an Origin: %d", code)
	}
	if code, _ := r.dial().send(head("/sync", cookie, "Origin: https://example.com")).status(); code != 101 {
		t.Errorf("a cookie with an allowed Origin: %d", code)
	}
	if code, _ := r.dial().send(head("/sync", cookie, "Origin: https://example.com", "Origin: https://example.com")).status(); code != 403 {
		t.Errorf("two origins: %d", code)
	}
	get := func(extra string) int {
		code, _ := r.dial().send("GET / HTTP/1.1\r\nHost: a\r\n" + cookie + "\r\n" + extra + "\r\n").status()
		return code
	}
	if get("Sec-Fetch-Site: same-origin\r\n") != 200 || get("Sec-Fetch-Site: cross-site\r\n") != 401 || get("") != 401 {
		t.Error("plain GET with a cookie and no Origin")
	}
}

func TestAttack26TheBearerSubprotocolIsTakenOutAndNeverEchoed(t *testing.T) {
	for _, frames := range []bool{false, true} {
		t.Run(fmt.Sprint("frame=", frames), func(t *testing.T) {
			r := newRig(t, func(c *proxy.Config) {
				if !frames {
					opaque(c)
				}
			})
			entry := "bearer." + r.good("ada")
			for offer, want := range map[string]string{entry: "", entry + ", chat": "chat", "chat," + entry + ", more": "chat"} {
				if !frames {
					r.legacy.extra = ""
					if want != "" {
						r.legacy.extra = "Sec-WebSocket-Protocol: " + want + "\r\n"
					}
				}
				c := r.dial().send(head("/sync", "Sec-WebSocket-Protocol: "+offer))
				res := c.answer()
				if res.StatusCode != 101 || res.Header.Get("Sec-WebSocket-Protocol") != want {
					t.Errorf("offered %q: %d %v", offer, res.StatusCode, res.Header)
				}
				c.text(stripped).wantText("ack:" + stripped)
			}
			if strings.Contains(r.legacy.bytes(), "bearer.") {
				t.Error("the credential went upstream")
			}
			two := r.dial().send(head("/sync", "Sec-WebSocket-Protocol: "+entry+", "+entry))
			if code, _ := two.status(); code != http.StatusBadRequest {
				t.Errorf("two credentials: %d", code)
			}
		})
	}
}
