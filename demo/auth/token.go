package auth

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// mint signs a token for user that expires at exp (HS256, RFC 7519 §4.1). It was
// issued one life before.
func (s *Service) mint(user string, exp time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": s.o.Issuer, "aud": s.o.Audience, "sub": user, "jti": rand.Text(),
		"iat": exp.Add(-s.o.Life).Unix(), "exp": exp.Unix(),
	})
	signed, err := token.SignedString(s.o.Secret)
	if err != nil {
		return "", fmt.Errorf("auth: sign: %w", err)
	}
	return signed, nil
}
