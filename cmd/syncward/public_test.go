package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
)

func newEd(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newEC(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// publicPEM writes the public halves of keys.
func publicPEM(t *testing.T, keys ...crypto.Signer) []byte {
	t.Helper()
	var text []byte
	for _, key := range keys {
		der, err := x509.MarshalPKIXPublicKey(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return text
}

func publicFile(t *testing.T, keys ...crypto.Signer) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "public.pem")
	if err := os.WriteFile(path, publicPEM(t, keys...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// jwksOf is the JWK set of one key with the kid "k".
func jwksOf(key ed25519.PrivateKey) string {
	x := base64.RawURLEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	return `{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"k","x":"` + x + `"}]}`
}

// tokenOf makes a good token with the kid "k".
func tokenOf(t *testing.T, method jwt.SigningMethod, key any) string {
	t.Helper()
	now := time.Now()
	token := jwt.NewWithClaims(method, jwt.MapClaims{"sub": "u1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()})
	token.Header["kid"] = "k"
	text, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// only is an environment without a secret.
func only(t *testing.T, more ...string) *live {
	t.Helper()
	c, r := load(pick(append([]string{"UPSTREAM_URL=http://127.0.0.1:1"}, more...)))
	if r.err() != nil {
		t.Fatal(r.err())
	}
	l, err := newLive(c)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func reasonOf(t *testing.T, l *live, token string) authz.Reason {
	t.Helper()
	v, err := l.verifier()
	if err != nil {
		t.Fatal(err)
	}
	return v.Decide(context.Background(), token).Reason
}

func TestAnyKindOfKeyLetsEnforceStart(t *testing.T) {
	ed := newEd(t)
	for _, env := range []string{
		"JWT_SECRET=" + goodSecret, "JWT_PUBLIC_KEY_FILE=" + publicFile(t, ed), "JWT_JWKS_URL=https://auth.example.com/jwks.json",
	} {
		l := only(t, env)
		if l.policy().Mode != authz.Enforce {
			t.Errorf("%s: mode %v", env, l.policy().Mode)
		}
		if _, err := l.verifier(); err != nil {
			t.Errorf("%s: %v", env, err)
		}
	}
}

func TestThePublicKeyFileIsFollowed(t *testing.T) {
	first, second := newEd(t), newEC(t)
	l := only(t, "JWT_PUBLIC_KEY_FILE="+publicFile(t, first))
	a, b := tokenOf(t, jwt.SigningMethodEdDSA, first), tokenOf(t, jwt.SigningMethodES256, second)
	if r := reasonOf(t, l, a); r != authz.ReasonNone {
		t.Errorf("the key in force: %q", r)
	}
	for _, bad := range []string{"", "no PEM", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if l.apply(publicKeyFile, [][]byte{[]byte(bad)}) == nil || reasonOf(t, l, a) != authz.ReasonNone {
			t.Errorf("%q was taken, or the last good key is gone", bad)
		}
	}
	if err := l.apply(publicKeyFile, [][]byte{publicPEM(t, second)}); err != nil {
		t.Fatal(err)
	}
	if old, current := reasonOf(t, l, a), reasonOf(t, l, b); old != authz.ReasonUnknownKey || current != authz.ReasonNone {
		t.Errorf("behind the exchange: the old key %q, the new one %q", old, current)
	}
}

func TestAllKindsOfKeysServeTogether(t *testing.T) {
	ed, ec := newEd(t), newEC(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, jwksOf(ed)) }))
	defer server.Close()
	l := newTestLive(t, "JWT_PUBLIC_KEY_FILE="+publicFile(t, ec), "JWT_JWKS_URL="+server.URL)
	if err := l.remote.Fetch(context.Background()); err != nil {
		t.Fatal(err)
	}
	for what, token := range map[string]string{
		"secret": tokenBy(t, goodSecret, nil), "JWKS": tokenOf(t, jwt.SigningMethodEdDSA, ed), "PEM": tokenOf(t, jwt.SigningMethodES256, ec),
	} {
		if r := reasonOf(t, l, token); r != authz.ReasonNone {
			t.Errorf("%s: %q", what, r)
		}
	}
	if err := l.setSecret("JWT_SECRET", []byte(otherSecret)); err != nil {
		t.Fatal(err)
	}
	if r := reasonOf(t, l, tokenOf(t, jwt.SigningMethodEdDSA, ed)); r != authz.ReasonNone {
		t.Errorf("the fetched keys are gone with a new secret: %q", r)
	}
}

func TestPinnedAlgorithmsMustBeServed(t *testing.T) {
	ec := "JWT_PUBLIC_KEY_FILE=" + publicFile(t, newEC(t))
	for _, tc := range []struct {
		env  []string
		want string // how the fault goes on; "" for none
	}{
		{[]string{ec, "JWT_ALGORITHMS=ES256"}, ""},
		{[]string{ec, "JWT_ALGORITHMS=RS256"}, "names RS256, which no configured key serves; put such a key into JWT_PUBLIC_KEY_FILE"},
		{[]string{ec, "JWT_ALGORITHMS=ES256,HS256"}, "names HS256, which no configured key serves; set JWT_SECRET"},
		{[]string{"JWT_JWKS_URL=file:///x", "JWT_ALGORITHMS=RS256,EdDSA"}, ""},
		{[]string{"JWT_SECRET=" + goodSecret, "JWT_ALGORITHMS=RS256"}, "names RS256, which no configured key serves; set JWT_JWKS_URL"},
		{[]string{"REQUIRE_AUTH=false", "JWT_ALGORITHMS=RS256"}, ""},
		{[]string{"AUTH_MODE=off", ec, "JWT_ALGORITHMS=RS256"}, ""},
	} {
		c, r := load(pick(append([]string{"UPSTREAM_URL=http://127.0.0.1:1"}, tc.env...)))
		switch {
		case tc.want == "":
			if r.err() != nil {
				t.Errorf("%v: %v", tc.env, r.err())
				continue
			}
			l, err := newLive(c)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.verifier(); err != nil {
				t.Errorf("%v: %v", tc.env, err)
			}
		case len(r.Faults) != 1 || r.Faults[0].Variable != "JWT_ALGORITHMS" || !strings.HasPrefix(r.Faults[0].Text, tc.want):
			t.Errorf("%v: faults %q, want %q", tc.env, r.Faults, tc.want)
		}
	}
}

func TestNoKeyStopsTheStartInOff(t *testing.T) {
	for _, env := range []string{"JWT_JWKS_URL=nonsense", "JWT_PUBLIC_KEY_FILE=missing", "JWT_PUBLIC_KEY_FILE=public_test.go"} {
		if l := only(t, "AUTH_MODE=off", env); l.notReady() != "" {
			t.Errorf("%s: %s", env, l.notReady())
		}
	}
}

// Attack 17: ready with the first good set and not before; an outage later
// changes nothing.
func TestReadinessTellsWhetherKeysWereEverFetched(t *testing.T) {
	ed := newEd(t)
	var answer atomic.Pointer[string]
	say := func(s string) { answer.Store(&s) }
	say("<!DOCTYPE html>")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, *answer.Load()) }))
	defer server.Close()
	l := only(t, "JWT_JWKS_URL="+server.URL)
	token := tokenOf(t, jwt.SigningMethodEdDSA, ed)
	if l.remote.Fetch(context.Background()) == nil || l.notReady() == "" || reasonOf(t, l, token) != authz.ReasonKeysDown {
		t.Errorf("without keys: not ready %q, %q", l.notReady(), reasonOf(t, l, token))
	}
	say(jwksOf(ed))
	if err := l.remote.Fetch(context.Background()); err != nil || l.notReady() != "" || reasonOf(t, l, token) != authz.ReasonNone {
		t.Errorf("with keys: %v, not ready %q, %q", err, l.notReady(), reasonOf(t, l, token))
	}
	server.Close()
	if l.remote.Fetch(context.Background()) == nil || l.notReady() != "" || reasonOf(t, l, token) != authz.ReasonNone {
		t.Errorf("in an outage: not ready %q, %q", l.notReady(), reasonOf(t, l, token))
	}
}

func TestCheckTriesEveryKindOfKey(t *testing.T) {
	ed := newEd(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/jwks.json" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		io.WriteString(w, jwksOf(ed))
	}))
	defer server.Close()
	pem := "JWT_PUBLIC_KEY_FILE=" + publicFile(t, newEC(t), ed)
	for _, tc := range []struct {
		env  []string
		ok   bool
		want string
	}{
		{[]string{pem}, true, "JWT_PUBLIC_KEY_FILE has keys for ES256, EdDSA"},
		{[]string{"JWT_JWKS_URL=" + server.URL + "/jwks.json"}, true, "JWT_JWKS_URL has keys for EdDSA"},
		{[]string{"JWT_JWKS_URL=" + server.URL + "/jwks.json", "JWT_ALGORITHMS=RS256"}, false, "JWT_JWKS_URL holds no key for any of JWT_ALGORITHMS"},
		{[]string{"JWT_JWKS_URL=" + server.URL + "/CANARY", "JWT_SECRET=" + goodSecret}, false,
			"a token made with JWT_SECRET (HS256) is accepted, JWT_JWKS_URL answers with status 404"},
		{[]string{"JWT_JWKS_URL=" + server.URL + "/CANARY", "AUTH_MODE=off"}, true, "JWT_JWKS_URL answers with status 404"},
		{[]string{"JWT_SECRET=" + goodSecret, pem, "JWT_ALGORITHMS=ES256"}, true, "JWT_SECRET serves none of JWT_ALGORITHMS, JWT_PUBLIC_KEY_FILE"},
	} {
		c, r := load(pick(append([]string{"UPSTREAM_URL=http://127.0.0.1:1"}, tc.env...)))
		if r.err() != nil {
			t.Fatal(r.err())
		}
		if p := probeKeys(context.Background(), c); p.OK != tc.ok || !strings.HasPrefix(p.Detail, tc.want) || strings.Contains(p.Detail, "CANARY") {
			t.Errorf("%v: ok %t, %q; want %t, %q", tc.env, p.OK, p.Detail, tc.ok, tc.want)
		}
	}
}

func TestCheckShowsTheAddressWithoutItsQuery(t *testing.T) {
	c, _ := load(pick([]string{"UPSTREAM_URL=http://h", "JWT_JWKS_URL=https://auth.example.com/jwks.json?key=CANARY"}))
	var shown bytes.Buffer
	for _, s := range c.effective() {
		shown.WriteString(s.Variable + "=" + s.Value + "\n")
	}
	for _, want := range []string{
		"JWT_JWKS_URL=https://auth.example.com/jwks.json?(set, 10 bytes)\n", "JWT_ALGORITHMS=RS256,PS256,ES256,ES384,EdDSA\n",
	} {
		if !strings.Contains(shown.String(), want) {
			t.Errorf("not shown: %s", want)
		}
	}
	if strings.Contains(shown.String(), "CANARY") {
		t.Error("the query is shown")
	}
}

func TestInstancesNeedAProtocolThatNamesThem(t *testing.T) {
	for protocol, faults := range map[string]int{"json": 0, "livestore": 0, "hocuspocus": 0, "graphql-ws": 1, "opaque": 1} {
		_, r := load(minimal("JWT_INSTANCES_CLAIM=stores", "PROTOCOL="+protocol))
		if len(r.Faults) != faults || faults > 0 && r.Faults[0].Variable != "JWT_INSTANCES_CLAIM" {
			t.Errorf("%s: faults %q", protocol, r.Faults)
		}
	}
}
