package authz_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
)

// reference is golang-jwt with the settings of config, told to allow leeway on
// every date.
func reference(leeway time.Duration) *jwt.Parser {
	return jwt.NewParser(
		jwt.WithValidMethods([]string{"HS256", "HS384", "HS512"}), jwt.WithStrictDecoding(), jwt.WithTimeFunc(clock),
		jwt.WithIssuer("https://issuer.test"), jwt.WithAudience("sync"), jwt.WithExpirationRequired(), jwt.WithIssuedAt(),
		jwt.WithLeeway(leeway),
	)
}

// agree fails where we allow what golang-jwt with the same settings refuses,
// or read another user, token or expiry out of it. golang-jwt knows no grace
// and cuts dates to the second, so a graced token is compared with as much
// leeway, and a second is forgiven.
func agree(t *testing.T, d authz.Decision, token string) {
	t.Helper()
	if !d.Allow {
		if d.Refusal() == "" || d.Status != "" {
			t.Fatalf("a refusal that does not refuse: %+v", d)
		}
		return
	}
	leeway := authz.DefaultLeeway
	if d.Status == authz.Grace {
		leeway = authz.DefaultGrace + time.Second
	}
	claims := jwt.MapClaims{}
	_, err := reference(leeway).ParseWithClaims(token, claims, func(*jwt.Token) (any, error) { return []byte(secret), nil })
	if err != nil {
		t.Fatalf("allowed as %s, golang-jwt: %v", d.Status, err)
	}
	expires, err := claims.GetExpirationTime()
	if err != nil || d.ExpiresAt.Sub(expires.Time).Abs() > time.Second {
		t.Fatalf("expires %v, golang-jwt: %v, %v", d.ExpiresAt, expires, err)
	}
	id, _ := claims["jti"].(string)
	if claims["sub"] != d.UserID || id != d.TokenID {
		t.Fatalf("user %q and token %q, golang-jwt: %v", d.UserID, d.TokenID, claims)
	}
}

// FuzzDecide: no input panics, and none is allowed that golang-jwt refuses.
func FuzzDecide(f *testing.F) {
	good := hs256(claims())
	for _, seed := range []string{"", ".", "..", "...", "a.b.c", good, good + "=", good + "\n", strings.ToLower(good), hs256(`{}`)} {
		f.Add(seed)
	}
	v := verifier(f)
	f.Fuzz(func(t *testing.T, token string) {
		agree(t, v.Decide(context.Background(), token), token)
	})
}

// FuzzDecideSigned is FuzzDecide behind the signature: whatever the issuer may
// have signed.
func FuzzDecideSigned(f *testing.F) {
	for _, seed := range []struct{ header, claims string }{
		{plainHeader, claims()}, {`{"alg":"HS256","kid":"k","crit":["x"]}`, claims("exp=1799999999")},
		{`{"\u0061lg":"HS256"}`, claims(`aud=["a","sync"]`, "nbf=1.8e9", `jti="t"`)}, {`{"alg":"HS256"}{}`, claims("exp=1e308")},
		{`{"alg":"HS256","b64":false}`, `{"sub":"alice","sub":"bob"}`}, {"\ufeff{}", "[[[[[[[["},
	} {
		f.Add(seed.header, seed.claims)
	}
	v := verifier(f)
	f.Fuzz(func(t *testing.T, header, claims string) {
		token := signed256(secret, header, claims)
		agree(t, v.Decide(context.Background(), token), token)
	})
}

// The opposite direction, on what issuers really make: what golang-jwt mints
// and verifies is allowed.
func TestWhatGolangJWTMintsIsAllowed(t *testing.T) {
	v := verifier(t)
	for _, method := range []jwt.SigningMethod{jwt.SigningMethodHS256, jwt.SigningMethodHS384, jwt.SigningMethodHS512} {
		token, err := jwt.NewWithClaims(method, jwt.RegisteredClaims{
			Issuer: "https://issuer.test", Subject: "alice", Audience: jwt.ClaimStrings{"sync"}, ID: "t-1",
			IssuedAt: jwt.NewNumericDate(at(now)), NotBefore: jwt.NewNumericDate(at(now)), ExpiresAt: jwt.NewNumericDate(at(now + 60)),
		}).SignedString([]byte(secret))
		if err != nil {
			t.Fatal(err)
		}
		d := check(t, v, method.Alg(), token, "valid")
		agree(t, d, token)
		if d.UserID != "alice" || d.TokenID != "t-1" || !d.ExpiresAt.Equal(at(now+60)) {
			t.Errorf("%s: %+v", method.Alg(), d)
		}
	}
}

// What made us judge the expiry ourselves: golang-jwt's one leeway is for nbf
// too, and its "expired" does not mean "nothing but expired".
func TestWhyTheExpiryIsNotLeftToGolangJWT(t *testing.T) {
	v := verifier(t)
	key := func(*jwt.Token) (any, error) { return []byte(secret), nil }
	early := hs256(claims("nbf=1800036000"))
	if _, err := reference(authz.DefaultGrace).Parse(early, key); err != nil {
		t.Errorf("golang-jwt no longer gives leeway to nbf: %v", err)
	}
	check(t, v, "valid in ten hours", early, "TOKEN_INVALID not_yet_valid")
	foreign := hs256(claims("exp=1799999000", `iss="x"`))
	if _, err := reference(0).Parse(foreign, key); !errors.Is(err, jwt.ErrTokenExpired) {
		t.Errorf("golang-jwt no longer joins its errors: %v", err)
	}
	check(t, v, "expired and another issuer's", foreign, "TOKEN_INVALID issuer")
}
