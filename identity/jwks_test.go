package identity_test

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/syncward/syncward/identity"
)

func TestTheJWKSHoldsPublicKeysOnlyAndEachOnce(t *testing.T) {
	ed := must(identity.ParseKey([]byte(pkcs8(t, edKey("a")))))
	ec := must(identity.ParseKey([]byte(pkcs8(t, ecKey(t, "a")))))
	secret := must(identity.ParseKey([]byte(hmacSecret)))
	for _, c := range []struct {
		name              string
		current, previous identity.Key
		want              []string
	}{
		{"current alone", ed, identity.Key{}, []string{ed.KeyID()}},
		{"current and previous", ec, ed, []string{ec.KeyID(), ed.KeyID()}},
		{"the same twice", ed, ed, []string{ed.KeyID()}},
		{"a secret, after a public key", secret, ed, []string{ed.KeyID()}},
		{"a secret as the previous key", ed, secret, []string{ed.KeyID()}},
		{"secrets only", secret, secret, nil},
	} {
		signer, err := identity.NewSigner(identity.SignerOptions{Key: c.current, Previous: c.previous})
		if err != nil {
			t.Fatal(err)
		}
		var document struct{ Keys []map[string]string }
		if err := json.Unmarshal(signer.JWKS(), &document); err != nil || document.Keys == nil {
			t.Fatalf("%s: %s: %v", c.name, signer.JWKS(), err)
		}
		var ids []string
		for _, key := range document.Keys {
			ids = append(ids, key["kid"])
			if key["d"] != "" || key["k"] != "" || key["use"] != "sig" || key["kty"] == "oct" {
				t.Errorf("%s: %v", c.name, key)
			}
		}
		if !slices.Equal(ids, c.want) {
			t.Errorf("%s: %v, want %v", c.name, ids, c.want)
		}
		if set, err := identity.ParseJWKS(signer.JWKS()); err == nil && !slices.Equal(set.KeyIDs(), c.want) {
			t.Errorf("%s: read back %v", c.name, set.KeyIDs())
		}
	}
}

func TestParseJWKSLeavesOutWhatItDoesNotKnowAndRefusesWhatIsWrong(t *testing.T) {
	x := b64(edKey("a").Public().(ed25519.PublicKey))
	good := `{"kty":"OKP","crv":"Ed25519","x":"` + x + `","kid":"good"}`
	ec := ecMembers(t, ecKey(t, "a"))
	point := func(x, y string) string { return `{"kty":"EC","crv":"P-256","x":"` + x + `","y":"` + y + `"}` }
	for _, c := range []struct {
		name, in string
		want     []string // nil: refused
	}{
		{"one key", `{"keys":[` + good + `]}`, []string{"good"}},
		{"unknown members", `{"a":{},"keys":[{"key_ops":["verify"],` + good[1:] + `]}`, []string{"good"}},
		{"an RSA key beside it", `{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"},` + good + `]}`, []string{"good"}},
		{"an encryption key beside it", `{"keys":[{"use":"enc",` + good[1:] + `,` + good + `]}`, []string{"good"}},
		{"another algorithm's key beside it", `{"keys":[{"alg":"ES384","kty":"EC","crv":"P-256"},` + good + `]}`, []string{"good"}},
		{"a key that claims another kind's algorithm", `{"keys":[{"alg":"HS256",` + good[1:] + `]}`, nil},
		{"no keys", `{"keys":[]}`, nil},
		{"no list", `{}`, nil},
		{"keys is an object", `{"keys":{}}`, nil},
		{"HTML", `<html>`, nil},
		{"nothing", ``, nil},
		{"trailing data", `{"keys":[` + good + `]}x`, nil},
		{"keys twice", `{"keys":[` + good + `],"keys":[]}`, nil},
		{"a member twice", `{"keys":[{"kid":"a",` + good[1:] + `]}`, nil},
		{"a kid twice", `{"keys":[` + good + `,` + good + `]}`, nil},
		{"a private key", `{"keys":[{"d":"AA",` + good[1:] + `]}`, nil},
		{"a secret", `{"keys":[` + good + `,{"kty":"oct","k":"AA"}]}`, nil},
		{"a member that is no string", `{"keys":[{"alg":1,` + good[1:] + `]}`, nil},
		{"a key that is no object", `{"keys":[` + good + `,1]}`, nil},
		{"x cut short", `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}`, nil},
		{"x with padding", `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + x + `="}]}`, nil},
		{"x with a line break", `{"keys":[{"kty":"OKP","crv":"Ed25519","x":"` + x[:4] + `\n` + x[4:] + `"}]}`, nil},
		{"a point off the curve", `{"keys":[` + point(ec["x"], ec["x"]) + `]}`, nil},
		{"a point without y", `{"keys":[` + point(ec["x"], "") + `]}`, nil},
		{"too large", `{"keys":[` + good + `]}` + strings.Repeat(" ", 64<<10), nil},
	} {
		set, err := identity.ParseJWKS([]byte(c.in))
		if c.want == nil {
			if !errors.Is(err, identity.ErrJWKS) || len(set.KeyIDs()) != 0 {
				t.Errorf("%s: %v, %v", c.name, set.KeyIDs(), err)
			}
			continue
		}
		if err != nil || !slices.Equal(set.KeyIDs(), c.want) {
			t.Errorf("%s: %v, %v; want %v", c.name, set.KeyIDs(), err, c.want)
		}
	}
}

func FuzzParseJWKSNeverPanics(f *testing.F) {
	for _, k := range readVectors(f).Keys {
		f.Add([]byte(k.JWKS))
	}
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","x":"","y":""}]}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		set, err := identity.ParseJWKS(document)
		if (err == nil) != (len(set.KeyIDs()) > 0) {
			t.Errorf("%d keys and %v", len(set.KeyIDs()), err)
		}
	})
}
