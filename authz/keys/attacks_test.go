package keys_test

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
)

func publicPEM(t testing.TB, algs ...string) []byte {
	t.Helper()
	var text []byte
	for _, alg := range algs {
		der, err := x509.MarshalPKIXPublicKey(pairs()[alg].Public())
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})...)
	}
	return text
}

// Attack 12.
func TestAPublicKeyNeverServesAnotherKindsAlgorithm(t *testing.T) {
	all := []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"}
	var jwks []string
	for _, alg := range all {
		jwks = append(jwks, jwk("same", pairs()[alg].Public()))
	}
	remote := follow(t, keys.JWKSOptions{URL: newIssuer(t, set(jwks...)).URL}).good(t)
	static, err := keys.ParsePEM(publicPEM(t, all...))
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range map[string]authz.Keys{"PEM": static, "JWKS": remote} {
		v := verifier(t, source)
		for _, signedBy := range all {
			good := token(t, signedBy, "same", pairs()[signedBy])
			check(t, v, name+" "+signedBy, good, "valid")
			_, rest, _ := strings.Cut(good, ".")
			for _, claimed := range all {
				if claimed != signedBy {
					header := b64(fmt.Appendf(nil, `{"alg":%q,"kid":"same"}`, claimed))
					check(t, v, name+" "+signedBy+" that says "+claimed, header+"."+rest, "TOKEN_INVALID signature")
				}
			}
		}
	}
}

// Attack 12.
func TestAPublicKeyIsNeverAnHMACSecret(t *testing.T) {
	text := publicPEM(t, "RS256")
	static, err := keys.ParsePEM(text)
	if err != nil {
		t.Fatal(err)
	}
	secrets, err := authz.NewHMACSecrets([]byte("current-secret-of-the-tests-0123456789"), nil, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range [][]byte{text, []byte(strings.TrimSpace(string(text)))} {
		forged := token(t, "HS256", "k", secret)
		check(t, verifier(t, static), "public keys alone", forged, "TOKEN_INVALID algorithm")
		check(t, verifier(t, keys.Join(secrets, static)), "beside a secret", forged, "TOKEN_INVALID signature")
	}
}

// Attack 12.
func TestASecretInAJWKSVerifiesNothing(t *testing.T) {
	secret := []byte("a-secret-that-somebody-put-into-the-set")
	oct := `{"kty":"oct","kid":"k","alg":"HS256","k":"` + b64(secret) + `"}`
	ed := newEd(t)
	remote := follow(t, keys.JWKSOptions{URL: newIssuer(t, set(oct, jwk("ed", ed.Public()))).URL}).good(t)
	secrets, err := authz.NewHMACSecrets([]byte("current-secret-of-the-tests-0123456789"), nil, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	check(t, verifier(t, remote), "a set alone", token(t, "HS256", "k", secret), "TOKEN_INVALID algorithm")
	check(t, verifier(t, keys.Join(secrets, remote)), "beside a secret", token(t, "HS256", "k", secret), "TOKEN_INVALID signature")
	check(t, verifier(t, remote), "the key beside it", token(t, "EdDSA", "ed", ed), "valid")
}

// Attack 12.
func TestASignatureInAnotherFormIsRefused(t *testing.T) {
	static, err := keys.ParsePEM(publicPEM(t, "RS256", "ES256", "ES384", "EdDSA"))
	if err != nil {
		t.Fatal(err)
	}
	v := verifier(t, static)
	for _, alg := range []string{"RS256", "PS256", "ES256", "ES384", "EdDSA"} {
		good := token(t, alg, "", pairs()[alg])
		input, signature := good[:strings.LastIndexByte(good, '.')], good[strings.LastIndexByte(good, '.')+1:]
		raw := decode64(t, signature)
		check(t, v, alg, good, "valid")
		for what, other := range map[string][]byte{
			"no signature": {}, "one byte short": raw[1:], "one byte more": append([]byte{0}, raw...),
			"a zero amid": slices.Concat(raw[:len(raw)/2], []byte{0}, raw[len(raw)/2:]),
			"all zero":    make([]byte, len(raw)), "twice": append(raw[:len(raw):len(raw)], raw...),
		} {
			check(t, v, alg+" "+what, input+"."+b64(other), "TOKEN_INVALID signature")
		}
	}
	good := token(t, "ES256", "", pairs()["ES256"])
	input := good[:strings.LastIndexByte(good, '.')]
	sum := sha256.Sum256([]byte(input))
	asn1, err := pairs()["ES256"].Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	check(t, v, "ES256 in ASN.1", input+"."+b64(asn1), "TOKEN_INVALID signature")
}

// Attack 13, and 15: one address is asked, whatever tokens say.
func TestNothingOfATokenReachesTheIssuer(t *testing.T) {
	evil := newIssuer(t, set(jwk("evil", pairs()["EdDSA"].Public())))
	ed := newEd(t)
	good := newIssuer(t, set(jwk("k", ed.Public())))
	remote := follow(t, keys.JWKSOptions{URL: good.URL + "/jwks.json?a=b", CoolDown: time.Nanosecond, Refresh: time.Hour}).good(t)
	v := verifier(t, remote)
	for _, kid := range []string{"../../../etc/passwd", evil.URL, "//" + evil.Listener.Addr().String(), "k?x", "%2e%2e%2f", "k#"} {
		forged := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"sub": "alice", "iss": evil.URL, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		})
		forged.Header["kid"], forged.Header["jku"], forged.Header["x5u"] = kid, evil.URL, evil.URL
		forged.Header["jwk"] = map[string]string{"kty": "OKP", "crv": "Ed25519", "x": b64(pairs()["EdDSA"].Public().(ed25519.PublicKey))}
		text, err := forged.SignedString(pairs()["EdDSA"])
		if err != nil {
			t.Fatal(err)
		}
		check(t, v, kid, text, "TOKEN_INVALID unknown_key")
	}
	good.asked.Range(func(uri, _ any) bool {
		if uri != "/jwks.json?a=b" {
			t.Errorf("the issuer was asked for %s", uri)
		}
		return true
	})
	if n := evil.fetches.Load(); n != 0 {
		t.Errorf("an address out of a token was asked %d times", n)
	}
}

// Attack 14.
func TestTwoIssuersWithTheSameKidNeverShareKeys(t *testing.T) {
	type party struct {
		name string
		key  any
		v    *authz.Verifier
	}
	var parties []party
	for _, name := range []string{"one", "two"} {
		ed := newEd(t)
		source := follow(t, keys.JWKSOptions{URL: newIssuer(t, set(jwk("2026", ed.Public()))).URL}).good(t)
		parties = append(parties, party{name, ed, verifier(t, source)})
	}
	for _, at := range parties {
		for _, by := range parties {
			want := "TOKEN_INVALID signature"
			if at.name == by.name {
				want = "valid"
			}
			check(t, at.v, "a token of issuer "+by.name+" at "+at.name, token(t, "EdDSA", "2026", by.key), want)
		}
	}
}

// Attack 15.
func TestARedirectIsNotFollowed(t *testing.T) {
	private := newIssuer(t, set(jwk("k", newEd(t).Public())))
	for _, status := range []int{301, 302, 303, 307, 308} {
		public := newIssuer(t, "")
		public.does(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, private.URL, status) })
		remote := follow(t, keys.JWKSOptions{URL: public.URL})
		if err := remote.next(t); err == nil || !strings.Contains(err.Error(), fmt.Sprint(status)) || remote.Loaded() {
			t.Errorf("%d: %v, loaded %t", status, err, remote.Loaded())
		}
	}
	if n := private.fetches.Load(); n != 0 {
		t.Errorf("the redirect was followed %d times", n)
	}
}

// Attack 15: and no proxy of the environment, nor credentials, user or
// fragment in the address.
func TestAnAddressThatIsNoneIsRefused(t *testing.T) {
	for _, url := range []string{
		"", "jwks.json", "/jwks.json", "ftp://h/x", "http://", "https:///x", "https://user:CANARY@h/x", "http://h/#f", "http:h/x",
		"file://", "file://h/x", "file:x", "file:///x?y", "://", "http://a b/",
	} {
		if _, err := keys.NewJWKS(keys.JWKSOptions{URL: url}); err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

// Attack 16.
func TestTenThousandUnknownKidsCostOneFetchAndARotationHeals(t *testing.T) {
	first, second := newEd(t), newEd(t)
	server := newIssuer(t, set(jwk("first", first.Public())))
	remote := follow(t, keys.JWKSOptions{URL: server.URL}).good(t)
	v := verifier(t, remote)
	good := token(t, "EdDSA", "first", first)
	keys.ForgetFetch(remote.JWKS) // the cool-down is over
	forged := token(t, "EdDSA", "x", newEd(t))
	_, rest, _ := strings.Cut(forged, ".")
	var senders sync.WaitGroup
	for s := range 10 {
		senders.Go(func() {
			for n := range 1000 {
				d := v.Decide(context.Background(), b64(fmt.Appendf(nil, `{"alg":"EdDSA","kid":"%d-%d"}`, s, n))+"."+rest)
				if d.Reason != authz.ReasonUnknownKey && d.Reason != authz.ReasonKeysDown {
					t.Errorf("an unknown kid: %s %s", d.Refusal(), d.Reason)
				}
				if n%100 == 0 {
					check(t, v, "a good token meanwhile", good, "valid")
				}
			}
		})
	}
	senders.Wait()
	if n := server.fetches.Load(); n != 2 {
		t.Errorf("%d fetches, want the first and one for the cool-down", n)
	}

	server.serve(set(jwk("second", second.Public())))
	rotated := token(t, "EdDSA", "second", second)
	check(t, v, "a rotated key before the cool-down is over", rotated, "AUTH_UNAVAILABLE keys_unavailable")
	keys.ForgetFetch(remote.JWKS)
	check(t, v, "a rotated key behind it", rotated, "valid")
	check(t, v, "the key that was taken away", good, "AUTH_UNAVAILABLE keys_unavailable")
	keys.ForgetFetch(remote.JWKS)
	check(t, v, "the same, once it is certain", good, "TOKEN_INVALID unknown_key")
}

// Attack 17.
func TestNoTokenIsJudgedBeforeTheFirstGoodSet(t *testing.T) {
	ed := newEd(t)
	server := newIssuer(t, "")
	server.does(func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "down", http.StatusServiceUnavailable) })
	remote := follow(t, keys.JWKSOptions{URL: server.URL, CoolDown: time.Millisecond, Refresh: time.Hour})
	if remote.next(t) == nil || remote.Loaded() {
		t.Fatal("loaded without a set")
	}
	v := verifier(t, remote)
	check(t, v, "a good token", token(t, "EdDSA", "k", ed), "AUTH_UNAVAILABLE keys_unavailable")
	server.serve(set(jwk("k", ed.Public())))
	remote.until(t, func(err error) bool { return err == nil })
	if !remote.Loaded() {
		t.Error("not loaded behind a good fetch")
	}
	check(t, v, "the same behind a good fetch", token(t, "EdDSA", "k", ed), "valid")
}

// Attack 17.
func TestTheLastGoodKeysOutliveEverythingThatIsNoSet(t *testing.T) {
	ed := newEd(t)
	good := set(jwk("k", ed.Public()))
	server := newIssuer(t, good)
	remote := follow(t, keys.JWKSOptions{URL: server.URL, Timeout: 50 * time.Millisecond, CoolDown: time.Millisecond, Refresh: time.Millisecond})
	remote.until(t, func(err error) bool { return err == nil })
	v := verifier(t, remote)
	text := func(s string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) }
	}
	for what, answer := range map[string]http.HandlerFunc{
		"503":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) },
		"204":            func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) },
		"HTML":           text("<!DOCTYPE html><title>Sign in</title>"),
		"nothing":        text(""),
		"no object":      text("[]"),
		"null":           text("null"),
		"no keys":        text("{}"),
		"an empty set":   text(set()),
		"broken":         text(good[:len(good)-1]),
		"two documents":  text(good + good),
		"keys twice":     text(`{"keys":[],` + good[1:]),
		"only secrets":   text(set(`{"kty":"oct","kid":"k","k":"AAAA"}`)),
		"no key to sign": text(set(jwk("k", ed.Public(), `"use":"enc"`))),
		"too many keys":  text(set(strings.Repeat(jwk("k", ed.Public())+",", 256) + jwk("k", ed.Public()))),
		"a mebibyte":     text(good + strings.Repeat(" ", 1<<20)),
		"a gibibyte":     endless,
		"never":          func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
		"a reset":        func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"one byte a day": func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, "{")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
	} {
		server.does(answer)
		remote.until(t, func(err error) bool { return err != nil })
		check(t, v, "after "+what, token(t, "EdDSA", "k", ed), "valid")
		server.serve(good)
		remote.until(t, func(err error) bool { return err == nil })
	}
	server.Close()
	remote.until(t, func(err error) bool { return err != nil })
	check(t, v, "after the issuer died", token(t, "EdDSA", "k", ed), "valid")
	if !remote.Loaded() {
		t.Error("an outage takes the readiness away, though the keys are there")
	}
}

func endless(w http.ResponseWriter, r *http.Request) {
	for chunk := strings.Repeat(" ", 64<<10); r.Context().Err() == nil; {
		if _, err := io.WriteString(w, chunk); err != nil {
			return
		}
	}
}
