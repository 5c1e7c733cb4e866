package keys_test

import (
	"strings"
	"testing"

	"github.com/syncward/syncward/authz/keys"
)

// Whatever an address answers is a set with usable keys, or an error with none
// and with nothing of the answer in it.
func FuzzParseSet(f *testing.F) {
	for _, alg := range []string{"RS256", "ES256", "ES384", "EdDSA"} {
		f.Add([]byte(set(jwk("k", pairs()[alg].Public(), `"alg":"`+alg+`"`, `"use":"sig"`))))
	}
	for _, text := range []string{"", "[]", "{}", `{"keys":null}`, set("{}", "null", `{"kty":"oct","k":"AAAA"}`), "<!DOCTYPE html>"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, document []byte) {
		n, err := keys.ParseSet(document)
		if (n > 0) == (err != nil) {
			t.Fatalf("%d keys, error %v", n, err)
		}
		if err != nil && len(document) > 20 && strings.Contains(err.Error(), string(document)) {
			t.Fatalf("the error holds the document: %v", err)
		}
	})
}

// Whatever a file holds is public keys, or an error.
func FuzzParsePEM(f *testing.F) {
	for _, alg := range []string{"RS256", "ES256", "ES384", "EdDSA"} {
		f.Add(publicPEM(f, alg))
	}
	f.Add([]byte("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		static, err := keys.ParsePEM(text)
		if (static != nil && len(static.Algorithms()) > 0) == (err != nil) {
			t.Fatalf("%v, error %v", static, err)
		}
	})
}
