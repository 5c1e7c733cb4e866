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
	jwt         atomic.Pointer[authz.HMACSecrets] // nil: no key
	signer      atomic.Pointer[identity.Signer]
	certificate atomic.Pointer[tls.Certificate] // nil: plain TCP
	admin       atomic.Pointer[[]byte]          // ADMIN_TOKEN; empty: no admin API

	ephemeral identity.Key // signs where no IDENTITY_KEY is configured
	// changed is told of new flags; it is set before the follower starts.
	changed func(was, is inForce)
}

// newLive puts a checked configuration in force.
func newLive(c *config) (*live, error) {
	l := &live{c: c, ephemeral: identity.GenerateKey(), changed: func(_, _ inForce) {}}
	if c.ServerTLS != nil {
		l.certificate.Store(c.ServerTLS)
	}
	if err := l.use(c.Secrets); err != nil {
		return nil, err
	}
	return l, l.setFlags(c.Flags)
}

// setFlags puts flags in force, or says why the last good ones stay.
func (l *live) setFlags(f flags) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next, err := l.c.with(f, l.jwt.Load() != nil)
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
	for _, each := range secretNames {
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
	var jwt *authz.HMACSecrets
	if len(s.JWT) > 0 {
		previous, until := s.JWTPrevious, l.c.PreviousUntil
		if len(previous) == 0 || until.IsZero() {
			previous, until = nil, time.Time{}
		}
		var err error
		if jwt, err = authz.NewHMACSecrets(s.JWT, previous, until, nil); err != nil {
			return errors.New("cannot serve as a JWT secret: " + err.Error())
		}
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

// Algorithms returns all that HMAC secrets serve (authz.Keys).
func (l *live) Algorithms() []string { return l.jwt.Load().Algorithms() }

// policy returns the mode in force now.
func (l *live) policy() authz.Policy { return l.force.Load().Policy }

// jwks returns the public keys in force now.
func (l *live) jwks() []byte { return l.signer.Load().JWKS() }

// notReady returns why no token can be judged; "" where one can, and in every
// mode that admits without.
func (l *live) notReady() string {
	if l.policy().Mode == authz.Enforce && l.jwt.Load() == nil {
		return "no JWT key is loaded"
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
		Type:            c.JWTType,
		Leeway:          c.JWTLeeway,
		Grace:           c.JWTGracePeriod,
		MaxLifetime:     c.JWTMaxLifetime,
		AnonymousUserID: c.AnonymousUserID,
		AssertionType:   identity.Type,
		AssertionIssuer: c.IdentityIssuer,
	})
}
