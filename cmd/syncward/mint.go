package main

import (
	"maps"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// draft is a token before it is signed. Empty strings are claims that it does
// not have.
type draft struct {
	User, Issuer, Audience string
	Type                   string // the typ header; "" is JWT
	Issued, Expires        time.Time
	Extra                  map[string]any // further claims; those above win
}

// claims lays the draft out, the user at a dotted path.
func (d draft) claims(userClaim string) jwt.MapClaims {
	claims := jwt.MapClaims{}
	maps.Copy(claims, d.Extra)
	claims["iat"], claims["exp"] = d.Issued.Unix(), d.Expires.Unix()
	if d.Issuer != "" {
		claims["iss"] = d.Issuer
	}
	if d.Audience != "" {
		claims["aud"] = d.Audience
	}
	path := strings.Split(userClaim, ".")
	at := map[string]any(claims)
	for _, name := range path[:len(path)-1] {
		inner := map[string]any{}
		at[name] = inner
		at = inner
	}
	at[path[len(path)-1]] = d.User
	return claims
}

// sign returns the token, signed with an HMAC algorithm.
func (d draft) sign(alg string, key []byte, userClaim string) (string, error) {
	t := jwt.NewWithClaims(jwt.GetSigningMethod(alg), d.claims(userClaim))
	if d.Type != "" {
		t.Header["typ"] = d.Type
	}
	return t.SignedString(key)
}

// mint makes a token as the configuration wants them, for check.
func mint(c *config, alg string) (string, error) {
	now := time.Now()
	d := draft{
		User: "syncward-check", Issuer: c.JWTIssuer, Audience: c.JWTAudience, Type: c.JWTType,
		Issued: now, Expires: now.Add(min(time.Minute, c.JWTMaxLifetime)),
	}
	return d.sign(alg, c.Secrets.JWT, c.JWTUserClaim)
}
