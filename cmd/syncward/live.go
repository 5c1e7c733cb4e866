package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/authz/keys"
	"github.com/syncward/syncward/identity"
)

// live is the part of the configuration that changes while Syncward runs.
// Readers never wait; writers (the follower alone) take the lock.
type live struct {
	c *config

	mu      sync.Mutex
	secrets secrets
	flags   flags

	force       atomic.Pointer[inForce]
	jwt         atomic.Pointer[keyring]
	signer      atomic.Pointer[identity.Signer]
	certificate atomic.Pointer[tls.Certificate] // nil: plain TCP
	upstreamTLS atomic.Pointer[tls.Config]      // nil: plain towards the upstream
	admin       atomic.Pointer[[]byte]          // ADMIN_TOKEN; empty: no admin API

	remote    *keys.JWKS   // nil: no JWT_JWKS_URL
	ephemeral identity.Key // signs where no IDENTITY_KEY is configured
	// changed is told of new flags, fetched of each fetch of remote; they are
	// set before the goroutines start that call them.
	changed func(was, is inForce)
	fetched func(changed bool, err error)
}

// keyring is every JWT key in force.
type keyring struct {
	authz.Keys
	any bool // a key, or where keys come from, is configured
}

// newLive puts a checked configuration in force.
func newLive(c *config) (*live, error) {
	l := &live{c: c, ephemeral: identity.GenerateKey(), changed: func(_, _ inForce) {}, fetched: func(bool, error) {}}
	if c.JWTJWKSURL != "" {
		o := c.jwksOptions()
		o.Fetched = func(changed bool, err error) { l.fetched(changed, err) }
		var err error
		if l.remote, err = keys.NewJWKS(o); err != nil {
			return nil, err
		}
	}
	if c.ServerTLS != nil {
		l.certificate.Store(c.ServerTLS)
	}
	l.upstreamTLS.Store(c.upstream().TLS)
	if err := l.use(c.Secrets); err != nil {
		return nil, err
	}
	return l, l.setFlags(c.Flags)
}

// setFlags puts flags in force, or says why the last good ones stay.
func (l *live) setFlags(f flags) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := l.c.with(f, l.jwt.Load().any)
	if err != nil {
		return err
	}
	was := l.force.Swap(&next)
	l.flags = f
	if was != nil {
		l.changed(*was, next)
	}
	return nil
}

// setSecret puts a new value of a key variable in force, or says why the last
// good one stays. Every key is judged again: each beside the new one.
func (l *live) setSecret(name string, value []byte) error {
	if len(value) == 0 {
		return errors.New("is an empty file; write the value into it")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.secrets
	*next.field(name) = value
	for _, each := range keyNames {
		if err := next.check(each); err != nil && each != name {
			return fmt.Errorf("is refused: with it, %s %w", each, err)
		} else if err != nil {
			return err
		}
	}
	return l.use(next)
}

// use makes verifier keys and signer of the secrets.
func (l *live) use(s secrets) error {
	jwt, err := l.newKeyring(s)
	if err != nil {
		return errors.New("cannot serve as a JWT key: " + err.Error())
	}
	signer, err := l.newSigner(s)
	if err != nil {
		return errors.New("cannot serve as an identity key: " + err.Error())
	}
	l.secrets = s
	l.jwt.Store(jwt)
	l.signer.Store(signer)
	l.admin.Store(&s.Admin)
	return nil
}

func (l *live) newKeyring(s secrets) (*keyring, error) {
	var sources []authz.Keys
	if len(s.JWT) > 0 {
		previous, until := s.JWTPrevious, l.c.PreviousUntil
		if len(previous) == 0 || until.IsZero() {
			previous, until = nil, time.Time{}
		}
		hmac, err := authz.NewHMACSecrets(s.JWT, previous, until, nil)
		if err != nil {
			return nil, err
		}
		sources = append(sources, hmac)
	}
	if len(s.JWTPublic) > 0 {
		public, err := keys.ParsePEM(s.JWTPublic)
		if err != nil {
			return nil, err
		}
		sources = append(sources, public)
	}
	if l.remote != nil {
		sources = append(sources, l.remote)
	}
	return &keyring{keys.Join(sources...), len(sources) > 0}, nil
}

func (l *live) newSigner(s secrets) (*identity.Signer, error) {
	o := identity.SignerOptions{Key: l.ephemeral, Issuer: l.c.IdentityIssuer, Audience: l.c.IdentityAudience, Names: l.c.names()}
	var err error
	if len(s.Identity) > 0 {
		if o.Key, err = identity.ParseKey(s.Identity); err != nil {
			return nil, err
		}
	}
	if len(s.IdentityPrevious) > 0 {
		if o.Previous, err = identity.ParseKey(s.IdentityPrevious); err != nil {
			return nil, err
		}
	}
	return identity.NewSigner(o)
}

// Find returns the JWT keys in force now (authz.Keys).
func (l *live) Find(ctx context.Context, h authz.Header) ([]authz.Key, error) {
	return l.jwt.Load().Find(ctx, h)
}

// Algorithms returns all that the keys of the configured kinds could serve,
// whatever they are exchanged for while Syncward runs (authz.Keys).
func (l *live) Algorithms() []string {
	secret, public := len(l.c.Secrets.JWT) > 0, len(l.c.Secrets.JWTPublic) > 0 || l.remote != nil
	switch {
	case secret && !public:
		return algorithms[:3:3]
	case public && !secret:
		return algorithms[3:]
	}
	return algorithms
}

// policy returns the mode in force now.
func (l *live) policy() authz.Policy { return l.force.Load().Policy }

// jwks returns the public keys in force now.
func (l *live) jwks() []byte { return l.signer.Load().JWKS() }

// notReady returns why no token can be judged; "" where one can, and in every
// mode that admits without.
func (l *live) notReady() string {
	switch {
	case l.policy().Mode != authz.Enforce:
		return ""
	case !l.jwt.Load().any:
		return "no JWT key is loaded"
	case l.remote != nil && !l.remote.Loaded():
		return "the keys of JWT_JWKS_URL were never fetched"
	}
	return ""
}

// verifier returns the judge of tokens under the keys in force.
func (l *live) verifier() (*authz.Verifier, error) {
	c := l.c
	return authz.New(authz.Config{
		Keys:            l,
		Algorithms:      c.JWTAlgorithms,
		Issuer:          c.JWTIssuer,
		Audience:        c.JWTAudience,
		UserClaim:       c.JWTUserClaim,
		InstancesClaim:  c.JWTInstancesClaim,
		Type:            c.JWTType,
		Leeway:          c.JWTLeeway,
		Grace:           c.JWTGracePeriod,
		MaxLifetime:     c.JWTMaxLifetime,
		AnonymousUserID: c.AnonymousUserID,
		AssertionType:   identity.Type,
		AssertionIssuer: c.IdentityIssuer,
	})
}
