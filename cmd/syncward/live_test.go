package main

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
)

func newTestLive(t *testing.T, more ...string) *live {
	t.Helper()
	c, r := load(minimal(more...))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	l, err := newLive(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func tokenBy(t *testing.T, secret string) string {
	t.Helper()
	now := time.Now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "u1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestANewSecretIsInForceForTheVerifierThatRuns(t *testing.T) {
	l := newTestLive(t)
	v, err := l.verifier()
	if err != nil {
		t.Fatal(err)
	}
	check := func(secret string, want bool) {
		t.Helper()
		if d := v.Decide(context.Background(), tokenBy(t, secret)); d.Allow != want {
			t.Errorf("allowed %t (%s), want %t", d.Allow, d.Reason, want)
		}
	}
	check(goodSecret, true)
	check(otherSecret, false)
	if err := l.setSecret("JWT_SECRET", []byte(otherSecret)); err != nil {
		t.Fatal(err)
	}
	check(goodSecret, false)
	check(otherSecret, true)
	if err := l.setSecret("JWT_SECRET", []byte("short")); err == nil {
		t.Error("a short secret was taken")
	}
	check(otherSecret, true)
}

func TestAKeyThatServesTwoPurposesIsRefusedLiveToo(t *testing.T) {
	l := newTestLive(t, "IDENTITY_KEY="+otherSecret)
	before := l.signer.Load()
	err := l.setSecret("JWT_SECRET", []byte(otherSecret))
	if err == nil || !strings.Contains(err.Error(), "IDENTITY_KEY equals a JWT secret") {
		t.Errorf("a JWT secret that equals the identity key: %v", err)
	}
	if err := l.setSecret("IDENTITY_KEY", []byte(goodSecret)); err != errIsJWT {
		t.Errorf("an identity key that equals the JWT secret: %v", err)
	}
	if l.signer.Load() != before {
		t.Error("the signer changed all the same")
	}
}

func TestANewIdentityKeySigns(t *testing.T) {
	l := newTestLive(t)
	before := l.signer.Load().KeyID()
	if !bytes.Contains(l.jwks(), []byte(before)) {
		t.Errorf("JWKS %s has no key %s", l.jwks(), before)
	}
	if err := l.setSecret("IDENTITY_KEY", []byte(otherSecret)); err != nil {
		t.Fatal(err)
	}
	if l.signer.Load().KeyID() == before || bytes.Contains(l.jwks(), []byte(l.signer.Load().KeyID())) {
		t.Errorf("key %s, JWKS %s: want another key, and no HMAC key in the JWKS", l.signer.Load().KeyID(), l.jwks())
	}
}

func TestAFlipToEnforceNeedsAKey(t *testing.T) {
	c, r := load(pick([]string{"UPSTREAM_URL=http://h", "AUTH_MODE=observe"}))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	l, err := newLive(c)
	if err != nil {
		t.Fatal(err)
	}
	enforce, err := parseFlags([]byte("authMode: enforce"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.setFlags(enforce); err != errFlagsNoKey || l.policy().Mode != authz.Observe {
		t.Errorf("without a key: %v, mode %v", err, l.policy().Mode)
	}
	if err := l.setSecret("JWT_SECRET", []byte(goodSecret)); err != nil {
		t.Fatal(err)
	}
	if err := l.setFlags(enforce); err != nil || l.policy().Mode != authz.Enforce {
		t.Errorf("with a key: %v, mode %v", err, l.policy().Mode)
	}
}

func TestReadersAndTheFollowerDoNotRace(t *testing.T) {
	l := newTestLive(t)
	v, err := l.verifier()
	if err != nil {
		t.Fatal(err)
	}
	token := tokenBy(t, goodSecret)
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for range 200 {
				v.Decide(context.Background(), token)
				l.policy()
				l.jwks()
				l.notReady()
			}
		})
	}
	for i := range 50 {
		secret := []string{goodSecret, otherSecret}[i%2]
		if err := l.setSecret("JWT_SECRET", []byte(secret)); err != nil {
			t.Error(err)
		}
		if err := l.setFlags(flags{}); err != nil {
			t.Error(err)
		}
	}
	readers.Wait()
}
