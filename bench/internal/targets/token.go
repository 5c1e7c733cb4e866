package targets

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// newSecret returns a secret of 64 visible characters, fit for any
// configuration file.
func newSecret() string {
	var b [32]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// mint returns a token as an auth service issues them, about 330 bytes.
func mint(secret string) (string, error) {
	now := time.Now()
	return jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"sub": "user-4711", "iss": "https://auth.example.com", "aud": "sync",
		"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(), "jti": "0197c1f2-7d57-7c41-9a6e-3c1f0de9a001",
		"name": "Ada Lovelace", "scope": "sync:read sync:write",
	}).SignedString([]byte(secret))
}
