package keys_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
)

func TestEachKindOfPublicKeyServesItsAlgorithms(t *testing.T) {
	for alg, want := range map[string][]string{
		"RS256": {"RS256", "PS256"}, "ES256": {"ES256"}, "ES384": {"ES384"}, "EdDSA": {"EdDSA"},
	} {
		static, err := keys.ParsePEM(publicPEM(t, alg))
		if err != nil {
			t.Fatal(err)
		}
		if got := static.Algorithms(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", alg, got, want)
		}
		for _, served := range want {
			check(t, verifier(t, static), served, token(t, served, "any kid", pairs()[alg]), "valid")
			check(t, verifier(t, static), served+" of a stranger", token(t, served, "", stranger(t, served)), "TOKEN_INVALID signature")
		}
	}
}

// stranger is a key of the kind of alg that nobody knows.
func stranger(t testing.TB, alg string) any {
	t.Helper()
	var key any
	var err error
	switch alg {
	case "RS256", "PS256":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	case "ES256":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "ES384":
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	default:
		return newEd(t)
	}
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestWhatIsNoPublicKeyIsRefused(t *testing.T) {
	good := string(publicPEM(t, "EdDSA"))
	block := func(kind string, der []byte, err error) string {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p224DER, err := x509.MarshalPKIXPublicKey(p224.Public())
	private, err2 := x509.MarshalPKCS8PrivateKey(pairs()["EdDSA"])
	pkcs1 := x509.MarshalPKCS1PublicKey(pairs()["RS256"].Public().(*rsa.PublicKey))
	for what, c := range map[string]struct{ text, want string }{
		"nothing":             {"", "no PEM block"},
		"no PEM":              {"CANARY", "no PEM block"},
		"no DER":              {block("PUBLIC KEY", []byte("CANARY"), nil), "cannot be read"},
		"another curve":       {block("PUBLIC KEY", p224DER, err), "neither RSA"},
		"a private key":       {block("PRIVATE KEY", private, err2), "private key"},
		"one behind a public": {good + block("PRIVATE KEY", private, err2), "private key"},
		"a certificate":       {block("CERTIFICATE", []byte("CANARY"), nil), "no public key"},
		"half a block":        {good + "-----BEGIN PUBLIC KEY-----\nCANARY\n", "cannot be read"},
		"nine keys":           {strings.Repeat(good, 9), "more than 8"},
		"eight keys":          {strings.Repeat(good, 8), ""},
		"PKCS #1":             {block("RSA PUBLIC KEY", pkcs1, nil), ""},
	} {
		_, err := keys.ParsePEM([]byte(c.text))
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", what, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "CANARY")):
			t.Errorf("%s: %v, want %q", what, err, c.want)
		}
	}
}

func TestJoinedSourcesEachServeTheirOwnAlgorithms(t *testing.T) {
	secret := []byte("current-secret-of-the-tests-0123456789")
	secrets, err := authz.NewHMACSecrets(secret, nil, time.Time{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	static, err := keys.ParsePEM(publicPEM(t, "RS256", "EdDSA"))
	if err != nil {
		t.Fatal(err)
	}
	ed := newEd(t)
	remote := follow(t, keys.JWKSOptions{URL: newIssuer(t, set(jwk("k", ed.Public()))).URL}).good(t)
	all := keys.Join(secrets, static, remote)
	v := verifier(t, all)
	check(t, v, "the secret", token(t, "HS512", "", secret), "valid")
	check(t, v, "the PEM key", token(t, "RS256", "", pairs()["RS256"]), "valid")
	check(t, v, "the PEM key of a kind that both have", token(t, "EdDSA", "", pairs()["EdDSA"]), "valid")
	check(t, v, "the key of the set", token(t, "EdDSA", "k", ed), "valid")
	check(t, v, "nobody's", token(t, "EdDSA", "k", newEd(t)), "TOKEN_INVALID signature")
	check(t, v, "a kind that none has yet", token(t, "ES256", "", pairs()["ES256"]), "AUTH_UNAVAILABLE keys_unavailable")
	if got := all.Algorithms(); len(got) != 8 {
		t.Errorf("algorithms %v", got)
	}
	if _, err := keys.Join().Find(context.Background(), authz.Header{Alg: "HS256"}); !errors.Is(err, authz.ErrNoKeys) {
		t.Errorf("nothing joined: %v", err)
	}
}

// One source that cannot answer neither hides another's keys nor lets a token
// be blamed.
func TestASourceThatIsDownHidesNoOther(t *testing.T) {
	static, err := keys.ParsePEM(publicPEM(t, "EdDSA"))
	if err != nil {
		t.Fatal(err)
	}
	server := newIssuer(t, "")
	remote := follow(t, keys.JWKSOptions{URL: server.URL})
	if remote.next(t) == nil {
		t.Fatal("an empty set is good")
	}
	for _, source := range []authz.Keys{keys.Join(static, remote), keys.Join(remote, static)} {
		v := verifier(t, source)
		check(t, v, "a token of the PEM key", token(t, "EdDSA", "x", pairs()["EdDSA"]), "valid")
		check(t, v, "one that may be of the set", token(t, "EdDSA", "x", newEd(t)), "AUTH_UNAVAILABLE keys_unavailable")
	}
}
