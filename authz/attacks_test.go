package authz_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

// Attack 12.
func TestATokenWithoutASignatureIsRefusedInEverySpellingOfNone(t *testing.T) {
	v := verifier(t)
	for _, alg := range []string{`"none"`, `"None"`, `"NONE"`, `"nOnE"`, `""`, `"HS256 "`, `"hs256"`, `"HS1"`} {
		input := segment(`{"alg":`+alg+`}`) + "." + segment(claims())
		check(t, v, alg+" unsigned", input+".", "TOKEN_INVALID algorithm")
		check(t, v, alg+" signed", input+"."+segment(mac(sha256.New, secret, input)), "TOKEN_INVALID algorithm")
	}
	check(t, v, "HS256 with no signature", segment(plainHeader)+"."+segment(claims())+".", "TOKEN_INVALID signature")
	check(t, v, "no alg", withHeader(`{"typ":"JWT"}`), "TOKEN_INVALID algorithm")
	check(t, v, "alg null", withHeader(`{"alg":null}`), "TOKEN_INVALID format")
	check(t, v, "alg list", withHeader(`{"alg":["HS256"]}`), "TOKEN_INVALID format")
	if _, err := authz.New(authz.Config{Keys: config(t).Keys, Algorithms: []string{"none"}}); err == nil {
		t.Error("none can be pinned")
	}
}

// Attack 12.
func TestAnAlgorithmThatIsNotPinnedIsRefused(t *testing.T) {
	v := verifier(t, func(c *authz.Config) { c.Algorithms = []string{"HS256", "HS512"} })
	check(t, v, "pinned", withHeader(`{"alg":"HS256"}`), "valid")
	check(t, v, "pinned as well", withHeader(`{"alg":"HS512"}`), "valid")
	check(t, v, "not pinned", withHeader(`{"alg":"HS384"}`), "TOKEN_INVALID algorithm")
	check(t, v, "of another key kind", withHeader(`{"alg":"RS256"}`), "TOKEN_INVALID algorithm")
	check(t, verifier(t), "HS384, nothing pinned", withHeader(`{"alg":"HS384"}`), "valid")
}

// Attack 12.
func TestAnRSAPublicKeyIsNeverAnHMACSecret(t *testing.T) {
	pair, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&pair.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	// The key behaves as the careless library does: whatever the algorithm, the
	// bytes of the public key verify.
	careless := func(_ string, input, signature []byte) bool {
		return string(signature) == mac(sha256.New, public, string(input))
	}
	forged := signed256(public, plainHeader, claims())
	source := func(key authz.Key) *authz.Verifier {
		return verifier(t, func(c *authz.Config) {
			c.Keys = keysFunc(func(authz.Header) ([]authz.Key, error) { return []authz.Key{key}, nil })
		})
	}
	algorithms := []string{"HS256", "RS256"} // even a key that was told to serve both
	check(t, source(authz.KeyOf(authz.KindRSA, algorithms, careless)), "an RSA key", forged, "TOKEN_INVALID algorithm")
	check(t, source(authz.KeyOf(authz.KindHMAC, algorithms, careless)), "the same as an HMAC key", forged, "valid")
	check(t, source(authz.KeyOf(authz.KindHMAC, []string{"HS512"}, careless)), "an HMAC key for HS512", forged, "TOKEN_INVALID algorithm")
	check(t, source(authz.Key{}), "no key at all", forged, "TOKEN_INVALID algorithm")
}

// Attack 12.
func TestAnExtensionThatChangesTheMeaningOfATokenIsRefused(t *testing.T) {
	v := verifier(t)
	for _, member := range []string{
		`"crit":["exp"]`, `"crit":["b64"],"b64":false`, `"b64":false`, `"b64":true`, `"crit":[]`, `"crit":null`, `"\u0063rit":["x"]`,
	} {
		check(t, v, member, withHeader(`{"alg":"HS256",`+member+`}`), "TOKEN_INVALID critical_header")
	}
}

// Attack 13.
func TestAKeyInsideATokenIsNeverUsed(t *testing.T) {
	v := verifier(t)
	for _, member := range []string{
		`"jwk":{"kty":"oct","k":"` + segment(otherSecret) + `"}`,
		`"jku":"https://evil.test/jwks.json"`, `"x5u":"https://evil.test/x.pem"`, `"x5c":["` + segment(otherSecret) + `"]`,
	} {
		header := `{"alg":"HS256",` + member + `}`
		check(t, v, "forged with "+member, signed256(otherSecret, header, claims()), "TOKEN_INVALID signature")
		check(t, v, "good, with "+member, withHeader(header), "valid")
	}
}

func TestAKeySourceIsAskedOnlyForPinnedAlgorithms(t *testing.T) {
	v := verifier(t, func(c *authz.Config) {
		c.Algorithms = []string{"HS256"}
		c.Keys = keysFunc(func(h authz.Header) ([]authz.Key, error) {
			t.Errorf("asked for %+v", h)
			return nil, nil
		})
	})
	for _, alg := range []string{"HS512", "RS256", "none", ""} {
		check(t, v, alg, withHeader(`{"alg":"`+alg+`","kid":"k"}`), "TOKEN_INVALID algorithm")
	}
}

// Attack 13.
func TestAHostileKeyIDReachesNoKeySource(t *testing.T) {
	var asked []string
	keys := config(t).Keys
	v := verifier(t, func(c *authz.Config) {
		c.Keys = keysFunc(func(h authz.Header) ([]authz.Key, error) {
			asked = append(asked, h.Kid)
			return keys.Find(context.Background(), h)
		})
	})
	for _, c := range []struct{ what, kid, want string }{
		{"10 KB", `"` + strings.Repeat("k", 10<<10) + `"`, "TOKEN_INVALID format"},
		{"NUL", `"k\u0000"`, "TOKEN_INVALID format"},
		{"line break", `"k\n"`, "TOKEN_INVALID format"},
		{"number", `1`, "TOKEN_INVALID format"},
		{"null", `null`, "TOKEN_INVALID format"},
		{"a path is an opaque name", `"../../../dev/null"`, "valid"},
		{"an ordinary one", `"2026-11"`, "valid"},
	} {
		check(t, v, c.what, withHeader(`{"alg":"HS256","kid":`+c.kid+`}`), c.want)
	}
	if got := strings.Join(asked, " "); got != "../../../dev/null 2026-11" {
		t.Errorf("the source was asked for %q", got)
	}
}

// Attack 18.
func TestGraceIsForTokensThatAreRightInEverythingElse(t *testing.T) {
	v := verifier(t, func(c *authz.Config) { c.Type = "JWT" })
	expired := fmt.Sprintf("exp=%d", now-10)
	check(t, v, "expired and nothing else", hs256(claims(expired)), "grace")
	for _, c := range []struct{ part, want string }{
		{`iss="https://elsewhere.test"`, "issuer"}, {`aud="elsewhere"`, "audience"}, {`sub=""`, "user"}, {`sub="anonymous"`, "user"},
		{fmt.Sprintf("nbf=%d", now+3600), "not_yet_valid"}, {fmt.Sprintf("iat=%d", now+3600), "not_yet_valid"},
		{fmt.Sprintf("iat=%d", now-31*24*3600), "lifetime"}, {"iat=-", "no_iat"}, {"jti=1", "claims"},
	} {
		check(t, v, "expired and "+c.part, hs256(claims(expired, c.part)), "TOKEN_INVALID "+c.want)
	}
	check(t, v, "expired and forged", signed256(otherSecret, plainHeader, claims(expired)), "TOKEN_INVALID signature")
	check(t, v, "expired and of another type", signed256(secret, `{"alg":"HS256","typ":"rt"}`, claims(expired)), "TOKEN_INVALID type")
	long := []string{fmt.Sprintf("exp=%d", now-48*3600), fmt.Sprintf("iat=%d", now-49*3600)}
	check(t, v, "past grace and of another issuer", hs256(claims(append(long, `iss="x"`)...)), "TOKEN_INVALID issuer")
}

// Attack 18.
func TestADateThatIsNoDateIsRefused(t *testing.T) {
	v := verifier(t)
	for _, name := range []string{"exp", "iat"} {
		for _, value := range []string{
			"0", "-0", "0.5", "-1", "-1800000000", "1e308", "1e309", "253402300800", "9223372036854775808",
			`"1800003600"`, `""`, "null", "true", "[1800003600]", "{}", "1e-400",
		} {
			check(t, v, name+" "+value, hs256(claims(name+"="+value)), "TOKEN_INVALID claims")
		}
		for _, value := range []string{"NaN", "Infinity", "01800003600", "+1800003600", "0x6b49d200", "1800003600."} {
			check(t, v, name+" "+value, hs256(claims(name+"="+value)), "TOKEN_INVALID format")
		}
	}
	check(t, v, "no exp", hs256(claims("exp=-")), "TOKEN_INVALID no_exp")
	check(t, v, "no iat", hs256(claims("iat=-")), "TOKEN_INVALID no_iat")
	check(t, v, "EXP instead of exp", hs256(claims("exp=-", fmt.Sprintf("EXP=%d", now+3600))), "TOKEN_INVALID no_exp")
}

// Attack 19.
func TestARefreshTokenIsNoAccessToken(t *testing.T) {
	v := verifier(t, func(c *authz.Config) { c.Type = "at+jwt" })
	for _, typ := range []string{"at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"} {
		check(t, v, typ, withHeader(`{"alg":"HS256","typ":"`+typ+`"}`), "valid")
	}
	for _, typ := range []string{"rt+jwt", "JWT", "", "at+jwt ", "at", "text/at+jwt", "application/application/at+jwt", "at+jw\u0165"} {
		check(t, v, typ, withHeader(`{"alg":"HS256","typ":"`+typ+`"}`), "TOKEN_INVALID type")
	}
	check(t, v, "no typ", withHeader(`{"alg":"HS256"}`), "TOKEN_INVALID type")
	check(t, v, "typ null", withHeader(`{"alg":"HS256","typ":null}`), "TOKEN_INVALID format")
	check(t, verifier(t), "no type asked for", withHeader(`{"alg":"HS256","typ":"rt+jwt"}`), "valid")
}

// Attack 20.
func TestAnEmptyShortOrPublishedSecretIsRefused(t *testing.T) {
	for _, weak := range []string{"", "secret", strings.Repeat("s", 31), "a-string-secret-at-least-256-bits-long"} {
		if _, err := authz.NewHMACSecrets([]byte(weak), nil, time.Time{}, nil); err == nil {
			t.Errorf("%d bytes are a secret", len(weak))
		} else if len(weak) > 10 && strings.Contains(err.Error(), weak) {
			t.Errorf("the error holds the secret: %v", err)
		}
		if weak == "" {
			continue // no previous secret
		}
		if _, err := authz.NewHMACSecrets([]byte(secret), []byte(weak), at(now), nil); err == nil {
			t.Errorf("%d bytes are a previous secret", len(weak))
		}
	}
	if _, err := authz.NewHMACSecrets([]byte(strings.Repeat("s", 32)), nil, time.Time{}, nil); err != nil {
		t.Errorf("32 bytes: %v", err)
	}
}

// Attack 21.
func TestAMegabyteOfDotsCostsNothing(t *testing.T) {
	v := verifier(t)
	check(t, v, "a megabyte of dots", strings.Repeat(".", 1<<20), "TOKEN_INVALID token_too_long")
	check(t, v, "as many dots as are looked at", strings.Repeat(".", authz.DefaultMaxTokenBytes), "TOKEN_INVALID format")
	check(t, v, "one byte too many", strings.Repeat("a", authz.DefaultMaxTokenBytes+1), "TOKEN_INVALID token_too_long")
	for _, size := range []int{1 << 20, authz.DefaultMaxTokenBytes} {
		dots := strings.Repeat(".", size)
		if n := testing.AllocsPerRun(100, func() { v.Decide(context.Background(), dots) }); n > 1 {
			t.Errorf("%d dots: %v allocations", size, n)
		}
	}
}

func TestATokenInAnotherFormIsRefused(t *testing.T) {
	v := verifier(t)
	good := hs256(claims())
	parts := strings.Split(good, ".")
	check(t, v, "the form that is right", good, "valid")
	last := parts[2]
	for what, token := range map[string]string{
		"one segment": parts[0], "two segments": parts[0] + "." + parts[1], "four segments": good + ".",
		"five segments": good + "." + parts[0] + "." + parts[1], "only dots": "..", "a space before": " " + good,
		"a line break after": good + "\n", "a line break inside": parts[0] + ".\r\n" + parts[1] + "." + last,
		"padding": good + "=", "a scheme": "Bearer " + good, "standard base64": strings.ReplaceAll(good, "e", "+"),
		"trailing bits":     good[:len(good)-1] + string(nextInAlphabet(good[len(good)-1])),
		"a stray character": good[:9] + "é" + good[9:], "a segment of one character": "a." + parts[1] + "." + last,
	} {
		check(t, v, what, token, "TOKEN_INVALID format")
	}
}

// nextInAlphabet returns the base64url character after b, which differs from
// it in the last bit for a 32-byte signature's last character.
func nextInAlphabet(b byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return alphabet[strings.IndexByte(alphabet, b)+1]
}

func TestJSONThatTwoReadersWouldReadDifferentlyIsRefused(t *testing.T) {
	v := verifier(t)
	for _, header := range []string{
		`{"alg":"HS256","alg":"HS256"}`, `{"alg":"none","\u0061lg":"HS256"}`, `{"alg":"HS256"}{}`, `{"alg":"HS256",}`,
		`["HS256"]`, `null`, ``, `{"alg":"HS256"`, "\ufeff" + `{"alg":"HS256"}`, `{"alg":"HS256","x":"` + "\xff" + `"}`,
		`{"alg":"HS256","x":{"y":1,"y":2}}`, `{'alg':'HS256'}`, `{"alg":"HS256"/**/}`,
	} {
		check(t, v, "header "+header, withHeader(header), "TOKEN_INVALID format")
	}
	good := claims()
	inner := good[1 : len(good)-1]
	for _, set := range []string{
		`{` + inner + `,"sub":"bob"}`, `{` + inner + `,"\u0073ub":"bob"}`, `{` + inner + `,"x":{"y":1,"y":2}}`, good + good, good + "x",
		`[` + good + `]`, `{` + inner, `{` + inner + `,"x":"` + "\xff" + `"}`, "\ufeff" + good, ``, `"alice"`, `{` + inner + `,"x":"\ud800"}`,
	} {
		check(t, v, "claims "+set, hs256(set), "TOKEN_INVALID format")
	}
	check(t, v, "white space around the claims", hs256(" \n"+good+"\t"), "valid")
	check(t, v, "an escaped name", hs256(strings.Replace(good, `"sub"`, `"\u0073ub"`, 1)), "valid")
}
