package authz_test

import (
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

func TestEveryFaultOfAConfigIsNamedAtOnce(t *testing.T) {
	keys := config(t).Keys
	_, err := authz.New(authz.Config{
		Keys: keys, Algorithms: []string{"HS256", "none", "RS256"}, Issuer: "x", AssertionIssuer: "x",
		UserClaim: "a..b", Type: "Application/Sync-Identity+JWT", Leeway: -1, Grace: -1, MaxLifetime: -1,
		MaxTokenBytes: -1, AnonymousUserID: "no body",
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`"none" is not supported`, `"RS256" is not served`, "Issuer", "UserClaim", "Type", "Leeway", "Grace",
		"MaxLifetime", "MaxTokenBytes", "AnonymousUserID",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not named in: %v", want, err)
		}
	}
	if _, err := authz.New(authz.Config{Keys: keys, Algorithms: []string{}}); err == nil {
		t.Error("an empty list of algorithms is no error")
	}
}

func TestTheZeroConfigIsSafe(t *testing.T) {
	zero, err := authz.New(authz.Config{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, zero, "no keys", hs256(claims()), "AUTH_UNAVAILABLE no_keys")
	v, err := authz.New(authz.Config{Keys: config(t).Keys, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, "a good token", hs256(claims("iss=-", "aud=-")), "valid")
	check(t, v, "an expired one: no grace unless asked for", hs256(claims("exp=1799999999")), "TOKEN_EXPIRED expired")
	check(t, v, "a long-lived one", hs256(claims("exp=1900000000")), "TOKEN_INVALID lifetime")
	check(t, v, "the anonymous user", hs256(claims(`sub="anonymous"`)), "TOKEN_INVALID user")
	check(t, v, "an assertion", withHeader(`{"alg":"HS256","typ":"sync-identity+jwt"}`), "TOKEN_INVALID own_assertion")
}

func TestAConfigIsNotSharedWithItsMaker(t *testing.T) {
	algorithms := []string{"HS256"}
	v := verifier(t, func(c *authz.Config) { c.Algorithms = algorithms })
	algorithms[0] = "HS512"
	check(t, v, "the algorithm that was pinned", hs256(claims()), "valid")
}

func TestWithoutAClockTheTimeIsNow(t *testing.T) {
	v := verifier(t, func(c *authz.Config) { c.Now = nil; c.MaxLifetime = 200 * 365 * 24 * time.Hour })
	check(t, v, "a token from 1970 to 2100", hs256(claims("iat=1", "exp=4102444800")), "valid")
	check(t, v, "a token from 1970 to 2001", hs256(claims("iat=1", "exp=1000000000")), "TOKEN_EXPIRED expired")
}
