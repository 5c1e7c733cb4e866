package proxy_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/identity"
	"github.com/syncward/syncward/proxy"
)

// noneForged fails where a client's word for who it is went upstream, or its
// word that the upstream should drop who it is (RFC 9110 §7.6.1).
func noneForged(t *testing.T, r *rig) {
	t.Helper()
	all := r.legacy.bytes()
	if strings.Contains(all, "eve") {
		t.Errorf("a forged identity header went upstream: %q", all)
	}
	for line := range strings.SplitSeq(strings.ToLower(all), "\r\n") {
		if strings.HasPrefix(line, "trailer:") {
			t.Errorf("a trailer was announced upstream: %q", line)
		}
		if list, is := strings.CutPrefix(line, "connection:"); is && strings.Contains(list, "x-") {
			t.Errorf("an identity header was made a hop-by-hop one: %q", line)
		}
	}
}

func TestAttack01ClientsOfTheFirstFrameCannotNameThemselves(t *testing.T) {
	r := newRig(t)
	r.open("/sync", identityLines...).text(initFrame(r.good("ada"))).wantText("ack:" + stripped)
	noneForged(t, r)
	if h := r.legacy.received(t); field(h, "X-Sync-User-Id") != "ada" {
		t.Errorf("head %q", h)
	}
}

func TestAttack01ARenamedUserHeaderIsTheUpstreamsAlone(t *testing.T) {
	names := identity.Names{Prefix: "X-Who-", UserID: "X-Legacy-User"}
	r := newRig(t, opaque, func(c *proxy.Config) {
		key, err := identity.ParseKey([]byte(identKey))
		must(t, err)
		c.Signer, err = identity.NewSigner(identity.SignerOptions{Key: key, Names: names})
		must(t, err)
		c.Names = names
	})
	lines := []string{"X-Legacy-User: eve", "x_LEGACY_user: eve", "X-Legacy-User:", "X_Who_Assertion: eve", "x-who-Anything: eve", "Connection: X-Legacy-User", bearer(r.good("ada"))}
	r.open("/sync", lines...).text("x").wantText("ack:x")
	if code, _ := r.dial().send("GET /p HTTP/1.1\r\nHost: a\r\n" + strings.Join(lines, "\r\n") + "\r\n\r\n").status(); code != 200 {
		t.Errorf("plain: %d", code)
	}
	noneForged(t, r)
	for _, h := range r.legacy.allHeads(t, 2) {
		if field(h, "X-Legacy-User") != "ada" || strings.Count(strings.ToLower(h), "legacy") != 1 {
			t.Errorf("head %q", h)
		}
	}
}

func TestAttack01TrailersCannotNameAUserInAnyMode(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe, authz.Off} {
		for name, odd := range map[string]string{"": "", " in a head that only net/http reads": "X!odd: 1\r\n"} {
			if odd != "" && mode != authz.Off {
				continue // refused as it stands
			}
			t.Run(mode.String()+name, func(t *testing.T) {
				r := newRig(t, opaque)
				r.policy.set(mode, 100)
				r.dial().send("POST /t HTTP/1.1\r\nHost: a\r\n" + odd + bearer(r.good("ada")) + "\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sync-User-Id\r\n\r\n" +
					"2\r\nhi\r\n0\r\nX-Sync-User-Id: eve\r\n\r\n").status()
				eventually(t, "the request upstream", func() bool { return strings.Contains(r.legacy.bytes(), "POST /t") })
				noneForged(t, r)
			})
		}
	}
}

// Mode off leaves to net/http what a strict reading refuses, and whatever comes
// later on a keep-alive connection; no identity header passes there either.
func TestAttack01NoSideDoorOfModeOffLetsANamePass(t *testing.T) {
	forged := strings.Join(identityLines, "\r\n") + "\r\n"
	upgrade := strings.TrimSuffix(head("/sync"), "\r\n") + forged
	for name, request := range map[string]string{
		"a plain request":   "GET /p HTTP/1.1\r\nHost: a\r\n" + forged,
		"an upgrade":        upgrade,
		"an odd field name": "GET /p HTTP/1.1\r\nHost: a\r\nX!odd: 1\r\n" + forged,
		"an odd upgrade":    upgrade + "X!odd: 1\r\n",
		"an upgrade to h2c": "GET /p HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAA\r\n" + forged,
	} {
		for _, later := range []bool{false, true} {
			t.Run(fmt.Sprint(name, ", later: ", later), func(t *testing.T) {
				r := newRig(t)
				r.policy.set(authz.Off, 100)
				c := r.dial()
				before := 0
				if later {
					before = 1
					if code, _ := c.send("GET /first HTTP/1.1\r\nHost: a\r\n\r\n").status(); code != 200 {
						t.Fatal("no first answer")
					}
				}
				if res := c.send(request + "\r\n").answer(); res.StatusCode != 200 && res.StatusCode != 101 {
					t.Fatalf("%d", res.StatusCode)
				}
				h := r.legacy.allHeads(t, before+1)[before]
				if folded := strings.ToLower(strings.ReplaceAll(h, "_", "-")); strings.Contains(folded, "\nx-sync-") {
					t.Errorf("identity headers in %q", h)
				}
				// Behind a real h2c upgrade, requests would go unread: without
				// its settings no server switches (RFC 7540 §3.2.1).
				if strings.Contains(h, "AAMAAABkAARAAAAA") {
					t.Errorf("h2c can be spoken to the upstream: %q", h)
				}
				noneForged(t, r)
			})
		}
	}
}

// forgedHops are an untrusted peer's words about hops before it.
var forgedHops = []string{"X-Forwarded-For: 203.0.113.9", "x-forwarded-for: 203.0.113.9", "X-Real-IP: 203.0.113.9", "Forwarded: for=203.0.113.9;host=evil.example",
	"X-Forwarded-Host: evil.example", "X-Forwarded-Proto: https", "X_Forwarded_For: 203.0.113.9", "X_Real_IP: 203.0.113.9", "X-Forwarded-Prefix: /evil", "X-Forwarded-Uri: /evil",
	"X-Forwarded-Port: 9", "X-Forwarded-User: evil"}

func TestAttack02ForwardedHeadersOfAPlainRequestChangeNothing(t *testing.T) {
	for _, mode := range []authz.Mode{authz.Enforce, authz.Observe, authz.Off} {
		t.Run(mode.String(), func(t *testing.T) {
			r := newRig(t, opaque)
			r.policy.set(mode, 100)
			lines := strings.Join(append(forgedHops, bearer(r.good("ada"))), "\r\n")
			if code, _ := r.dial().send("GET /p HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n\r\n").status(); code != 200 {
				t.Fatalf("plain: %d", code)
			}
			r.open("/sync", append(forgedHops, bearer(r.good("ada")))...)
			for _, h := range r.legacy.allHeads(t, 2) {
				if strings.Contains(h, "203.0.113.9") || strings.Contains(h, "evil") {
					t.Errorf("a forged hop went upstream: %q", h)
				}
				if field(h, "X-Forwarded-For") != "127.0.0.1" || field(h, "X-Forwarded-Proto") != "http" || strings.Count(strings.ToLower(h), "x-forwarded-for") != 1 {
					t.Errorf("head %q", h)
				}
			}
		})
	}
}

// What is counted by address (here the share of users enforced) is counted by
// the peer's own, whatever it writes into a header.
func TestAttack02AForgedAddressDoesNotChangeWhatIsCountedByAddress(t *testing.T) {
	own, forged, percent := "127.0.0.1", "", 0
	admits := func(address string) bool {
		p := authz.Policy{EnforcePercent: percent, AnonymousUserID: "anonymous"}
		d, _ := p.Apply(authz.Refuse(authz.AuthRequired, authz.ReasonNoToken), address)
		return d.Allow
	}
	for admits(own) {
		percent++
	}
	for i := 1; forged == "" || !admits(forged); i++ {
		forged = fmt.Sprintf("203.0.%d.%d", i/256, i%256)
	}
	ask := func(r *rig) (upgrade, plain int, seen string) {
		r.policy.set(authz.Enforce, percent)
		upgrade, _ = r.dial().send(head("/sync", "X-Forwarded-For: "+forged, "X-Real-IP: "+forged)).status()
		plain, _ = r.dial().send("GET /p HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: " + forged + "\r\nForwarded: for=" + forged + "\r\n\r\n").status()
		return upgrade, plain, r.seen.last(t).RemoteIP
	}
	if upgrade, plain, from := ask(newRig(t, opaque)); upgrade != 401 || plain != 401 || from != own {
		t.Errorf("untrusted: %d, %d, counted for %s", upgrade, plain, from)
	}
	trusting := newRig(t, opaque, func(c *proxy.Config) { c.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	if upgrade, plain, from := ask(trusting); upgrade != 101 || plain != 200 || from != forged {
		t.Errorf("trusted: %d, %d, counted for %s: the test proves nothing", upgrade, plain, from)
	}
}

func TestAttack02NoHeaderMakesAPathPublic(t *testing.T) {
	r := newRig(t, opaque, func(c *proxy.Config) { c.PublicPaths = []string{"/public/**"} })
	for _, name := range []string{"X-Forwarded-Uri", "X-Forwarded-Path", "X-Forwarded-Prefix", "X-Original-URL", "X-Original-URI", "X-Rewrite-URL", "X-HTTP-Method-Override"} {
		for _, method := range []string{"GET", "POST"} {
			if code, _ := r.dial().send(method + " /private HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n" + name + ": /public/x\r\n\r\n").status(); code != 401 {
				t.Errorf("%s with %s: %d", method, name, code)
			}
		}
	}
	r.legacy.untouched(t)
}
