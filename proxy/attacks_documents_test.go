package proxy_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing"
	"github.com/syncward/syncward/framing/hocuspocus"
	"github.com/syncward/syncward/proxy"
)

func TestAttack36NamesThatTwoReadersReadDifferently(t *testing.T) {
	r := newRig(t, hocus)
	token := r.good("ada")
	behind := "\x02\x00" + string(varString(token))
	long := strings.Repeat("x", 1025)
	for name, msg := range map[string]string{
		"a length in two bytes":              "\x81\x00b" + behind,
		"a length in eight":                  "\x81\x80\x80\x80\x80\x80\x80\x00b" + behind,
		"a length of more than 64 bits":      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7fb" + behind,
		"a length beyond the message":        "\xff\x7fb" + behind,
		"no UTF-8":                           "\x02b\xff" + behind,
		"a byte order mark":                  "\x04\xef\xbb\xbfb" + behind,
		"half a surrogate pair":              "\x03\xed\xa0\x80" + behind,
		"auth in two bytes":                  "\x01b\x82\x00\x00" + string(varString(token)),
		"a token's length in three bytes":    "\x01b\x02\x00\x80\x80\x00",
		"another auth message behind it":     "\x01b" + behind + "\x01c" + behind,
		"the same behind its version":        "\x01b" + behind + "\x054.8.0\x01c" + behind,
		"the server's own consent":           "\x01b\x02\x02\x04read",
		"the server's own refusal":           "\x01b\x02\x01\x02no",
		"a long name":                        string(varString(long)) + behind,
		"a long session behind a short name": string(varString("b\x00"+long)) + behind,
	} {
		t.Run(name, func(t *testing.T) {
			for _, op := range []framing.Opcode{framing.Binary, framing.Text} {
				first := r.open("/").frame(true, op, msg)
				first.t = t
				first.wantClose(4400, "BAD_FRAME")
				later := r.open("/").opens("a", token).frame(true, op, msg)
				later.t = t
				later.wantClose(4400, "BAD_FRAME")
			}
		})
	}
	noneOf(t, "what the upstream got", r.legacy.bytes(), token)
}

// A name that nobody opened is not told again at its full length, nor kept.
func TestAttack36AnEndlessNameIsNoEcho(t *testing.T) {
	r := newRig(t, hocus)
	c := r.open("/").opens("a", r.good("ada"))
	c.binary(string(varString(strings.Repeat("x", 1<<20))) + "\x00")
	if g := c.read(); g.Opcode != framing.CloseFrame {
		t.Fatalf("opcode %d and %d bytes ahead of the close", g.Opcode, len(g.payload))
	}
	observed := newRig(t, hocus)
	observed.policy.set(authz.Observe, 100)
	big := string(varString("b\x00"+strings.Repeat("x", 2000))) + "\x02\x00\x00"
	observed.open("/").opens("a", r.good("ada")).binary(big).wantBinary("ack:" + big)
}

func TestAttack36ADocumentIsOpenedInManyShapes(t *testing.T) {
	r := newRig(t, hocus)
	token := r.good("ada")
	for _, op := range []framing.Opcode{framing.Binary, framing.Text} {
		c := r.open("/")
		for _, doc := range []string{"a", "", "\x00", "b\x00\x00", "ключ ☕", "__proto__", "a/../b"} {
			msg, out := auth(doc, token), "ack:"+auth(doc, "")
			for i := range len(msg) {
				shape := framing.Continuation
				if i == 0 {
					shape = op
				}
				c.frame(i == len(msg)-1, shape, msg[i:i+1])
				if i == len(msg)/2 {
					c.frame(true, framing.Ping, "p")
					if g := c.read(); g.Opcode != framing.Pong {
						t.Fatalf("the ping was answered with %d %q", g.Opcode, g.payload)
					}
				}
			}
			if g := c.read(); g.Opcode != op || g.payload != out {
				t.Fatalf("%q: got opcode %d %q", doc, g.Opcode, g.payload)
			}
		}
	}
	noneOf(t, "what the upstream got", r.legacy.bytes(), token)
}

// What is open stays with the user and the token that opened it, also where it
// was closed meanwhile, or the server itself refused it.
func TestAttack36ADocumentIsOpenedAgain(t *testing.T) {
	r := newRig(t, hocus)
	closing := string(varString("a")) + "\x07"
	c := r.open("/").opens("a", r.good("ada")).binary(closing).wantBinary("ack:"+closing).opens("a", r.good("ada"))
	c.binary(closing).wantBinary("ack:"+closing).binary(auth("a", r.good("eve"))).wantDenied("a", 4403, "FORBIDDEN")

	_, no := hocuspocus.New(hocuspocus.Options{}).Denial("b", "permission-denied")
	s := newRig(t, hocus)
	s.legacy.greet = framing.AppendFrame(nil, true, framing.Binary, no, nil)
	c = s.open("/").binary(auth("a", r.good("ada"))).wantBinary(string(no)).wantBinary("ack:" + auth("a", ""))
	c.binary(update("b")).wantDenied("b", 4403, "FORBIDDEN") // a refusal of the server's opens nothing
	if strings.Contains(r.legacy.everything(), "eve") {
		t.Error("something of another user went upstream")
	}
}

// wait waits for n authentication attempts, and returns all there are.
func (s *seen) wait(t *testing.T, n int) []proxy.Attempt {
	t.Helper()
	eventually(t, fmt.Sprintf("%d attempts", n), func() bool { s.mu.Lock(); defer s.mu.Unlock(); return len(s.attempts) >= n })
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]proxy.Attempt{}, s.attempts...)
}

// Each document is an attempt of its own, told as the first one is.
func TestAttack36EveryDocumentIsAnAttempt(t *testing.T) {
	r := newRig(t, hocus)
	grace := r.token("ada", -2*time.Hour, -time.Hour)
	c := r.open("/").opens("a", r.good("ada")).opens("b\x00s", grace)
	c.opens("a", r.good("ada")).opens("b\x00s", "x.y.z") // open already: no attempt
	c.binary(auth("c", r.good("eve"))).wantDenied("c", 4403, "FORBIDDEN")
	r.open("/", bearer(r.good("bob"))).opens("d", "").opens("e", "").binary(auth("f", "x.y.z")).wantDenied("f", 4401, "TOKEN_INVALID")
	want := []string{
		"ada valid   frame a 0", "ada grace   frame b 1", "eve  FORBIDDEN  frame c 0",
		"bob valid   header d 0", "bob valid   header e 0", "  TOKEN_INVALID  frame f 0",
	}
	all := r.seen.wait(t, len(want))
	for i, at := range all {
		expired := 0
		if at.ExpiredFor > 0 {
			expired = 1
		}
		got := fmt.Sprint(at.UserID, " ", at.Status, " ", at.Code, " ", at.Observed, " ", at.Source, " ", at.InstanceID, " ", expired)
		if i >= len(want) || got != want[i] {
			t.Errorf("attempt %d: %q", i, got)
		}
		if at.ConnectionID == "" || at.RemoteIP != "127.0.0.1" || at.Mode != authz.Enforce || at.Quiet || i > 0 && i < 3 && at.ConnectionID != all[0].ConnectionID {
			t.Errorf("attempt %d: %+v", i, at)
		}
	}
	noneOf(t, "what hooks were told", r.seen.everything(), grace)
}

// What is only observed is told too, but not without end: not for a connection
// that opens and opens.
func TestAttack36WhatObserveLetsInIsToldAndBounded(t *testing.T) {
	r := newRig(t, hocus)
	r.policy.set(authz.Observe, 100)
	token := r.good("ada")
	c := r.open("/").opens("0", token)
	c.opens("1", "x.y.z").opens("1", "x.y.z")
	for i := 2; i < 1030; i++ {
		c.opens(fmt.Sprint(i), token)
	}
	all := r.seen.wait(t, 1030)
	if at := all[1]; at.Observed != authz.TokenInvalid || at.Status != authz.Anonymous || at.Code != "" || at.Quiet {
		t.Errorf("a bad token: %+v", at)
	}
	for i, at := range all {
		if at.Quiet != (i >= 1024) || at.Quiet != (at.Observed == authz.RateLimited) {
			t.Fatalf("document %d: %+v", i, at)
		}
	}
	anonymous := r.open("/").opens("a", "x.y.z").opens("b", token)
	anonymous.binary(update("b")).wantBinary("ack:" + update("b"))
	if at := r.seen.wait(t, 1032)[1031]; at.Status != authz.Anonymous || at.UserID != "" || at.Source != proxy.SourceNone || at.Observed != "" {
		t.Errorf("an anonymous client's second document: %+v", at)
	}
}

// Whoever guesses behind a good token guesses no more often than others.
func TestAttack36GuessesBehindAGoodTokenAreCounted(t *testing.T) {
	r := newRig(t, hocus, func(c *proxy.Config) { c.FailuresPerMinute = 3 })
	for i := range 6 {
		c := r.open("/").opens("a", r.good("ada")).binary(auth("b", fmt.Sprintf("x.y.z%d", i)))
		if i < 3 {
			c.wantDenied("b", 4401, "TOKEN_INVALID")
			continue
		}
		c.wantClose(4429, "RATE_LIMITED")
		if at := r.seen.last(t); !at.Quiet || at.Code != authz.RateLimited {
			t.Errorf("%+v", at)
		}
	}
	r.open("/").opens("a", r.good("ada")).opens("b", r.good("ada"))
}

func TestAttack37AnUnverifiedConnectionOfModeOffGoesWithTheFlip(t *testing.T) {
	for name, row := range map[string]struct {
		with  func(*proxy.Config)
		first string
		code  int
	}{
		"graphql-ws": {graphQL, initWith("x.y.z"), 4403}, "hocuspocus": {hocus, auth("a", "x.y.z"), 4401},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, row.with, atOnce)
			r.policy.set(authz.Off, 100)
			c := r.open("/").binary(row.first).wantBinary("ack:" + row.first) // token and all
			r.flip(authz.Observe)
			c.binary(row.first).wantBinary("ack:" + row.first)
			r.flip(authz.Enforce)
			c.wantClose(row.code, "AUTH_REQUIRED")
		})
	}
}

func TestAttack37AVerifiedConnectionLivesThroughEveryFlip(t *testing.T) {
	r := newRig(t, graphQL, atOnce)
	g := r.open("/").text(initWith(r.good("ada")))
	g.wantText(`ack:{"type":"connection_init","payload":{}}`)
	h := newRig(t, hocus, atOnce)
	c := h.open("/").opens("0", h.good("ada"))
	for i, mode := range []authz.Mode{authz.Observe, authz.Off, authz.Enforce, authz.Off, authz.Observe, authz.Enforce} {
		r.flip(mode)
		h.flip(mode)
		g.text(initWith(r.good("ada"))).wantText(`ack:{"type":"connection_init","payload":{}}`)
		c.opens(fmt.Sprint(i+1), h.good("ada")).binary(update("0")).wantBinary("ack:" + update("0"))
	}
	if n := len(h.seen.wait(t, 5)); n != 5 { // two of the seven documents in mode off
		t.Errorf("%d attempts", n)
	}
}

// What a verified connection got while nothing was enforced, and would not have
// got, it does not keep.
func TestAttack37WhatWasLetPassGoesWithTheFlip(t *testing.T) {
	for name, stray := range map[string]func(r *rig, c *conn){
		"a document outside the claim": func(r *rig, c *conn) { c.opens("b", r.of("a")) },
		"another user's document": func(r *rig, c *conn) {
			c.opens("b", r.claims(jwt.MapClaims{"sub": "eve", "stores": "b", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}))
		},
		"a document that was not opened": func(_ *rig, c *conn) { c.binary(update("b")).wantBinary("ack:" + update("b")) },
		"a message in another spelling": func(_ *rig, c *conn) {
			c.binary("\x81\x00b\x02\x00\x00").wantBinary("ack:\x81\x00b\x02\x00\x00")
		},
	} {
		for _, mode := range []authz.Mode{authz.Observe, authz.Off} {
			t.Run(fmt.Sprint(name, " under ", mode), func(t *testing.T) {
				r := boundTo(t, hocus, atOnce)
				c := r.open("/").opens("a", r.of("a"))
				r.flip(mode)
				stray(r, c)
				r.flip(authz.Enforce)
				c.wantClose(4401, "AUTH_REQUIRED")
			})
		}
	}
	t.Run("a document let in for a share of the users", func(t *testing.T) {
		r := newRig(t, hocus, atOnce)
		r.policy.set(authz.Enforce, 50)
		enforced, observed := bothSides(r.policy.get())
		r.open("/").opens("a", r.good(enforced)).binary(auth("b", r.good(observed))).wantDenied("b", 4403, "FORBIDDEN")
		c := r.open("/").opens("a", r.good(observed)).opens("b", r.good(enforced))
		r.policy.set(authz.Enforce, 100)
		r.server.PolicyChanged()
		c.wantClose(4401, "AUTH_REQUIRED")
	})
	t.Run("a session that was revoked", func(t *testing.T) {
		v := &revoker{users: map[string]time.Time{}, tokens: map[string]bool{}}
		r := newRig(t, hocus, atOnce, func(c *proxy.Config) { c.Revocations = v })
		r.policy.set(authz.Observe, 100)
		c := r.open("/").opens("a", r.good("ada"))
		v.mu.Lock()
		v.users["ada"] = time.Now()
		v.mu.Unlock()
		r.server.Revoked("ada")
		c.binary(update("a")).wantBinary("ack:" + update("a"))
		r.flip(authz.Enforce)
		c.wantClose(4403, "SESSION_REVOKED")
	})
}
