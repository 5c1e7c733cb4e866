package identity_test

import (
	"bytes"
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/syncward/syncward/identity"
)

func sec1(t *testing.T, key *ecdsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}))
}

func publicPEM(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func TestParseKeyTakesTheThreeKindsAndNothingElse(t *testing.T) {
	ed, ec := edKey("k"), ecKey(t, "k")
	edPEM, ecPEM := pkcs8(t, ed), pkcs8(t, ec)
	params := "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
	x25519 := must(ecdh.X25519().GenerateKey(rand.Reader))
	for _, c := range []struct {
		name, in, alg string
		err           error
	}{
		{"an Ed25519 key", edPEM, "EdDSA", nil},
		{"white space round it", "\n" + edPEM + " \n", "EdDSA", nil},
		{"a P-256 key in PKCS#8", ecPEM, "ES256", nil},
		{"a P-256 key in SEC 1", sec1(t, ec), "ES256", nil},
		{"a P-256 key as openssl writes it", params + sec1(t, ec), "ES256", nil},
		{"a secret of 32 bytes", strings.Repeat("s", 32), "HS256", nil},
		{"a secret of 31 bytes", strings.Repeat("s", 31), "", identity.ErrKeyShort},
		{"nothing", "", "", identity.ErrKeyShort},
		{"an RSA key", pkcs8(t, must(rsa.GenerateKey(rand.Reader, 2048))), "", identity.ErrKeyType},
		{"a P-384 key", pkcs8(t, must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))), "", identity.ErrKeyType},
		{"an X25519 key", pkcs8(t, x25519), "", identity.ErrKeyType},
		{"a public key, never a secret", publicPEM(t, ed.Public()), "", identity.ErrKeyType},
		{"an encrypted key", strings.ReplaceAll(edPEM, "PRIVATE", "ENCRYPTED PRIVATE"), "", identity.ErrKeyType},
		{"two keys", edPEM + ecPEM, "", identity.ErrKeyFormat},
		{"text in front", "comment\n" + edPEM, "", identity.ErrKeyFormat},
		{"text behind", edPEM + "more", "", identity.ErrKeyFormat},
		{"PEM cut short", edPEM[:60], "", identity.ErrKeyFormat},
		{"PEM of rubbish", strings.Replace(edPEM, "MC4", "MC5", 1), "", identity.ErrKeyFormat},
		{"parameters only", params, "", identity.ErrKeyFormat},
	} {
		key, err := identity.ParseKey([]byte(c.in))
		if !errors.Is(err, c.err) || key.Algorithm() != c.alg {
			t.Errorf("%s: %v, %v; want %q, %v", c.name, key, err, c.alg, c.err)
		}
	}
}

func TestParseKeyKeepsItsOwnCopyOfTheSecret(t *testing.T) {
	secret := bytes.Repeat([]byte("s"), 32)
	key := must(identity.ParseKey(secret))
	signer := newSigner(t, key)
	clear(secret)
	v := verifierFor(must(identity.ParseKey(bytes.Repeat([]byte("s"), 32))))
	if _, err := v.Verify(signedRequest(t, signer)); err != nil {
		t.Error(err)
	}
}

func TestTheKeyIDIsTheThumbprintOfRFC8037(t *testing.T) {
	set, err := identity.ParseJWKS([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519",
		"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := set.KeyIDs(); len(got) != 1 || got[0] != "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k" {
		t.Errorf("got %q", got)
	}
}

func TestTheKeyIDsOfTheVectorsAreOurs(t *testing.T) {
	for name, k := range readVectors(t).Keys {
		key, err := identity.ParseKey([]byte(k.Secret + k.PEM))
		if err != nil || key.KeyID() != k.KeyID || key.Algorithm() != k.Alg {
			t.Errorf("%s: %v, %v; want %s %s", name, key, err, k.Alg, k.KeyID)
		}
	}
}

func TestGeneratedKeysDiffer(t *testing.T) {
	a, b := identity.GenerateKey(), identity.GenerateKey()
	if a.Algorithm() != "EdDSA" || a.KeyID() == b.KeyID() {
		t.Errorf("%v, %v", a, b)
	}
}

func TestNoWayOfPrintingAKeyShowsItsSecret(t *testing.T) {
	ed := edKey("canary")
	ec := must(ecKey(t, "canary").Bytes())
	for _, c := range []struct {
		secret []byte
		key    identity.Key
	}{
		{[]byte(hmacSecret), must(identity.ParseKey([]byte(hmacSecret)))},
		{ed.Seed(), must(identity.ParseKey([]byte(pkcs8(t, ed))))},
		{ec, must(identity.ParseKey([]byte(pkcs8(t, ecKey(t, "canary")))))},
	} {
		signer := newSigner(t, c.key)
		must(signer.Sign(alice, upgrade, now))
		type nested struct {
			Key  identity.Key
			deep struct {
				key identity.Key
				set identity.KeySet
			}
		}
		n := nested{Key: c.key}
		n.deep.key, n.deep.set = c.key, identity.NewKeySet(c.key)
		for _, value := range []any{c.key, &c.key, n, &n, []any{n}, n.deep.set, verifierFor(c.key), signer} {
			for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o"} {
				if shows(fmt.Sprintf(verb, value), verb, c.secret) {
					t.Errorf("%s of %T shows a secret of %s", verb, value, c.key.Algorithm())
				}
			}
		}
		if out := must(json.Marshal(n)); shows(string(out), "%s", c.secret) {
			t.Errorf("JSON shows a secret of %s", c.key.Algorithm())
		}
	}
}

// shows looks for eight bytes of the secret, in the spellings of fmt.
func shows(out, verb string, secret []byte) bool {
	secret = secret[:8]
	for _, v := range []string{verb, "%v", "%s", "%x", "%X", "%#v"} {
		mark := strings.Trim(strings.TrimPrefix(fmt.Sprintf(v, secret), "[]byte{"), "[]{}")
		if strings.Contains(out, mark) {
			return true
		}
	}
	return false
}
