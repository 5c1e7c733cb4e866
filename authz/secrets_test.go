package authz_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

func TestThePreviousSecretIsAcceptedUntilItsTime(t *testing.T) {
	seconds := now
	secrets, err := authz.NewHMACSecrets([]byte(secret), []byte(otherSecret), at(now+100), func() time.Time { return at(seconds) })
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, func(c *authz.Config) { c.Keys = secrets })
	old, current := signed256(otherSecret, plainHeader, claims()), hs256(claims())
	check(t, v, "the current secret in time", current, "valid")
	check(t, v, "the previous secret in time", old, "valid")
	seconds = now + 99
	check(t, v, "the previous secret in its last second", old, "valid")
	seconds = now + 100
	check(t, v, "the previous secret at its end", old, "TOKEN_INVALID signature")
	check(t, v, "the current secret after it", current, "valid")
}

func TestSecretsAreSwappedLiveAndABadOneKeepsTheLastGood(t *testing.T) {
	secrets, err := authz.NewHMACSecrets([]byte(secret), nil, time.Time{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, func(c *authz.Config) { c.Keys = secrets })
	for what, swap := range map[string]func() error{
		"empty":            func() error { return secrets.Swap(nil, nil, time.Time{}) },
		"short":            func() error { return secrets.Swap([]byte("short"), nil, time.Time{}) },
		"short previous":   func() error { return secrets.Swap([]byte(otherSecret), []byte("short"), at(now+1)) },
		"previous, no end": func() error { return secrets.Swap([]byte(otherSecret), []byte(secret), time.Time{}) },
		"end, no previous": func() error { return secrets.Swap([]byte(otherSecret), nil, at(now+1)) },
	} {
		if swap() == nil {
			t.Errorf("%s: no error", what)
		}
		check(t, v, "after a bad swap ("+what+")", hs256(claims()), "valid")
	}
	if err := secrets.Swap([]byte(otherSecret), nil, time.Time{}); err != nil {
		t.Fatal(err)
	}
	check(t, v, "the old secret after the swap", hs256(claims()), "TOKEN_INVALID signature")
	check(t, v, "the new secret after the swap", signed256(otherSecret, plainHeader, claims()), "valid")
}

func TestATokenOfEitherSecretIsValidAllThroughASwap(t *testing.T) {
	first, second := []byte(secret), []byte(otherSecret)
	secrets, err := authz.NewHMACSecrets(first, second, at(now+100), clock)
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, func(c *authz.Config) { c.Keys = secrets })
	var stop atomic.Bool
	refused := make(chan authz.Decision, 1)
	go func() {
		defer close(refused)
		for token := hs256(claims()); !stop.Load(); {
			if d := v.Decide(context.Background(), token); !d.Allow {
				refused <- d
				return
			}
		}
	}()
	for range 300 {
		first, second = second, first
		if err := secrets.Swap(first, second, at(now+100)); err != nil {
			t.Fatal(err)
		}
	}
	stop.Store(true)
	if d, any := <-refused; any {
		t.Errorf("refused in a swap: %+v", d)
	}
}

func TestSecretsKnowTheirOwn(t *testing.T) {
	given := []byte(secret)
	secrets, err := authz.NewHMACSecrets(given, []byte(otherSecret), at(now-1), clock)
	if err != nil {
		t.Fatal(err)
	}
	clear(given) // the caller may wipe its copy
	v := verifier(t, func(c *authz.Config) { c.Keys = secrets })
	check(t, v, "after the caller wiped its copy", hs256(claims()), "valid")
	if !secrets.Holds([]byte(secret)) || !secrets.Holds([]byte(otherSecret)) {
		t.Error("a secret is not known, or only while it is in force")
	}
	var none *authz.HMACSecrets
	if secrets.Holds([]byte(secret+"x")) || secrets.Holds(nil) || none.Holds([]byte(secret)) {
		t.Error("a strange secret is known")
	}
	if text := fmt.Sprintf("%v %+v %#v", secrets, secrets, secrets); strings.Contains(text, secret) {
		t.Error("printing the secrets shows them")
	}
}

func TestAKeyServesOnlyTheAlgorithmsOfItsKind(t *testing.T) {
	key, err := authz.NewHMACKey([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	if key.Kind() != authz.KindHMAC {
		t.Errorf("kind %q", key.Kind())
	}
	all := []string{"HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES384", "EdDSA", "none", ""}
	served := map[authz.Kind][]string{
		authz.KindHMAC: all[:3], authz.KindRSA: all[3:5], authz.KindEC: all[5:7], authz.KindEd25519: all[7:8], "": nil,
	}
	yes := func(string, []byte, []byte) bool { return true }
	for kind, want := range served {
		greedy := authz.KeyOf(kind, all, yes)
		for _, alg := range all {
			serves := slices.Contains(want, alg)
			if greedy.Serves(alg) != serves || greedy.Verify(alg, nil, nil) != serves {
				t.Errorf("a key of kind %q and %q: want %v", kind, alg, serves)
			}
		}
	}
}
