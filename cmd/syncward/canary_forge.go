package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/identity"
)

// forgery is what one attempt sends, and the only answer that is right.
type forgery struct {
	name  string
	token string // "": none
	want  authz.Code
}

// forgeries are all attempts. Each is signed with a key that was made a moment
// ago and is forgotten with the process, so none of them is worth anything.
func forgeries(now time.Time) []forgery {
	live := jwt.MapClaims{"sub": "syncward-canary", "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
	old := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
	past := jwt.MapClaims{"sub": "syncward-canary", "iat": old.Unix(), "exp": old.Add(time.Hour).Unix()}
	assertion := jwt.MapClaims{
		"iss": "syncward", "aud": "sync-upstream", "sub": "syncward-canary", "status": string(authz.Valid),
		"iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": rand.Text(),
	}
	return []forgery{
		{"no token", "", authz.AuthRequired},
		{"garbage", "syncward-canary-" + rand.Text(), authz.TokenInvalid},
		{"unsigned, alg none", forge("none", "JWT", live), authz.TokenInvalid},
		{"signed with another key", forge("HS256", "JWT", live), authz.TokenInvalid},
		{"the same, expired in 2001", forge("HS256", "JWT", past), authz.TokenInvalid},
		{"an assertion", forge("HS256", identity.Type, assertion), authz.TokenInvalid},
	}
}

// forge makes a token that nobody may accept.
func forge(alg, typ string, claims jwt.MapClaims) string {
	input := part(map[string]any{"alg": alg, "typ": typ}) + "." + part(claims)
	if alg == "none" {
		return input + "." // RFC 7519 §6.1: an unsecured JWT has an empty signature
	}
	key := make([]byte, 64)
	rand.Read(key) // it never fails, and fills all
	signature, err := jwt.GetSigningMethod(alg).Sign(input, key)
	if err != nil {
		panic("canary: " + alg + " cannot sign") // an HMAC of bytes cannot fail
	}
	return input + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// part is one part of a compact JWS (RFC 7515 §7.1).
func part[T any](v map[string]T) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("canary: claims that are no JSON")
	}
	return base64.RawURLEncoding.EncodeToString(b)
}
