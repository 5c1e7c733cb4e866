package authz

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The defaults of a Config. Leeway and Grace have none, since zero means
// something there.
const (
	defaultMaxLifetime   = 720 * time.Hour
	defaultMaxTokenBytes = 16 << 10
	defaultUserClaim     = "sub"
	defaultAnonymousID   = "anonymous"
	defaultAssertionType = "sync-identity+jwt"
)

// Config says which tokens a Verifier accepts. The zero Config accepts none.
type Config struct {
	// Keys verifies signatures. Nil: every decision is AUTH_UNAVAILABLE.
	Keys Keys
	// Algorithms pins the JWS algorithms; a subset of Keys.Algorithms, which is
	// also the default.
	Algorithms []string
	// Issuer, where set, must be the iss claim, byte for byte.
	Issuer string
	// Audience, where set, must be the aud claim or one of its elements, byte
	// for byte.
	Audience string
	// UserClaim is the dotted path of the claim that names the user. A name
	// that itself holds a dot cannot be reached.
	UserClaim string
	// InstancesClaim, where set, is the dotted path of the claim with the
	// instanceIds that the user may open: a string, or an array of strings.
	InstancesClaim string
	// Type, where set, must be the typ header: compared without regard to ASCII
	// case, and "application/x" is the same as "x" (RFC 7515 §4.1.9).
	Type string
	// Leeway is the clock skew granted to nbf and iat; exp gets none, Grace is
	// for that.
	Leeway time.Duration
	// Grace is how long after its exp a token is still allowed.
	Grace time.Duration
	// MaxLifetime bounds exp − iat.
	MaxLifetime time.Duration
	// MaxTokenBytes bounds what is looked at.
	MaxTokenBytes int
	// AnonymousUserID belongs to those who were admitted without a valid token;
	// no token may name it.
	AnonymousUserID string
	// AssertionType is the typ header of Syncward's own assertions, compared as
	// Type is. They are no tokens for clients.
	AssertionType string
	// AssertionIssuer, where set, is the iss of Syncward's own assertions.
	AssertionIssuer string
	// Now is the clock; nil is time.Now.
	Now func() time.Time
}

// withDefaults returns c with every default filled in.
func (c Config) withDefaults() Config {
	setDefault(&c.UserClaim, defaultUserClaim)
	setDefault(&c.AnonymousUserID, defaultAnonymousID)
	setDefault(&c.AssertionType, defaultAssertionType)
	setDefault(&c.MaxLifetime, defaultMaxLifetime)
	setDefault(&c.MaxTokenBytes, defaultMaxTokenBytes)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Algorithms == nil && c.Keys != nil {
		c.Algorithms = c.Keys.Algorithms()
	}
	c.Algorithms = slices.Clone(c.Algorithms)
	return c
}

func setDefault[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// faults returns everything that is wrong with c, defaults filled in, as one
// error with a line for each; nil where nothing is.
func (c Config) faults() error {
	var faults []error
	fault := func(wrong bool, text string) {
		if wrong {
			faults = append(faults, errors.New(text))
		}
	}
	fault(c.Leeway < 0, "Leeway is negative")
	fault(c.Grace < 0, "Grace is negative")
	fault(c.MaxLifetime < 0, "MaxLifetime is negative")
	fault(c.MaxTokenBytes < 0, "MaxTokenBytes is negative")
	fault(slices.Contains(strings.Split(c.UserClaim, "."), ""), "UserClaim has an empty path element")
	fault(c.InstancesClaim != "" && slices.Contains(strings.Split(c.InstancesClaim, "."), ""), "InstancesClaim has an empty path element")
	fault(!validUserID(c.AnonymousUserID), "AnonymousUserID is not 1 to 256 visible ASCII characters")
	fault(c.Type != "" && sameType(c.Type, c.AssertionType), "Type is the type of Syncward's own assertions")
	fault(c.Issuer != "" && c.Issuer == c.AssertionIssuer, "Issuer is the issuer of Syncward's own assertions")
	fault(c.Keys != nil && len(c.Algorithms) == 0, "Algorithms is empty: no token could be verified")
	for _, alg := range c.Algorithms {
		switch {
		case kindOf(alg) == "":
			faults = append(faults, fmt.Errorf("algorithm %q is not supported", alg))
		case c.Keys != nil && !slices.Contains(c.Keys.Algorithms(), alg):
			faults = append(faults, fmt.Errorf("algorithm %q is not served by the configured keys", alg))
		}
	}
	return errors.Join(faults...)
}
