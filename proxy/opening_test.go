package proxy_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/proxy"
)

// hocus has the rig speak hocuspocus.
func hocus(c *proxy.Config) {
	c.Protocol, c.Sources = hocuspocus.New(hocuspocus.Options{}), []proxy.Source{proxy.SourceFrame, proxy.SourceHeader}
}

// auth opens a document, update changes it.
func auth(doc, token string) string {
	return string(varString(doc)) + "\x02\x00" + string(varString(token)) + "\x054.8.0"
}
func update(doc string) string { return string(varString(doc)) + "\x00\x02\x02\x00\x00" }

func varString(s string) (b []byte) {
	n := len(s)
	for ; n > 127; n >>= 7 {
		b = append(b, byte(n)|128)
	}
	return append(append(b, byte(n)), s...)
}

func (c *conn) binary(s string) *conn { c.t.Helper(); return c.frame(true, framing.Binary, s) }

// wantBinary wants the legacy server's answer to what it got.
func (c *conn) wantBinary(s string) *conn {
	c.t.Helper()
	if g := c.read(); g.Opcode != framing.Binary || g.payload != s {
		c.t.Fatalf("got opcode %d %q, want binary %q", g.Opcode, g.payload, s)
	}
	return c
}

// opens opens a document and wants the upstream to have seen that without its
// token.
func (c *conn) opens(doc, token string) *conn {
	c.t.Helper()
	return c.binary(auth(doc, token)).wantBinary("ack:" + auth(doc, ""))
}

// wantDenied wants to hear of a document in the client's own words, and then
// the close.
func (c *conn) wantDenied(doc string, number int, code string) {
	c.t.Helper()
	c.wantBinary(string(varString(doc))+"\x02\x01"+string(varString(code))).wantClose(number, code)
}

func TestEveryDocumentIsOpenedByAToken(t *testing.T) {
	r := newRig(t, hocus)
	c := r.open("/").opens("a", r.good("ada"))
	c.binary(update("a")).wantBinary("ack:" + update("a"))
	c.opens("b", r.good("ada")).binary(update("b")).wantBinary("ack:" + update("b"))
	c.opens("b\x00session", r.good("ada"))
	c.binary("\x0a").wantBinary("ack:\x0a")
}

func TestRefusalsOfDocuments(t *testing.T) {
	r := newRig(t, hocus)
	expired := r.token("ada", -50*time.Hour, -25*time.Hour)
	first := map[string]struct {
		msg, code string
		number    int
	}{
		"no token":         {auth("a", ""), "AUTH_REQUIRED", 4401},
		"no auth message":  {update("a"), "AUTH_REQUIRED", 4401},
		"a bad token":      {auth("a", "x.y.z"), "TOKEN_INVALID", 4401},
		"an expired token": {auth("a", expired), "TOKEN_EXPIRED", 4401},
	}
	for name, c := range first {
		t.Run("first/"+name, func(t *testing.T) {
			r.open("/").binary(c.msg).wantDenied("a", c.number, c.code)
		})
	}
	dials := r.legacy.accepted()
	if dials != 0 {
		t.Errorf("the upstream was dialled %d times", dials)
	}
	for name, c := range map[string]struct {
		msg, code string
		number    int
	}{
		"another user":                   {auth("b", r.good("eve")), "FORBIDDEN", 4403},
		"another user for an open one":   {auth("b", r.good("eve")), "FORBIDDEN", 4403},
		"no token":                       {auth("b", ""), "AUTH_REQUIRED", 4401},
		"a bad token":                    {auth("b", "x.y.z"), "TOKEN_INVALID", 4401},
		"an expired token":               {auth("b", expired), "TOKEN_EXPIRED", 4401},
		"a message without an opening":   {update("b"), "FORBIDDEN", 4403},
		"as a text message":              {update("b"), "FORBIDDEN", 4403},
		"an open one's name, and a NUL":  {update("a\x00s"), "FORBIDDEN", 4403},
		"a query without an opening":     {string(varString("b")) + "\x03", "FORBIDDEN", 4403},
		"the end of one that is not one": {string(varString("b")) + "\x07", "FORBIDDEN", 4403},
	} {
		t.Run("later/"+name, func(t *testing.T) {
			doc := "b"
			op := framing.Binary
			switch name {
			case "an open one's name, and a NUL":
				doc = "a\x00s"
			case "as a text message":
				op = framing.Text
			case "another user for an open one":
				doc, c.msg = "a", auth("a", r.good("eve"))
			}
			r.open("/").opens("a", r.good("ada")).frame(true, op, c.msg).wantDenied(doc, c.number, c.code)
		})
	}
	for name, msg := range map[string]string{"cut short": "\x05a", "auth of a server": "\x01a\x02\x01\x00", "spelled too long": "\x01a\x82\x00\x00\x00"} {
		t.Run("unreadable/"+name, func(t *testing.T) {
			r.open("/").binary(msg).wantClose(4400, "BAD_FRAME")
			r.open("/").opens("a", r.good("ada")).binary(msg).wantClose(4400, "BAD_FRAME")
		})
	}
	if strings.Contains(r.legacy.everything(), "eve") {
		t.Error("something of another user went upstream")
	}
}

// accepted tells how often the upstream was dialled, everything what it got.
func (l *legacy) accepted() int { l.mu.Lock(); defer l.mu.Unlock(); return l.accepts }
func (l *legacy) everything() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.heads, "") + fmt.Sprint(l.frames)
}

// A token sent once more for an open document is judged, and a bad one changes
// nothing.
func TestATokenOnceMore(t *testing.T) {
	r := newRig(t, hocus)
	c := r.open("/").opens("a", r.good("ada"))
	c.opens("a", "x.y.z").opens("a", "").binary(update("a")).wantBinary("ack:" + update("a"))
	c.opens("a", r.token("ada", time.Second, 2*time.Hour)).binary(update("a")).wantBinary("ack:" + update("a"))
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	if got := fmt.Sprint(r.seen.refresh); got != "[refused refused ok]" {
		t.Errorf("refreshes %s", got)
	}
}

func TestTheRequestsTokenOpensDocumentsWithoutOne(t *testing.T) {
	r := newRig(t, hocus)
	header := "Authorization: Bearer " + r.good("ada")
	r.open("/", header).opens("a", "").opens("b", "").opens("c", r.good("ada"))
	r.open("/", header).opens("a", "").binary(auth("b", r.good("eve"))).wantDenied("b", 4403, "FORBIDDEN")
	r.open("/", header).binary(update("a")).wantDenied("a", 4403, "FORBIDDEN")
	r.open("/", header).binary(auth("a", r.good("eve"))).wantDenied("a", 4403, "FORBIDDEN")

	c := r.open("/", header).opens("a", "")
	c.frame(false, framing.Binary, update("b")[:3]).frame(true, framing.Continuation, update("b")[3:]).wantDenied("b", 4403, "FORBIDDEN")

	without := newRig(t, hocus, func(c *proxy.Config) { c.Sources = []proxy.Source{proxy.SourceHeader} })
	without.open("/", header).opens("a", "").binary(update("a")).wantBinary("ack:" + update("a"))
	without.open("/", header).binary(update("a")).wantDenied("a", 4403, "FORBIDDEN")
	without.open("/", header).binary(auth("a", r.good("eve"))).wantDenied("a", 4403, "FORBIDDEN")
}

func TestDocumentsOutsideTheClaimAreRefused(t *testing.T) {
	r := boundTo(t, hocus)
	r.open("/").binary(auth("c", r.of([]string{"a", "b"}))).wantDenied("c", 4403, "FORBIDDEN")
	r.open("/").binary(auth("", r.of([]string{"a", ""}))).wantDenied("", 4403, "FORBIDDEN")
	both := r.of([]string{"a", "b"})
	c := r.open("/").opens("a", both).opens("b", both).opens("b\x00s", both)
	c.binary(auth("c", both)).wantDenied("c", 4403, "FORBIDDEN")
	// One token for each document is as good.
	c = r.open("/").opens("a", r.of("a")).opens("b", r.of("b"))
	c.binary(update("a")).wantBinary("ack:" + update("a"))
	c.binary(auth("b2", r.of("b"))).wantDenied("b2", 4403, "FORBIDDEN")
}

// A connection ends when the first of the tokens does that something is open
// under; a newer one stands for what it covers, and for nothing else.
func TestTheFirstTokenToEndEndsTheConnection(t *testing.T) {
	r := boundTo(t, hocus)
	until := func(stores any, issued, grace time.Duration) string {
		return r.claims(jwt.MapClaims{"sub": "ada", "stores": stores, "iat": time.Now().Add(issued).Unix(), "exp": time.Now().Add(grace - time.Hour).Unix()})
	}
	ending := until("b", -3*time.Hour, 5*time.Second)
	c := r.open("/").opens("a", r.of("a")).opens("b", ending)
	c.opens("a", r.of("a", 30*time.Second)) // does not cover b
	c.wantClose(4401, "TOKEN_EXPIRED")

	saved := r.open("/").opens("a", r.of("a")).opens("b", until("b", -3*time.Hour, 10*time.Minute))
	saved.opens("a", r.of([]string{"a", "b"}, 30*time.Second)) // covers both
	eventually(t, "the end that the newer token brings", func() bool { return !endsWithin(r, 30*time.Minute) })
	saved.binary(update("b")).wantBinary("ack:" + update("b"))
}

// endsWithin tells whether one of ada's connections ends so soon: an hour of
// grace behind its token's expiry.
func endsWithin(r *rig, d time.Duration) bool {
	for _, l := range r.server.Live("ada") {
		if time.Until(l.ExpiresAt.Add(time.Hour)) < d {
			return true
		}
	}
	return false
}

func TestObserveLetsDocumentsPassAndCounts(t *testing.T) {
	r := newRig(t, hocus)
	r.policy.set(authz.Observe, 100)
	c := r.open("/").opens("a", r.good("ada")).opens("b", r.good("eve")).opens("c", "x.y.z")
	c.binary(update("d")).wantBinary("ack:" + update("d"))
	r.open("/").opens("a", "x.y.z").opens("b", r.good("ada"))
	r.open("/").binary(update("a")).wantBinary("ack:"+update("a")).opens("b", "x.y.z")
	var observed []authz.Code
	for _, at := range r.seen.wait(t, 7) {
		observed = append(observed, at.Observed)
	}
	if want := []authz.Code{"", "FORBIDDEN", "TOKEN_INVALID", "TOKEN_INVALID", "", "AUTH_REQUIRED", ""}; !slices.Equal(observed, want) {
		t.Errorf("of attempts %q", observed)
	}
	r.seen.mu.Lock()
	defer r.seen.mu.Unlock()
	if got := fmt.Sprint(r.seen.observed); got != "[FORBIDDEN]" { // of a message
		t.Errorf("observed %s", got)
	}
}

// What one connection may open is bounded, by number and by length.
func TestOneConnectionOpensSoManyDocuments(t *testing.T) {
	r := newRig(t, hocus)
	c, token := r.open("/").opens("0", r.good("ada")), r.good("ada")
	for i := 1; i < 1024; i++ {
		c.opens(fmt.Sprint(i), token)
	}
	c.opens("7", token).binary(auth("1024", token)).wantClose(4429, "RATE_LIMITED")
	long := strings.Repeat("x", 1025)
	r.open("/").binary(auth(long, token)).wantClose(4400, "BAD_FRAME")
	r.open("/").opens("0", token).binary(auth(long, token)).wantClose(4400, "BAD_FRAME")
	r.open("/").opens(long[:1024], token)
}

// Each token that something is open under can end the connection, and so can
// one that is revoked while it is judged.
func TestARevokedTokenOfOneDocumentEndsTheConnection(t *testing.T) {
	v := &revoker{users: map[string]time.Time{}, tokens: map[string]bool{}}
	r := boundTo(t, hocus, func(c *proxy.Config) { c.Revocations = v })
	named := func(doc string) string {
		return r.claims(jwt.MapClaims{"sub": "ada", "jti": "of-" + doc, "stores": doc,
			"iat": time.Now().Add(-time.Minute).Unix(), "exp": time.Now().Add(time.Hour).Unix()})
	}
	for _, doc := range []string{"a", "b"} {
		c := r.open("/").opens("a", named("a")).opens("b", named("b"))
		v.mu.Lock()
		v.tokens["of-"+doc] = true
		v.mu.Unlock()
		r.server.Revoked("ada")
		c.wantClose(4403, "SESSION_REVOKED")
		v.mu.Lock()
		v.tokens = map[string]bool{}
		v.mu.Unlock()
	}
	c := r.open("/").opens("a", named("a"))
	v.mu.Lock()
	v.after = func(d authz.Decision) { v.tokens[d.TokenID] = d.TokenID == "of-b" } // behind the answer that lets it in
	v.mu.Unlock()
	c.binary(auth("b", named("b"))).wantClose(4403, "SESSION_REVOKED")
}

// An auth.refresh stands for every open document, or for none.
func TestARefreshCoversAllOpenDocuments(t *testing.T) {
	r := boundTo(t, hocus)
	c := r.open("/", "Sec-WebSocket-Protocol: syncward.v1").binary(auth("a", r.of([]string{"a", "b"})))
	c.hear("auth.ok")
	c.wantBinary("ack:" + auth("a", ""))
	c.opens("b", r.of([]string{"a", "b"}))
	c.text(refreshMessage(r.of("a", time.Minute)))
	if m := c.hear("auth.error"); m.Code != "FORBIDDEN" {
		t.Fatalf("a token for one of two documents: %+v", m)
	}
	c.wantClose(4403, "FORBIDDEN")

	ending := r.claims(jwt.MapClaims{"sub": "ada", "stores": []string{"a"},
		"iat": time.Now().Add(-3 * time.Hour).Unix(), "exp": time.Now().Add(10*time.Minute - time.Hour).Unix()})
	c = r.open("/", "Sec-WebSocket-Protocol: syncward.v1").binary(auth("a", ending))
	c.hear("auth.ok")
	c.hear("auth.warning")
	c.wantBinary("ack:" + auth("a", ""))
	c.text(refreshMessage(r.of([]string{"a", "b"})))
	c.hear("auth.ok")
	c.opens("b", r.of("b", 20*time.Second)) // the first to end is found anew
	if endsWithin(r, 30*time.Minute) {
		t.Error("the old token is still in force")
	}
}
