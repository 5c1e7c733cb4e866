package identity

import (
	"context"
	"net/http"
	"time"
)

// DefaultLeeway is how far a Verifier's clock may be from Syncward's where
// nothing else is said.
const DefaultLeeway = 5 * time.Second

// Verifier checks the name tag of upstream requests, once, at connect. Keys,
// Issuer and Audience are required: without them it refuses everything. It is
// safe for concurrent use; do not change or copy it after the first Verify.
type Verifier struct {
	// Keys are the trusted keys, from ParseJWKS or NewKeySet.
	Keys KeySet
	// KeysFunc, where set, is asked instead of Keys at each request, so that
	// keys can rotate. It gets the token's unverified kid, only to decide
	// whether a fetch is worth while: throttle that. It is called from many
	// goroutines and may block until ctx, the request's, is done.
	KeysFunc func(ctx context.Context, kid string) (KeySet, error)

	Issuer   string // iss must be this
	Audience string // aud must be this
	Names    Names  // the spelling that Syncward is configured with

	// Leeway is the clock skew allowed for iat and exp; 0 is DefaultLeeway,
	// below 0 is none.
	Leeway time.Duration
	// RequireSingleUse refuses a jti that this Verifier has seen. The memory is
	// this process's: it does not reach across replicas of the upstream.
	RequireSingleUse bool
	// SingleUseLimit bounds the jtis remembered; beyond it everything is
	// refused with ErrUnavailable until old ones fall out. 0 is 262 144.
	SingleUseLimit int
	// CheckWebSocketKey compares wsk with Sec-WebSocket-Key, and CheckPath pth
	// with the request's path?query. Only where every hop from Syncward to here
	// keeps them: wrangler, for one, does not.
	CheckWebSocketKey, CheckPath bool
	// Now tells the time; nil is time.Now.
	Now func() time.Time

	used replayCache
}

// Verify returns what the request's assertion says, if all of it is right; else
// one of the errors that Refusals lists. It consumes the jti last, so that only
// a request that is otherwise good does.
func (v *Verifier) Verify(r *http.Request) (Claims, error) {
	if v.Issuer == "" || v.Audience == "" || v.KeysFunc == nil && len(v.Keys.keys) == 0 {
		return Claims{}, ErrNotConfigured
	}
	found := collect(r.Header, newFieldNames(v.Names))
	assertion, err := found.assertion()
	if err != nil {
		return Claims{}, err
	}
	c, err := v.verifySignature(r.Context(), assertion)
	if err != nil {
		return Claims{}, err
	}
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if err := v.checkScope(&c, now); err != nil {
		return Claims{}, err
	}
	if err := v.checkRequest(&c, r, found); err != nil {
		return Claims{}, err
	}
	if v.RequireSingleUse {
		if err := v.used.use(c.ID, now, v.leeway(), v.SingleUseLimit); err != nil {
			return Claims{}, err
		}
	}
	return c, nil
}

// verifySignature believes nothing of the token but its kid, and that only to
// find the key: the algorithm is then the key's.
func (v *Verifier) verifySignature(ctx context.Context, assertion string) (Claims, error) {
	t, err := parseToken(assertion)
	if err != nil {
		return Claims{}, err
	}
	keys := v.Keys
	if v.KeysFunc != nil {
		if keys, err = v.KeysFunc(ctx, t.kid); err != nil {
			return Claims{}, ErrUnavailable.about("keys")
		}
	}
	key := keys.find(t.kid)
	switch {
	case key == nil:
		return Claims{}, ErrUnknownKey
	case key.alg != t.alg:
		return Claims{}, ErrAlgorithm
	case !key.verify(t.input, t.signature):
		return Claims{}, ErrSignature
	}
	return parseClaims(t.claims)
}

// checkScope asks whether the assertion is meant for here and now.
func (v *Verifier) checkScope(c *Claims, now time.Time) error {
	switch {
	case c.Issuer != v.Issuer:
		return ErrIssuer
	case c.Audience != v.Audience:
		return ErrAudience
	case c.IssuedAt.After(now.Add(v.leeway())):
		return ErrNotYetValid
	case !now.Before(c.ExpiresAt.Add(v.leeway())):
		return ErrExpired
	}
	return nil
}

func (v *Verifier) leeway() time.Duration {
	switch {
	case v.Leeway == 0:
		return DefaultLeeway
	case v.Leeway < 0:
		return 0
	}
	return v.Leeway
}
