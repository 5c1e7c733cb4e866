package hocuspocus_test

import (
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/e2e/internal/rig"
)

func good(t *testing.T, user string) string { return rig.Token(t, user, time.Hour, nil) }

func eachVersion(t *testing.T, run func(t *testing.T, version string)) {
	rig.Require(t)
	for _, version := range []string{"2", "3", "4"} {
		t.Run("version "+version, func(t *testing.T) { run(t, version) })
	}
}

func TestTwoUsersShareADocument(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		s := newSetting(t, version)
		alice, bob := good(t, "alice"), rig.Token(t, "bob", -time.Hour, nil) // in grace
		a, b := s.client(t), s.client(t)
		a.open(t, "notes", alice)
		a.syncs(t, "notes")
		s.sawAs(t, "notes", "alice", "valid")
		b.open(t, "notes", bob)
		b.syncs(t, "notes")
		s.sawAs(t, "notes", "bob", "grace")
		a.set(t, "notes", "k", "from alice")
		b.sees(t, "notes", "k", "from alice")
		b.set(t, "notes", "k", "from bob")
		a.sees(t, "notes", "k", "from bob")
		// A second document on the same socket, opened by a token of its own.
		a.open(t, "plans", good(t, "alice"))
		a.syncs(t, "plans")
		s.sawAs(t, "plans", "alice", "valid")
		a.set(t, "plans", "k", "1")
		b.open(t, "plans", bob)
		b.sees(t, "plans", "k", "1")
		if n := strings.Count(a.Output(), `"opened"`); n != 1 {
			t.Errorf("two documents took %d sockets", n)
		}
		s.noTokenSeen(t, alice, bob)
	})
}

// A token that can be mended is asked for again: the provider reconnects, and
// is in with the next one.
func TestTheProviderComesBackWithAnotherToken(t *testing.T) {
	rig.Require(t)
	wrong := rig.Sign(t, "not-the-secret-of-the-tests-0123456789", jwt.MapClaims{
		"sub": "mallory", "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}, nil)
	for _, version := range []string{"3", "4"} {
		t.Run("version "+version, func(t *testing.T) {
			s := newSetting(t, version)
			c := s.client(t)
			expired := rig.Token(t, "alice", -25*time.Hour, nil)
			c.open(t, "notes", "", wrong, expired, good(t, "alice"))
			for _, code := range []string{"AUTH_REQUIRED", "TOKEN_INVALID", "TOKEN_EXPIRED"} {
				c.fails(t, "notes", code)
				c.closes(t, 4401, code)
			}
			c.syncs(t, "notes")
			s.sawAs(t, "notes", "alice", "valid")
			s.noTokenSeen(t, wrong, expired)
		})
	}
}

// Provider 2 stays away after 4401 and 4403, though it would have a better token.
func TestProvider2StaysAway(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "2", "JWT_INSTANCES_CLAIM=docs")
	other := rig.Token(t, "alice", time.Hour, map[string]any{"docs": "plans"})
	better := rig.Token(t, "alice", time.Hour, map[string]any{"docs": "notes"})
	invalid, forbidden := s.client(t), s.client(t)
	invalid.open(t, "notes", "x.y.z", better)
	invalid.fails(t, "notes", "TOKEN_INVALID")
	invalid.closes(t, 4401, "TOKEN_INVALID")
	forbidden.open(t, "notes", other, better)
	forbidden.fails(t, "notes", "FORBIDDEN")
	forbidden.closes(t, 4403, "FORBIDDEN")
	time.Sleep(3 * time.Second) // a second socket would come after 1 s; that none comes has no event
	for _, c := range []*program{invalid, forbidden} {
		if n := strings.Count(c.Output(), `"opened"`); n != 1 {
			t.Errorf("it opened %d sockets", n)
		}
	}
}

// One socket is one user's, and a document outside the claim is nobody's: the
// denial names it, the socket closes, and the application that takes that
// document away has the others back.
func TestADeniedDocumentTakesTheOthersDownOnce(t *testing.T) {
	rig.Require(t)
	for _, version := range []string{"3", "4"} {
		for name, second := range map[string]string{
			"another user":      rig.Token(t, "eve", time.Hour, map[string]any{"docs": []string{"notes", "plans"}}),
			"outside the claim": rig.Token(t, "alice", time.Hour, map[string]any{"docs": []string{"notes"}}),
		} {
			t.Run("version "+version+"/"+name, func(t *testing.T) {
				s := newSetting(t, version, "JWT_INSTANCES_CLAIM=docs")
				c := s.client(t)
				c.open(t, "notes", rig.Token(t, "alice", time.Hour, map[string]any{"docs": "notes"}))
				c.syncs(t, "notes")
				c.tell(t, map[string]any{"open": "plans", "tokens": []string{second}, "stopAt": []string{"FORBIDDEN"}})
				c.fails(t, "plans", "FORBIDDEN")
				c.closes(t, 4403, "FORBIDDEN")
				c.syncs(t, "notes") // on the next socket, alone
				c.set(t, "notes", "k", "still here")
				if n := strings.Count(c.Output(), `"opened"`); n != 2 {
					t.Errorf("it opened %d sockets, want 2", n)
				}
				if strings.Contains(s.server.Output(), `"connected":"plans"`) {
					t.Error("the server opened the document")
				}
				s.noTokenSeen(t, second)
			})
		}
	}
}

// Without that the provider comes back for ever, about once a second.
func TestAnApplicationThatIgnoresADenialComesBack(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "4")
	c := s.client(t)
	c.open(t, "notes", "x.y.z")
	for range 3 {
		c.fails(t, "notes", "TOKEN_INVALID")
		c.closes(t, 4401, "TOKEN_INVALID")
	}
}

func TestATokenIsRenewedOnTheOpenSocket(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "4", "JWT_GRACE_PERIOD=0s")
	c := s.client(t)
	first, second := rig.Token(t, "alice", 6*time.Second, nil), good(t, "alice")
	c.open(t, "notes", first, second)
	c.syncs(t, "notes")
	c.tell(t, map[string]any{"sendToken": "notes"})
	rig.Eventually(t, "a refresh", func() bool {
		return strings.Contains(s.side.Get(t, "/metrics"), `syncward_token_refreshes_total{how="in-band",result="ok"} 1`)
	})
	time.Sleep(7 * time.Second) // beyond the first token's end
	c.set(t, "notes", "k", "1")
	other := s.client(t)
	other.open(t, "notes", second)
	other.sees(t, "notes", "k", "1")
	if strings.Contains(c.Output(), `"close"`) {
		t.Error("the socket was closed")
	}
	s.noTokenSeen(t, first, second)
}

// At the end of the last token the socket closes, and the provider comes back
// with the next.
func TestAReconnectBringsTheNextToken(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "4", "JWT_GRACE_PERIOD=0s")
	c := s.client(t)
	c.open(t, "notes", rig.Token(t, "alice", 4*time.Second, nil), good(t, "alice"))
	c.syncs(t, "notes")
	c.closes(t, 4401, "TOKEN_EXPIRED")
	c.syncs(t, "notes")
}

// Two providers for one document on one socket: version 4 tells them apart by a
// session behind the name.
func TestSessionsOfOneDocument(t *testing.T) {
	rig.Require(t)
	s := newSetting(t, "4", "JWT_INSTANCES_CLAIM=docs")
	token := rig.Token(t, "alice", time.Hour, map[string]any{"docs": "notes"})
	c := s.client(t)
	c.tell(t, map[string]any{"open": "notes", "tokens": []string{token}, "session": true})
	c.syncs(t, "notes")
	c.tell(t, map[string]any{"open": "notes", "tokens": []string{token}, "session": true})
	c.syncs(t, "notes")
	c.set(t, "notes", "k", "1")
	if n := strings.Count(c.Output(), `"opened"`); n != 1 {
		t.Errorf("it opened %d sockets", n)
	}
	s.noTokenSeen(t, token)
}

// A server with a token of its own gets that one, for every document.
func TestTheServersOwnTokenTakesThePlace(t *testing.T) {
	eachVersion(t, func(t *testing.T, version string) {
		s := newSetting(t, version, "SERVER_TOKEN=of-the-server", "UPSTREAM_AUTH_TOKEN=of-the-server")
		token := good(t, "alice")
		c := s.client(t)
		c.open(t, "notes", token)
		c.syncs(t, "notes")
		c.open(t, "plans", token)
		c.syncs(t, "plans")
		for range 2 {
			s.server.next(t, "the server's own token", func(e event) bool { return is(e.Token, "of-the-server") })
		}
		s.noTokenSeen(t, token)
	})
}
