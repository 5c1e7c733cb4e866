package keys_test

import (
	"context"
	"crypto/elliptic"
	"crypto/rsa"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
)

func TestAKeyThatCannotBeUsedIsLeftOut(t *testing.T) {
	ed := newEd(t)
	// No key to sign with: its length is all that counts, and a Go that makes
	// none so short can still be sent one.
	modulus := new(big.Int).SetBit(big.NewInt(1), 1023, 1)
	small := &rsa.PublicKey{N: modulus, E: 65537}
	p256 := pairs()["ES256"].Public()
	x := b64(elliptic.P256().Params().Gx.FillBytes(make([]byte, 32)))
	for what, member := range map[string]string{
		"RSA of 1024 bits":   jwk("k", small),
		"for encryption":     jwk("k", ed.Public(), `"use":"enc"`),
		"to sign only":       jwk("k", ed.Public(), `"key_ops":["sign"]`),
		"another algorithm":  jwk("k", ed.Public(), `"alg":"ES256"`),
		"unknown algorithm":  jwk("k", ed.Public(), `"alg":"RSA-OAEP"`),
		"a private key":      jwk("k", ed.Public(), `"d":"`+b64(ed.Seed())+`"`),
		"kid is a number":    jwk("", ed.Public(), `"kid":1`),
		"kty in lower case":  strings.Replace(jwk("k", ed.Public()), `"OKP"`, `"okp"`, 1),
		"another curve":      strings.Replace(jwk("k", ed.Public()), `"Ed25519"`, `"Ed448"`, 1),
		"padded":             strings.Replace(jwk("k", ed.Public()), `","kid"`, `=","kid"`, 1),
		"off the curve":      `{"kty":"EC","crv":"P-256","kid":"k","x":"` + x + `","y":"` + x + `"}`,
		"a short coordinate": `{"kty":"EC","crv":"P-256","kid":"k","x":"` + x[2:] + `","y":"` + x + `"}`,
		"curve of another":   strings.Replace(jwk("k", p256), `"P-256"`, `"P-384"`, 1),
		"RSA without n":      `{"kty":"RSA","kid":"k","e":"AQAB"}`,
		"RSA, exponent 1":    strings.Replace(jwk("k", pairs()["RS256"].Public()), `"AQAB"`, `"AQ"`, 1),
		"RSA, exponent huge": strings.Replace(jwk("k", pairs()["RS256"].Public()), `"AQAB"`, `"`+b64(make65())+`"`, 1),
		"null":               "null",
		"a string":           `"k"`,
		"nothing":            "{}",
	} {
		other := newEd(t)
		remote := follow(t, keys.JWKSOptions{URL: newIssuer(t, set(member, jwk("other", other.Public()))).URL}).good(t)
		if got := remote.Served(); !slices.Equal(got, []string{"EdDSA"}) {
			t.Errorf("%s: the set serves %v", what, got)
		}
		found, err := remote.Find(context.Background(), authz.Header{Alg: "EdDSA"})
		if err != nil || len(found) != 1 {
			t.Errorf("%s: %d keys (%v), want the other one alone", what, len(found), err)
		}
	}
}

func make65() []byte {
	e := make([]byte, 9)
	e[0], e[8] = 1, 1
	return e
}

func TestAKeyWithAnAlgorithmServesThatAlone(t *testing.T) {
	rs := pairs()["RS256"]
	remote := follow(t, keys.JWKSOptions{URL: newIssuer(t, set(jwk("k", rs.Public(), `"alg":"PS256"`, `"use":"sig"`, `"key_ops":["verify"]`))).URL}).good(t)
	v := verifier(t, remote)
	check(t, v, "PS256", token(t, "PS256", "k", rs), "valid")
	check(t, v, "RS256", token(t, "RS256", "k", rs), "TOKEN_INVALID algorithm")
}

func TestATokenWithoutAKidIsTriedOnUpToEightKeysOfItsKind(t *testing.T) {
	keyed := []string{jwk("r", pairs()["RS256"].Public())}
	var last [9]any
	for n := range last {
		ed := newEd(t)
		last[n] = ed
		keyed = append(keyed, jwk(string(rune('a'+n)), ed.Public()))
	}
	v := verifier(t, follow(t, keys.JWKSOptions{URL: newIssuer(t, set(keyed...)).URL}).good(t))
	check(t, v, "the first", token(t, "EdDSA", "", last[0]), "valid")
	check(t, v, "the eighth", token(t, "EdDSA", "", last[7]), "valid")
	check(t, v, "the ninth", token(t, "EdDSA", "", last[8]), "TOKEN_INVALID signature")
	check(t, v, "the ninth, named", token(t, "EdDSA", "i", last[8]), "valid")
	check(t, v, "another kind", token(t, "RS256", "", pairs()["RS256"]), "valid")
	check(t, v, "the wrong one named", token(t, "EdDSA", "a", last[1]), "TOKEN_INVALID signature")
}

// Attack 17: the issuer hangs, and no request waits for it longer than it may.
func TestNoRequestWaitsForAnIssuerThatHangs(t *testing.T) {
	ed := newEd(t)
	server := newIssuer(t, set(jwk("k", ed.Public())))
	remote := follow(t, keys.JWKSOptions{URL: server.URL, Timeout: patience}).good(t)
	v := verifier(t, remote)
	asked, release := make(chan struct{}), make(chan struct{})
	server.does(func(http.ResponseWriter, *http.Request) {
		close(asked)
		<-release
	})
	keys.ForgetFetch(remote.JWKS)
	check(t, v, "an unknown kid", token(t, "EdDSA", "new", ed), "AUTH_UNAVAILABLE keys_unavailable")
	select {
	case <-asked:
	default:
		t.Error("the issuer was not asked")
	}
	check(t, v, "a known one meanwhile", token(t, "EdDSA", "k", ed), "valid")
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := remote.Find(ended, authz.Header{Alg: "EdDSA", Kid: "new"}); err != context.Canceled {
		t.Errorf("whoever left: %v", err)
	}
	close(release)
	if remote.next(t) == nil {
		t.Error("an empty answer is good")
	}
}

func TestAFileIsFollowed(t *testing.T) {
	first, second := newEd(t), newEd(t)
	path := filepath.Join(t.TempDir(), "jwks.json")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	remote := follow(t, keys.JWKSOptions{URL: "file://" + path, CoolDown: time.Millisecond, Refresh: time.Millisecond})
	if remote.next(t) == nil {
		t.Error("a file that is not there is good")
	}
	v := verifier(t, remote)
	write(set(jwk("k", first.Public())))
	remote.until(t, func(err error) bool { return err == nil })
	check(t, v, "the first key", token(t, "EdDSA", "k", first), "valid")
	write(set(jwk("k", second.Public())))
	for end := time.Now().Add(patience); verdict(v, token(t, "EdDSA", "k", second)) != "valid"; {
		if time.Now().After(end) {
			t.Fatal("the second key is not in force")
		}
		remote.next(t)
	}
	write("half a")
	remote.until(t, func(err error) bool { return err != nil })
	check(t, v, "behind a bad one", token(t, "EdDSA", "k", second), "valid")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	remote.until(t, func(err error) bool { return err != nil && strings.Contains(err.Error(), "regular") })
	check(t, v, "behind a directory", token(t, "EdDSA", "k", second), "valid")
}

func TestADocumentIsReadUpToItsLimit(t *testing.T) {
	server := newIssuer(t, "")
	const most = 32 << 20
	sent := make(chan int, 1)
	server.does(func(w http.ResponseWriter, _ *http.Request) {
		n := 0
		for chunk := make([]byte, 64<<10); n < most; n += len(chunk) {
			if _, err := w.Write(chunk); err != nil {
				break
			}
		}
		sent <- n
	})
	source, err := keys.NewJWKS(keys.JWKSOptions{URL: server.URL, Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	if err := source.Fetch(context.Background()); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("%v", err)
	}
	if n := <-sent; n == most {
		t.Errorf("%d MiB were taken", n>>20)
	}
}

func TestNoErrorHoldsTheAddress(t *testing.T) {
	server := newIssuer(t, "")
	for _, url := range []string{server.URL + "/CANARY?key=CANARY", "http://127.0.0.1:1/CANARY?key=CANARY", "file:///nowhere/CANARY"} {
		source, err := keys.NewJWKS(keys.JWKSOptions{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		if err := source.Fetch(context.Background()); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%v", err)
		}
		if source.Loaded() {
			t.Error("loaded")
		}
	}
}

func TestFetchLoadsWithoutFollowing(t *testing.T) {
	ed := newEd(t)
	source, err := keys.NewJWKS(keys.JWKSOptions{URL: newIssuer(t, set(jwk("k", ed.Public()))).URL})
	if err != nil {
		t.Fatal(err)
	}
	if source.Served() == nil || len(source.Served()) != 0 {
		t.Errorf("serves %v before it is loaded", source.Served())
	}
	if err := source.Fetch(context.Background()); err != nil || !source.Loaded() {
		t.Fatalf("%v, loaded %t", err, source.Loaded())
	}
	check(t, verifier(t, source), "a good token", token(t, "EdDSA", "k", ed), "valid")
}
