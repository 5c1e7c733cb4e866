package authz_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"hash"
	"strings"
	"testing"
	"time"

	"github.com/syncward/syncward/authz"
)

const (
	secret      = "current-secret-of-the-tests-0123456789"
	otherSecret = "another-secret-of-the-tests-9876543210"
	now         = int64(1_800_000_000) // what every clock here says, in Unix seconds
)

func at(seconds int64) time.Time { return time.Unix(seconds, 0).UTC() }

func clock() time.Time { return at(now) }

// segment encodes one part of a token.
func segment(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// signed signs header and claims as they are, well-formed or not.
func signed(newHash func() hash.Hash, key, header, claims string) string {
	input := segment(header) + "." + segment(claims)
	return input + "." + segment(mac(newHash, key, input))
}

func mac(newHash func() hash.Hash, key, input string) string {
	m := hmac.New(newHash, []byte(key))
	m.Write([]byte(input))
	return string(m.Sum(nil))
}

const plainHeader = `{"alg":"HS256","typ":"JWT"}`

// hs256 is a token with these claims under the current secret.
func hs256(claims string) string { return signed256(secret, plainHeader, claims) }

// signed256 signs header and claims as they are, with HS256.
func signed256(key, header, claims string) string { return signed(sha256.New, key, header, claims) }

// withHeader is a token that is right but for its header.
func withHeader(header string) string {
	newHash := sha256.New
	switch {
	case strings.Contains(header, `"HS384"`):
		newHash = sha512.New384
	case strings.Contains(header, `"HS512"`):
		newHash = sha512.New
	}
	return signed(newHash, secret, header, claims())
}

// claims are those of a good token of alice that ends in an hour; each part
// replaces the value of the name that it begins with, or removes it where the
// value is "-", or is added.
func claims(parts ...string) string {
	names := []string{"sub", "iss", "aud", "iat", "exp"}
	values := map[string]string{
		"sub": `"alice"`, "iss": `"https://issuer.test"`, "aud": `"sync"`,
		"iat": fmt.Sprint(now - 60), "exp": fmt.Sprint(now + 3600),
	}
	for _, part := range parts {
		name, value, _ := strings.Cut(part, "=")
		if _, known := values[name]; !known {
			names = append(names, name)
		}
		values[name] = value
	}
	var members []string
	for _, name := range names {
		if values[name] != "-" {
			members = append(members, fmt.Sprintf("%q:%s", name, values[name]))
		}
	}
	return "{" + strings.Join(members, ",") + "}"
}

// config is what most tests judge by: issuer and audience pinned, 30 s of
// leeway, a day of grace.
func config(t testing.TB) authz.Config {
	t.Helper()
	secrets, err := authz.NewHMACSecrets([]byte(secret), nil, time.Time{}, clock)
	if err != nil {
		t.Fatal(err)
	}
	return authz.Config{
		Keys: secrets, Issuer: "https://issuer.test", Audience: "sync",
		Leeway: authz.DefaultLeeway, Grace: authz.DefaultGrace, Now: clock,
	}
}

// verifier is that of config with the changes.
func verifier(t testing.TB, changes ...func(*authz.Config)) *authz.Verifier {
	t.Helper()
	c := config(t)
	for _, change := range changes {
		change(&c)
	}
	v, err := authz.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// verdict writes a decision as one word or two: "valid", "grace", or the code
// and the reason.
func verdict(d authz.Decision) string {
	if d.Allow {
		return string(d.Status)
	}
	return string(d.Refusal()) + " " + string(d.Reason)
}

// check holds the sentence "what is want", and that a decision is whole: an
// allowed one has a user, a status and no code, a refused one has no status.
func check(t *testing.T, v *authz.Verifier, what, token, want string) authz.Decision {
	t.Helper()
	d := v.Decide(context.Background(), token)
	if got := verdict(d); got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
	if d.Allow != (d.Code == "") || d.Allow != (d.Status != "") || d.Allow && (d.UserID == "" || d.ExpiresAt.IsZero()) {
		t.Errorf("%s: half a decision: %+v", what, d)
	}
	return d
}
