package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// probe is one thing that was tried.
type probe struct {
	Name   string `json:"name"`
	OK     bool   `json:"ok"`
	Detail string `json:"detail"`
}

// probeAll tries what serve will need.
func probeAll(ctx context.Context, c *config) []probe {
	return []probe{
		probeListen("listen", c.ListenAddr), probeListen("admin", c.AdminAddr), probeKeys(ctx, c), probeUpstream(ctx, c),
	}
}

// probeListen tries to listen. An address in use is no failure: check is run
// beside the serve that uses it.
func probeListen(name, addr string) probe {
	ln, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return probe{name, true, addr + " is in use: by a running syncward, or by another process that must go first"}
	case err != nil:
		return probe{name, false, addr + ": " + plain(err)}
	}
	ln.Close()
	return probe{name, true, addr}
}

// probeKeys makes a token with the key and has it judged by the code that
// judges clients' tokens.
func probeKeys(ctx context.Context, c *config) probe {
	const name = "keys"
	l, err := newLive(c)
	if err != nil {
		return probe{name, false, err.Error()}
	}
	v, err := l.verifier()
	if err != nil {
		return probe{name, false, strings.ReplaceAll(err.Error(), "\n", "; ")}
	}
	if len(c.Secrets.JWT) == 0 {
		return probe{name, true, "none configured, none needed in mode " + l.policy().Mode.String()}
	}
	alg := "HS256"
	if len(c.JWTAlgorithms) > 0 {
		alg = c.JWTAlgorithms[0]
	}
	token, err := mint(c, alg)
	if err != nil {
		return probe{name, false, "no token could be made with " + alg}
	}
	if d := v.Decide(ctx, token); !d.Allow {
		return probe{name, false, fmt.Sprintf("a token made with JWT_SECRET is refused: %s (%s)", d.Refusal(), d.Reason)}
	}
	detail := "a token made with JWT_SECRET (" + alg + ") is accepted"
	if len(c.Secrets.Identity) > 0 { // an ephemeral key would be another one in serve
		detail += ", assertions are signed by key " + l.signer.Load().KeyID()
	}
	return probe{name, true, detail}
}

// mint makes a token as the configuration wants them.
func mint(c *config, alg string) (string, error) {
	now := time.Now()
	life := min(time.Minute, c.JWTMaxLifetime)
	claims := jwt.MapClaims{"iat": now.Unix(), "exp": now.Add(life).Unix()}
	if c.JWTIssuer != "" {
		claims["iss"] = c.JWTIssuer
	}
	if c.JWTAudience != "" {
		claims["aud"] = c.JWTAudience
	}
	path := strings.Split(c.JWTUserClaim, ".")
	at := map[string]any(claims)
	for _, name := range path[:len(path)-1] {
		inner := map[string]any{}
		at[name] = inner
		at = inner
	}
	at[path[len(path)-1]] = "syncward-check"
	t := jwt.NewWithClaims(jwt.GetSigningMethod(alg), claims)
	if c.JWTType != "" {
		t.Header["typ"] = c.JWTType
	}
	return t.SignedString(c.Secrets.JWT)
}

// probeUpstream connects, and shakes hands where there is TLS. It sends no
// request: what an upstream answers to one is its own affair.
func probeUpstream(ctx context.Context, c *config) probe {
	const name = "upstream"
	up := c.upstream()
	ctx, cancel := context.WithTimeout(ctx, c.DialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, up.Network, up.Address)
	if err != nil {
		return probe{name, false, up.Address + ": " + plain(err) + "; start it, or correct UPSTREAM_URL"}
	}
	defer conn.Close()
	if up.TLS == nil {
		return probe{name, true, up.Address + " accepts connections"}
	}
	if err := tls.Client(conn, up.TLS).HandshakeContext(ctx); err != nil {
		return probe{name, false, up.Address + ": TLS: " + plain(err) + "; see UPSTREAM_CA_FILE, UPSTREAM_CERT_FILE"}
	}
	return probe{name, true, up.Address + " accepts TLS connections"}
}

// plain returns the innermost reason of a network error, without the
// addresses that our caller names itself.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	return err.Error()
}
