package authz

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Verifier turns tokens into decisions. It may be used by many goroutines, and
// two Verifiers with the same Config decide alike.
type Verifier struct {
	config   Config // defaults filled in
	userPath []string
	// instancesPath is nil where nobody is bound to instances.
	instancesPath []string
}

// New returns the Verifier of c. The error names every fault of c, one a line.
func New(c Config) (*Verifier, error) {
	c = c.withDefaults()
	if err := c.faults(); err != nil {
		return nil, fmt.Errorf("authz config: %w", err)
	}
	v := &Verifier{config: c, userPath: strings.Split(c.UserClaim, ".")}
	if c.InstancesClaim != "" {
		v.instancesPath = strings.Split(c.InstancesClaim, ".")
	}
	return v, nil
}

// Decide judges token, a JWT in compact form (RFC 7519 §7.2); "" is no token.
// It blocks only as long as Keys.Find does. The signature comes before every
// claim, and the expiry comes last: a token that is expired and wrong is
// TOKEN_INVALID, so grace is for good tokens only.
func (v *Verifier) Decide(ctx context.Context, token string) Decision {
	switch {
	case v.config.Keys == nil:
		return Refuse(AuthUnavailable, ReasonNoKeys)
	case token == "":
		return Refuse(AuthRequired, ReasonNoToken)
	case len(token) > v.config.MaxTokenBytes:
		return Refuse(TokenInvalid, ReasonTooLong)
	}
	c := compacts.Get().(*compact)
	defer c.release()
	if !c.parse(token) {
		return Refuse(TokenInvalid, ReasonFormat)
	}
	header, ok := v.readHeader(c)
	if !ok {
		return Refuse(TokenInvalid, ReasonFormat)
	}
	if reason := judgeHeader(header); reason != ReasonNone {
		return Refuse(TokenInvalid, reason)
	}
	if refusal := v.judgeSignature(ctx, c, header.Header); refusal.Code != "" {
		return refusal
	}
	claims, ok := v.readClaims(c)
	if !ok {
		return Refuse(TokenInvalid, ReasonFormat)
	}
	return v.judgeClaims(header, claims)
}

// judgeHeader says what is wrong with a header before any key is looked for.
func judgeHeader(h joseHeader) Reason {
	switch {
	case h.critical:
		return ReasonCritical
	case h.unreadable:
		return ReasonFormat
	case h.ownAssertion:
		return ReasonOwnAssertion
	case h.Alg == "":
		return ReasonAlgorithm
	}
	return ReasonNone
}

// judgeSignature returns a refusal unless one of the keys made the signature;
// the zero Decision where one did.
func (v *Verifier) judgeSignature(ctx context.Context, c *compact, h Header) Decision {
	keys, err := v.config.Keys.Find(ctx, h)
	reason := ReasonUnknownKey
	if len(keys) > 0 {
		reason = ReasonAlgorithm
	}
	for _, key := range keys {
		if !key.Serves(h.Alg) {
			continue
		}
		if key.Verify(h.Alg, c.signed, c.signature) {
			return Decision{}
		}
		reason = ReasonSignature
	}
	switch {
	case errors.Is(err, ErrNoKeys):
		return Refuse(AuthUnavailable, ReasonNoKeys)
	case err != nil:
		return Refuse(AuthUnavailable, ReasonKeysDown)
	}
	return Refuse(TokenInvalid, reason)
}
