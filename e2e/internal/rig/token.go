package rig

import (
	"maps"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Secret is the HMAC secret of the tests' auth service.
const Secret = "a-secret-of-the-tests-0123456789abcdef"

// Token mints an HS256 access token for user that expires in ttl (negative: it
// expired that long ago); change overrides claims, a nil value removes one.
func Token(t testing.TB, user string, ttl time.Duration, change map[string]any) string {
	t.Helper()
	exp := time.Now().Add(ttl)
	claims := jwt.MapClaims{"sub": user, "iat": exp.Add(-time.Hour).Unix(), "exp": exp.Unix(), "jti": "canary-" + user}
	maps.Copy(claims, change)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return Sign(t, Secret, claims, nil)
}

// Sign signs claims with HS256 and secret; header overrides header fields.
func Sign(t testing.TB, secret string, claims jwt.MapClaims, header map[string]any) string {
	t.Helper()
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, claims)
	maps.Copy(token.Header, header)
	signed, err := token.SignedString([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
