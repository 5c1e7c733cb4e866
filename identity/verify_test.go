package identity_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/syncward/syncward/identity"
)

func TestTheZeroVerifierRefusesEverything(t *testing.T) {
	var v identity.Verifier
	if _, err := v.Verify(signedRequest(t, newSigner(t, identity.GenerateKey()))); !errors.Is(err, identity.ErrNotConfigured) {
		t.Error(err)
	}
	if set := identity.NewKeySet(identity.Key{}); len(set.KeyIDs()) != 0 {
		t.Errorf("the zero Key is trusted: %v", set.KeyIDs())
	}
}

func TestKeysFuncFollowsARotation(t *testing.T) {
	old, fresh := identity.GenerateKey(), identity.GenerateKey()
	v := verifierFor(old) // Keys, which KeysFunc takes the place of
	var asked []string
	served := identity.NewKeySet(old)
	v.KeysFunc = func(_ context.Context, kid string) (identity.KeySet, error) {
		asked = append(asked, kid)
		return served, nil
	}
	check := func(name string, key identity.Key, want error) {
		t.Helper()
		if _, err := v.Verify(signedRequest(t, newSigner(t, key))); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
		if last := asked[len(asked)-1]; last != key.KeyID() {
			t.Errorf("%s: asked for %q", name, last)
		}
	}
	check("the old key before", old, nil)
	check("the new key before", fresh, identity.ErrUnknownKey)
	served = identity.NewKeySet(fresh)
	check("the new key after", fresh, nil)
	check("the old key after", old, identity.ErrUnknownKey)
}

func TestOneOfManySimultaneousUsesWins(t *testing.T) {
	key := testKeys(t)["HS256"]
	v, r := verifierFor(key), signedRequest(t, newSigner(t, key))
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if _, err := v.Verify(r); err == nil {
				won.Add(1)
			} else if !errors.Is(err, identity.ErrReplayed) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d uses were accepted", won.Load())
	}
}

func TestARefusedRequestDoesNotUseUpTheAssertion(t *testing.T) {
	key := testKeys(t)["HS256"]
	v, r := verifierFor(key), signedRequest(t, newSigner(t, key))
	spoilt := r.Clone(t.Context())
	spoilt.Header.Set("X-Sync-User-Id", "root")
	if _, err := v.Verify(spoilt); !errors.Is(err, identity.ErrHeaders) {
		t.Fatal(err)
	}
	if _, err := v.Verify(r); err != nil {
		t.Error(err)
	}
}

func TestAnAssertionIsRememberedForAsLongAsItCouldBeAccepted(t *testing.T) {
	key := testKeys(t)["HS256"]
	signer := newSigner(t, key)
	at := now
	v := verifierFor(key)
	v.Now = func() time.Time { return at }
	at = now.Add(-40 * time.Second) // an earlier use, so that first comes in the middle of a generation
	if _, err := v.Verify(requestWith(t, must(signer.Headers(alice, upgrade, at)))); err != nil {
		t.Fatal(err)
	}
	at = now
	first := must(signer.Headers(alice, upgrade, now.Add(identity.DefaultLeeway))) // as far ahead as can be
	if _, err := v.Verify(requestWith(t, first)); err != nil {
		t.Fatal(err)
	}
	for second := range 75 { // others keep coming, and turn the generations over
		at = now.Add(time.Duration(second) * time.Second)
		if _, err := v.Verify(requestWith(t, must(signer.Headers(alice, upgrade, at)))); err != nil {
			t.Fatal(err)
		}
		_, err := v.Verify(requestWith(t, first))
		if !errors.Is(err, identity.ErrReplayed) && !errors.Is(err, identity.ErrExpired) {
			t.Fatalf("after %d s: %v", second, err)
		}
	}
}

func TestAFullReplayCacheRefusesAndRecovers(t *testing.T) {
	key := testKeys(t)["HS256"]
	signer, at := newSigner(t, key), now
	v := verifierFor(key)
	v.SingleUseLimit, v.Now = 2, func() time.Time { return at }
	verify := func() error {
		_, err := v.Verify(requestWith(t, must(signer.Headers(alice, upgrade, at))))
		return err
	}
	if err := errors.Join(verify(), verify()); err != nil {
		t.Fatal(err)
	}
	if err := verify(); !errors.Is(err, identity.ErrUnavailable) {
		t.Errorf("full: %v", err)
	}
	at = at.Add(5 * time.Minute)
	if err := verify(); err != nil {
		t.Errorf("later: %v", err)
	}
}

func TestNoErrorRepeatsWhatTheTokenHeld(t *testing.T) {
	file := readVectors(t)
	for _, v := range file.Vectors {
		_, err := v.verifier(file.keySet(t, v.Keys)).Verify(v.request(t))
		if err == nil {
			continue
		}
		for _, h := range v.Request.Headers {
			for _, segment := range strings.FieldsFunc(h[1], func(r rune) bool { return r == '.' || r == ',' }) {
				if len(segment) > 8 && strings.Contains(err.Error(), segment) {
					t.Errorf("%s: %v", v.Name, err)
				}
			}
		}
	}
}

func TestTheMiddlewareLetsOnlyVerifiedRequestsThrough(t *testing.T) {
	key := testKeys(t)["HS256"]
	signer, v := newSigner(t, key), verifierFor(key)
	var seen string
	next := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		claims, ok := identity.FromContext(r.Context())
		if !ok {
			t.Error("no claims in the context")
		}
		seen = claims.UserID
	})
	serve := func(v *identity.Verifier, r *http.Request) (int, string) {
		seen = ""
		w := httptest.NewRecorder()
		v.Middleware(next).ServeHTTP(w, r)
		return w.Code, seen
	}
	bare := httptest.NewRequest("GET", vectorTarget, nil)
	bare.Header.Set("X-Sync-User-Id", "user-1")
	if code, user := serve(v, signedRequest(t, signer)); code != 200 || user != "user-1" {
		t.Errorf("signed: %d, user %q", code, user)
	}
	if code, user := serve(v, bare); code != 401 || user != "" {
		t.Errorf("bare: %d, user %q", code, user)
	}
	if code, user := serve(&identity.Verifier{}, signedRequest(t, signer)); code != 503 || user != "" {
		t.Errorf("not configured: %d, user %q", code, user)
	}
	if _, ok := identity.FromContext(t.Context()); ok {
		t.Error("claims out of nowhere")
	}
}

func FuzzVerifyAcceptsNothingThatWasNotSigned(f *testing.F) {
	file := readVectors(f)
	unsigned := map[string]bool{"malformed": true, "parameter": true, "type": true, "algorithm": true,
		"unknown_key": true, "signature": true}
	signed := map[string]bool{} // header and claims, of tokens with a right signature
	for _, v := range file.Vectors {
		token := v.Request.Headers[len(v.Request.Headers)-1][1]
		f.Add(token)
		if !unsigned[v.Want] {
			signed[token[:max(0, strings.LastIndexByte(token, '.'))]] = true
		}
	}
	keys := file.keySet(f, []string{"hs256", "eddsa", "es256"})
	f.Fuzz(func(t *testing.T, token string) {
		v := &identity.Verifier{
			Keys: keys, Issuer: "syncward", Audience: "sync-upstream",
			Now: func() time.Time { return time.Unix(vectorNow, 0) },
		}
		r := must(http.NewRequest("GET", "http://upstream.test"+vectorTarget, nil))
		r.Header = http.Header{
			"X-Sync-User-Id": {"user-1"}, "X-Sync-Connection-Id": {"01980000-0000-7000-8000-000000000001"},
			"X-Sync-Auth-Status": {"valid"}, "X-Sync-Token-Expires": {"1800003600"}, "X-Sync-Assertion": {token},
		}
		if _, err := v.Verify(r); err == nil && !signed[token[:strings.LastIndexByte(token, '.')]] {
			t.Errorf("accepted %q", token)
		}
	})
}
