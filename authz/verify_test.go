package authz_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

func TestWhichTokensAreLetIn(t *testing.T) {
	v := verifier(t)
	const day = 24 * 3600
	date := func(name string, seconds int64) string { return fmt.Sprintf("%s=%d", name, seconds) }
	for _, c := range []struct{ what, claims, want string }{
		{"a good token", claims(), "valid"},
		{"a token in its last second", claims(date("exp", now+1)), "valid"},
		{"a token at its expiry", claims(date("exp", now)), "grace"},
		{"an expired token within grace", claims(date("exp", now-10)), "grace"},
		{"an expired token in the last second of grace", claims(date("exp", now-day+1), date("iat", now-2*day)), "grace"},
		{"an expired token at the end of grace", claims(date("exp", now-day), date("iat", now-2*day)), "TOKEN_EXPIRED expired"},
		{"a token of last month", claims(date("exp", now-30*day), date("iat", now-31*day)), "TOKEN_EXPIRED expired"},
		{"a token with fractions of seconds", claims(fmt.Sprintf("exp=%d.75", now+5), fmt.Sprintf("iat=%d.25", now-5)), "valid"},
		{"a token with dates in exponent form", claims("exp=1.8000036e9", "iat=1.7999999e9"), "valid"},
		{"a token for several audiences", claims(`aud=["app","sync"]`), "valid"},
		{"a token for other audiences", claims(`aud=["app","syncs"]`), "TOKEN_INVALID audience"},
		{"a token whose audience holds ours", claims(`aud="sync.example"`), "TOKEN_INVALID audience"},
		{"a token with a number among its audiences", claims(`aud=["sync",1]`), "TOKEN_INVALID audience"},
		{"a token with an audience object", claims(`aud={"sync":"sync"}`), "TOKEN_INVALID audience"},
		{"a token without audience", claims("aud=-"), "TOKEN_INVALID audience"},
		{"a token of another issuer", claims(`iss="https://issuer.test/"`), "TOKEN_INVALID issuer"},
		{"a token with an issuer list", claims(`iss=["https://issuer.test"]`), "TOKEN_INVALID issuer"},
		{"a token without issuer", claims("iss=-"), "TOKEN_INVALID issuer"},
		{"a token not valid for another 30 s", claims(date("nbf", now+30)), "valid"},
		{"a token not valid for another 31 s", claims(date("nbf", now+31)), "TOKEN_INVALID not_yet_valid"},
		{"a token with nbf 0", claims("nbf=0"), "valid"},
		{"a token with nbf before the epoch", claims("nbf=-1"), "TOKEN_INVALID claims"},
		{"a token with nbf beyond all dates", claims("nbf=1e308"), "TOKEN_INVALID claims"},
		{"a token with nbf null", claims("nbf=null"), "TOKEN_INVALID claims"},
		{"a token with nbf as a string", claims(fmt.Sprintf(`nbf="%d"`, now-5)), "TOKEN_INVALID claims"},
		{"a token issued 30 s ahead", claims(date("iat", now+30)), "valid"},
		{"a token issued 31 s ahead", claims(date("iat", now+31)), "TOKEN_INVALID not_yet_valid"},
		{"a token for 30 days", claims(date("exp", now-60+30*day)), "valid"},
		{"a token for 30 days and a second", claims(date("exp", now-60+30*day+1)), "TOKEN_INVALID lifetime"},
		{"a token with a jti", claims(`jti="t-1"`), "valid"},
		{"a token with a jti that is a number", claims(`jti=7`), "TOKEN_INVALID claims"},
	} {
		check(t, v, c.what, hs256(c.claims), c.want)
	}
	check(t, v, "no token", "", "AUTH_REQUIRED no_token")
}

func TestLeewayIsNotForExpiryAndGraceIsNotForTheRest(t *testing.T) {
	noGrace := verifier(t, func(c *authz.Config) { c.Grace = 0 })
	expired := hs256(claims(fmt.Sprintf("exp=%d", now)))
	check(t, noGrace, "a token at its expiry, no grace", expired, "TOKEN_EXPIRED expired")
	noLeeway := verifier(t, func(c *authz.Config) { c.Leeway = 0 })
	early := hs256(claims(fmt.Sprintf("nbf=%d", now+1)))
	check(t, noLeeway, "a token not valid for another second, no leeway, a day of grace", early, "TOKEN_INVALID not_yet_valid")
}

func TestTheUserIsAVisibleASCIIString(t *testing.T) {
	v := verifier(t)
	for _, c := range []struct{ what, sub, want string }{
		{"one character", `"a"`, "valid"},
		{"256 characters", `"` + strings.Repeat("a", 256) + `"`, "valid"},
		{"257 characters", `"` + strings.Repeat("a", 257) + `"`, "TOKEN_INVALID user"},
		{"an escaped letter", `"\u0061lice"`, "valid"},
		{"punctuation", `"auth0|~!{}\"\\"`, "valid"},
		{"empty", `""`, "TOKEN_INVALID user"},
		{"absent", `-`, "TOKEN_INVALID user"},
		{"null", `null`, "TOKEN_INVALID user"},
		{"a number", `7`, "TOKEN_INVALID user"},
		{"a list", `["alice"]`, "TOKEN_INVALID user"},
		{"a space", `"al ice"`, "TOKEN_INVALID user"},
		{"a line break", `"alice\r\nX-Sync-User-Id: bob"`, "TOKEN_INVALID user"},
		{"a NUL", `"alice\u0000"`, "TOKEN_INVALID user"},
		{"DEL", `"alice\u007f"`, "TOKEN_INVALID user"},
		{"an umlaut", `"älice"`, "TOKEN_INVALID user"},
		{"the anonymous user", `"anonymous"`, "TOKEN_INVALID user"},
	} {
		check(t, v, c.what, hs256(claims("sub="+c.sub)), c.want)
	}
	escaped := v.Decide(context.Background(), hs256(claims(`sub="\u0061lice"`)))
	if escaped.UserID != "alice" {
		t.Errorf("an escaped userId reads %q", escaped.UserID)
	}
}

func TestTheUserClaimIsADottedPath(t *testing.T) {
	deep := verifier(t, func(c *authz.Config) { c.UserClaim = "user.account.id" })
	for _, c := range []struct{ what, user, want string }{
		{"the claim at the path", `{"x":1,"account":{"id":"bob"}}`, "valid"},
		{"an object at the path", `{"account":{"id":{}}}`, "TOKEN_INVALID user"},
		{"the path cut short", `{"account":"bob"}`, "TOKEN_INVALID user"},
		{"the path through a list", `[{"account":{"id":"bob"}}]`, "TOKEN_INVALID user"},
		{"two claims at the path", `{"account":{"id":"bob"},"account":{"id":"eve"}}`, "TOKEN_INVALID format"},
	} {
		d := check(t, deep, c.what, hs256(claims("user="+c.user)), c.want)
		if d.Allow && d.UserID != "bob" {
			t.Errorf("%s: user %q, want bob", c.what, d.UserID)
		}
	}
	check(t, deep, "sub instead of the path", hs256(claims()), "TOKEN_INVALID user")
	byIssuer := verifier(t, func(c *authz.Config) { c.UserClaim = "iss" })
	if d := check(t, byIssuer, "a claim that is judged as well", hs256(claims()), "valid"); d.UserID != "https://issuer.test" {
		t.Errorf("user %q, want the issuer", d.UserID)
	}
}

func TestARefusalSaysWhoseTokenItWasOnlyWhereTheSignatureIsRight(t *testing.T) {
	v := verifier(t)
	parts := []string{`jti="t-1"`, `iss="https://elsewhere.test"`}
	d := check(t, v, "wrong issuer", hs256(claims(parts...)), "TOKEN_INVALID issuer")
	want := authz.Decision{
		Code: authz.TokenInvalid, Reason: authz.ReasonIssuer, UserID: "alice", TokenID: "t-1",
		IssuedAt: at(now - 60), ExpiresAt: at(now + 3600), GraceEndsAt: at(now + 3600 + 24*3600),
	}
	if d != want {
		t.Errorf("right signature: got %+v, want %+v", d, want)
	}
	token := hs256(claims(parts...))
	d = check(t, v, "another signature", token[:len(token)-8]+"AAAAAAAA", "TOKEN_INVALID signature")
	if want := authz.Refuse(authz.TokenInvalid, authz.ReasonSignature); d != want {
		t.Errorf("wrong signature: got %+v, want %+v", d, want)
	}
}

// keysFunc is a key source that answers what it is told to.
type keysFunc func(authz.Header) ([]authz.Key, error)

func (f keysFunc) Find(_ context.Context, h authz.Header) ([]authz.Key, error) { return f(h) }
func (keysFunc) Algorithms() []string                                          { return []string{"HS256", "RS256"} }

func TestNothingThatFailsToAnswerIsBlamedOnTheToken(t *testing.T) {
	answer := func(keys []authz.Key, err error) *authz.Verifier {
		return verifier(t, func(c *authz.Config) {
			c.Keys = keysFunc(func(authz.Header) ([]authz.Key, error) { return keys, err })
		})
	}
	good := hs256(claims())
	check(t, answer(nil, errors.New("down")), "keys that cannot be fetched", good, "AUTH_UNAVAILABLE keys_unavailable")
	check(t, answer(nil, context.DeadlineExceeded), "keys that take too long", good, "AUTH_UNAVAILABLE keys_unavailable")
	check(t, answer(nil, fmt.Errorf("x: %w", authz.ErrNoKeys)), "a source without keys", good, "AUTH_UNAVAILABLE no_keys")
	check(t, answer(nil, nil), "a key id that is certainly nobody's", good, "TOKEN_INVALID unknown_key")

	var unset *authz.HMACSecrets
	check(t, verifier(t, func(c *authz.Config) { c.Keys = unset }), "secrets that were never set", good, "AUTH_UNAVAILABLE no_keys")
	none := verifier(t, func(c *authz.Config) { c.Keys = nil })
	for _, token := range []string{"", good, "...", strings.Repeat(".", 1<<20)} {
		check(t, none, "no keys configured", token, "AUTH_UNAVAILABLE no_keys")
	}
}

func TestSyncwardsOwnAssertionIsNoToken(t *testing.T) {
	v := verifier(t, func(c *authz.Config) { c.AssertionIssuer = "syncward" })
	for _, typ := range []string{"sync-identity+jwt", "Sync-Identity+JWT", "application/sync-identity+jwt"} {
		check(t, v, typ, withHeader(`{"alg":"HS256","typ":"`+typ+`"}`), "TOKEN_INVALID own_assertion")
		check(t, v, typ+" of an unknown key", withHeader(`{"alg":"EdDSA","typ":"`+typ+`"}`), "TOKEN_INVALID own_assertion")
	}
	check(t, v, "our issuer", hs256(claims(`iss="syncward"`)), "TOKEN_INVALID own_assertion")
}

func TestAVerifierServesManyAtOnce(t *testing.T) {
	v := verifier(t)
	done := make(chan string)
	for i := range 8 {
		user := fmt.Sprintf("user-%d", i)
		go func() {
			token := hs256(claims(`sub="` + user + `"`))
			for range 200 {
				if d := v.Decide(context.Background(), token); !d.Allow || d.UserID != user {
					done <- fmt.Sprintf("%s got %+v", user, d)
					return
				}
			}
			done <- ""
		}()
	}
	for range 8 {
		select {
		case fault := <-done:
			if fault != "" {
				t.Error(fault)
			}
		case <-time.After(30 * time.Second):
			t.Fatal("stuck")
		}
	}
}
