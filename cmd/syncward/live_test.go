package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http/httptest"
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

// tokenBy makes a good token, with other claims (nil: without) over it; "typ"
// goes into the header.
func tokenBy(t *testing.T, secret string, other jwt.MapClaims) string {
	t.Helper()
	now := time.Now()
	claims := jwt.MapClaims{"sub": "u1", "iat": now.Unix(), "exp": now.Add(time.Hour).Unix()}
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	for name, value := range other {
		switch {
		case name == "typ":
			token.Header["typ"] = value
		case value == nil:
			delete(claims, name)
		default:
			claims[name] = value
		}
	}
	signed, err := token.SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// Each variable about tokens reaches the verifier.
func TestVariablesJudgeTokens(t *testing.T) {
	in := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	for _, tc := range []struct {
		env   string
		token jwt.MapClaims
		want  authz.Reason
	}{
		{"", nil, authz.ReasonNone},
		{"", jwt.MapClaims{"iss": "syncward"}, authz.ReasonOwnAssertion},
		{"", jwt.MapClaims{"sub": "anonymous"}, authz.ReasonUser},
		{"ANONYMOUS_USER_ID=nobody", jwt.MapClaims{"sub": "nobody"}, authz.ReasonUser},
		{"JWT_ALGORITHMS=HS512", nil, authz.ReasonAlgorithm},
		{"JWT_ISSUER=me", jwt.MapClaims{"iss": "me"}, authz.ReasonNone},
		{"JWT_ISSUER=me", jwt.MapClaims{"iss": "you"}, authz.ReasonIssuer},
		{"JWT_AUDIENCE=us", jwt.MapClaims{"aud": "them"}, authz.ReasonAudience},
		{"JWT_USER_CLAIM=user.id", jwt.MapClaims{"user": map[string]any{"id": "u2"}}, authz.ReasonNone},
		{"JWT_USER_CLAIM=user.id", nil, authz.ReasonUser},
		{"JWT_TYPE=at+jwt", jwt.MapClaims{"typ": "at+jwt"}, authz.ReasonNone},
		{"JWT_TYPE=at+jwt", nil, authz.ReasonType},
		{"", jwt.MapClaims{"nbf": in(20 * time.Second)}, authz.ReasonNone},
		{"JWT_LEEWAY=1s", jwt.MapClaims{"nbf": in(20 * time.Second)}, authz.ReasonNotYet},
		{"", jwt.MapClaims{"iat": in(-2 * time.Hour), "exp": in(-time.Hour)}, authz.ReasonGrace},
		{"JWT_GRACE_PERIOD=30m", jwt.MapClaims{"iat": in(-2 * time.Hour), "exp": in(-time.Hour)}, authz.ReasonExpired},
		{"JWT_MAX_LIFETIME=30m", nil, authz.ReasonLifetime},
	} {
		v, err := newTestLive(t, tc.env).verifier()
		if err != nil {
			t.Fatal(err)
		}
		if d := v.Decide(context.Background(), tokenBy(t, goodSecret, tc.token)); d.Reason != tc.want {
			t.Errorf("%s with %v: %q, want %q", tc.env, tc.token, d.Reason, tc.want)
		}
	}
}

func TestAPreviousSecretIsAcceptedUntilItsEnd(t *testing.T) {
	for until, want := range map[string]bool{"2020-01-01T00:00:00Z": false, "2999-01-01T00:00:00Z": true} {
		l := newTestLive(t, "JWT_PREVIOUS_SECRET="+otherSecret, "JWT_PREVIOUS_SECRET_VALID_UNTIL="+until)
		v, err := l.verifier()
		if err != nil {
			t.Fatal(err)
		}
		if d := v.Decide(context.Background(), tokenBy(t, otherSecret, nil)); d.Allow != want {
			t.Errorf("until %s: allowed %t (%s), want %t", until, d.Allow, d.Reason, want)
		}
	}
}

func TestANewSecretIsInForceForTheVerifierThatRuns(t *testing.T) {
	l := newTestLive(t)
	v, err := l.verifier()
	if err != nil {
		t.Fatal(err)
	}
	check := func(secret string, want bool) {
		t.Helper()
		if d := v.Decide(context.Background(), tokenBy(t, secret, nil)); d.Allow != want {
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
	token := tokenBy(t, goodSecret, nil)
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

func TestANewCertificateIsServedWithoutARestart(t *testing.T) {
	l := newTestLive(t)
	if l.serverTLS() != nil {
		t.Fatal("TLS without a certificate")
	}
	one, two := httptest.NewTLSServer(nil), newPair(t)
	defer one.Close()
	l.certificate.Store(&one.TLS.Certificates[0])
	served := func() []byte {
		cert, err := l.serverTLS().GetCertificate(nil)
		if err != nil {
			t.Fatal(err)
		}
		return cert.Certificate[0]
	}
	if err := l.apply("TLS_CERT_FILE", [][]byte{two[0], []byte("no key")}); err == nil || !bytes.Equal(served(), one.Certificate().Raw) {
		t.Errorf("a bad pair: %v; or the last good one is gone", err)
	}
	if err := l.apply("TLS_CERT_FILE", two); err != nil || bytes.Equal(served(), one.Certificate().Raw) {
		t.Errorf("a good pair: %v; or the old one is served", err)
	}
}

// newPair makes a certificate and its key, both as PEM.
func newPair(t *testing.T) [][]byte {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	if err != nil {
		t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return [][]byte{
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}),
	}
}
