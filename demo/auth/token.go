package auth

import (
	"crypto/rand"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// mint signs a token for user (HS256). The time of issue is no whole number, as
// NumericDate allows (RFC 7519 §2).
func (s *Service) mint(user string, issued, exp time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
		"iss": s.o.Issuer, "aud": s.o.Audience, "sub": user, "jti": rand.Text(),
		"iat": float64(issued.UnixMilli()) / 1000, "exp": exp.Unix(),
	})
	signed, err := token.SignedString(s.o.Secret)
	if err != nil {
		return "", fmt.Errorf("auth: sign: %w", err)
	}
	return signed, nil
}
