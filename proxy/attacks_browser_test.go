package proxy_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
)

// foreignOrigins look like https://example.com or https://*.apps.example.com
// and are neither.
var foreignOrigins = []string{
	"null", "https://evil-example.com", "https://example.com.evil.net", "http://example.com", "https://example.com:8443", "https://example.com.",
	"https://user@example.com", "https://example.com@evil.net", "https://example.com/", "https://example.com https://example.com",
	"https://x@a.apps.example.com", "https://a.apps.example.com:8443", "http://a.apps.example.com", "https://evil-apps.example.com", "",
}

func TestAttack24ForeignOriginsAreRefusedOnEveryWayIn(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe} {
		for name, config := range map[string]func(*proxy.Config){"request": opaque, "frame": func(*proxy.Config) {}} {
			t.Run(fmt.Sprint(mode, ", ", name), func(t *testing.T) {
				r := newRig(t, config, func(c *proxy.Config) {
					c.AllowedOrigins = []string{"https://example.com", "https://*.apps.example.com"}
				})
				r.policy.set(mode, 100)
				token := bearer(r.good("ada"))
				for _, origin := range foreignOrigins {
					for _, method := range []string{"GET", "POST", "OPTIONS"} {
						plain := method + " /p HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nAccess-Control-Request-Method: GET\r\n" + token + "\r\nOrigin: " + origin + "\r\n\r\n"
						if code, body := r.dial().send(plain).status(); code != 403 || !strings.Contains(body, "FORBIDDEN") {
							t.Errorf("%s, origin %q: %d", method, origin, code)
						}
					}
					if code, body := r.dial().send(head("/sync", token, "Origin: "+origin)).status(); code != 403 || !strings.Contains(body, "FORBIDDEN") {
						t.Errorf("an upgrade, origin %q: %d", origin, code)
					}
				}
				if code, _ := r.dial().send(head("/sync", token, "Origin: https://example.com", "Origin: https://evil-example.com")).status(); code != 403 {
					t.Errorf("an upgrade with two origins: %d", code)
				}
				r.legacy.untouched(t)
				kept := r.dial().send("GET /p HTTP/1.1\r\nHost: a\r\n" + token + "\r\n\r\n")
				if code, _ := kept.status(); code != 200 {
					t.Errorf("no origin: %d", code)
				}
				if code, _ := kept.send(head("/sync", token, "Origin: https://evil-example.com")).status(); code != 403 {
					t.Errorf("an upgrade on a kept connection: %d", code)
				}
			})
		}
	}
}

// Without an Origin it is no browser, and a token that no browser adds by
// itself is enough; a cookie is not.
func TestAttack24AnAbsentOriginIsNoBrowserAndItsCookieNoCredential(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) {
		c.AllowedOrigins = []string{"https://example.com"}
		c.Sources = append(c.Sources, proxy.SourceCookie)
	})
	r.open("/sync", bearer(r.good("ada"))).text("x").wantText("ack:x")
	cookie := "Cookie: sync_token=" + r.good("ada")
	for name, request := range map[string]string{
		"an upgrade":                     head("/sync", cookie),
		"an upgrade, same origin":        head("/sync", cookie, "Sec-Fetch-Site: same-origin"),
		"POST":                           "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + cookie + "\r\n\r\n",
		"POST, same origin":              "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nSec-Fetch-Site: same-origin\r\n" + cookie + "\r\n\r\n",
		"GET":                            "GET / HTTP/1.1\r\nHost: a\r\n" + cookie + "\r\n\r\n",
		"GET, same site":                 "GET / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-site\r\n" + cookie + "\r\n\r\n",
		"GET, same origin and something": "GET / HTTP/1.1\r\nHost: a\r\nSec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n" + cookie + "\r\n\r\n",
	} {
		if code, _ := r.dial().send(request).status(); code != 401 {
			t.Errorf("%s: %d", name, code)
		}
	}
}

func TestAttack26NoFormOfTheBearerEntryGoesOn(t *testing.T) {
	for _, frames := range []bool{false, true} {
		r := newRig(t, func(c *proxy.Config) {
			if !frames {
				opaque(c)
			}
		})
		token := r.good("ada")
		encoded := "base64url.bearer.authorization." + b64(token)
		for name, row := range map[string]struct {
			lines []string
			code  int
			left  string // the first that is left
		}{
			"encoded, alone":              {[]string{encoded}, 101, ""},
			"encoded and another":         {[]string{encoded + ", chat"}, 101, "chat"},
			"in a line of its own":        {[]string{"chat", "bearer." + token}, 101, "chat"},
			"with syncward.v1":            {[]string{"syncward.v1, bearer." + token + ", chat"}, 101, "chat"},
			"one in each of two lines":    {[]string{"bearer." + token, "bearer." + token}, 400, ""},
			"both forms":                  {[]string{encoded + ", bearer." + token}, 400, ""},
			"an encoding that is no such": {[]string{"base64url.bearer.authorization.!!!", "chat"}, 401, ""},
		} {
			t.Run(fmt.Sprint(name, ", frame: ", frames), func(t *testing.T) {
				before := len(r.legacy.allHeads(t, 0))
				var lines []string
				for _, l := range row.lines {
					lines = append(lines, "Sec-WebSocket-Protocol: "+l)
				}
				c := r.dial().send(head("/sync", lines...))
				c.t = t
				res := c.answer()
				if frames && row.code == 401 { // a 101, then the close
					c.wantClose(4401, "TOKEN_INVALID")
					return
				}
				if res.StatusCode != row.code {
					t.Fatalf("%d, want %d", res.StatusCode, row.code)
				}
				if row.code != 101 {
					return
				}
				if echoed := res.Header.Get("Sec-WebSocket-Protocol"); frames && echoed != row.left {
					t.Errorf("echoed %q, want %q", echoed, row.left)
				}
				c.text(stripped)
				h := r.legacy.allHeads(t, before+1)[before]
				if got := field(h, "Sec-WebSocket-Protocol"); got != row.left || strings.Contains(h, "syncward.v1") {
					t.Errorf("offered upstream %q, want %q", got, row.left)
				}
				if row.left == "" && strings.Contains(h, "Sec-WebSocket-Protocol") {
					t.Error("an empty field went upstream")
				}
			})
		}
		if all := r.legacy.bytes(); strings.Contains(all, "bearer") || strings.Contains(all, b64(token)) || strings.Contains(all, token) {
			t.Error("the credential went upstream")
		}
	}
}
