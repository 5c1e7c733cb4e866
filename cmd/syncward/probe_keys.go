package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
)

// probeKeys tries every key that is configured: it makes a token with the
// secret and has it judged by the code that judges clients' tokens, and fetches
// the JWK set.
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
	if !l.jwt.Load().any {
		return probe{name, true, "none configured, none needed in mode " + l.policy().Mode.String()}
	}
	ok, details := true, []string{}
	for _, try := range []func() (string, error){
		func() (string, error) { return trySecret(ctx, c, v) },
		func() (string, error) { return tryJWKS(ctx, l) },
		func() (string, error) { return tryPublicKeys(c) },
	} {
		detail, err := try()
		if err != nil {
			ok, detail = ok && l.policy().Mode == authz.Off, err.Error()
		}
		if detail != "" {
			details = append(details, detail)
		}
	}
	if len(c.Secrets.Identity) > 0 { // an ephemeral key would be another one in serve
		details = append(details, "assertions are signed by key "+l.signer.Load().KeyID())
	}
	return probe{name, ok, strings.Join(details, ", ")}
}

func trySecret(ctx context.Context, c *config, v *authz.Verifier) (string, error) {
	pinned := c.pinned(algorithms[:3])
	switch {
	case len(c.Secrets.JWT) == 0:
		return "", nil
	case len(pinned) == 0:
		return "JWT_SECRET serves none of JWT_ALGORITHMS", nil
	}
	token, err := mint(c, pinned[0])
	if err != nil {
		return "", errors.New("no token could be made with " + pinned[0])
	}
	if d := v.Decide(ctx, token); !d.Allow {
		return "", fmt.Errorf("a token made with JWT_SECRET is refused: %s (%s)", d.Refusal(), d.Reason)
	}
	return "a token made with JWT_SECRET (" + pinned[0] + ") is accepted", nil
}

func tryJWKS(ctx context.Context, l *live) (string, error) {
	if l.remote == nil {
		return "", nil
	}
	if err := l.remote.Fetch(ctx); err != nil {
		return "", fmt.Errorf("JWT_JWKS_URL %w", err)
	}
	served := l.c.pinned(l.remote.Served())
	if len(served) == 0 {
		return "", errors.New("JWT_JWKS_URL holds no key for any of JWT_ALGORITHMS")
	}
	return "JWT_JWKS_URL has keys for " + words(served), nil
}

func tryPublicKeys(c *config) (string, error) {
	if len(c.Secrets.JWTPublic) == 0 {
		return "", nil
	}
	public, err := keys.ParsePEM(c.Secrets.JWTPublic)
	if err != nil {
		return "", fmt.Errorf("JWT_PUBLIC_KEY_FILE holds %w", err)
	}
	return "JWT_PUBLIC_KEY_FILE has keys for " + words(public.Algorithms()), nil
}

// pinned returns those of list that JWT_ALGORITHMS, where it is set, names; in
// its order.
func (c *config) pinned(list []string) []string {
	if len(c.JWTAlgorithms) == 0 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(c.JWTAlgorithms), func(alg string) bool { return !slices.Contains(list, alg) })
}
