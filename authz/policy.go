package authz

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// Policy is how strictly decisions are applied, and to whom. The zero Policy
// admits nobody whom a Decision refuses.
type Policy struct {
	Mode Mode
	// EnforcePercent is the share of users, 0 to 100, whom Enforce refuses; the
	// others are treated as in Observe. There is no default: 0 is nobody.
	EnforcePercent int
	// AnonymousUserID is the userId of whoever is admitted without a valid
	// token. Where it is empty nobody is.
	AnonymousUserID string
}

// NewPolicy returns the policy, or an error where percent is not 0 to 100 or
// anonymousUserID is not 1 to 256 visible ASCII characters.
func NewPolicy(mode Mode, percent int, anonymousUserID string) (Policy, error) {
	if percent < 0 || percent > 100 {
		return Policy{}, errors.New("enforce percent is not 0 to 100")
	}
	if !validUserID(anonymousUserID) {
		return Policy{}, errors.New("anonymous user id is not 1 to 256 visible ASCII characters")
	}
	return Policy{Mode: mode, EnforcePercent: percent, AnonymousUserID: anonymousUserID}, nil
}

// Apply returns the decision that counts under p. What p does not enforce is
// allowed as AnonymousUserID with status Anonymous, no TokenID and no deadline,
// and wouldRefuse is the code that Enforce would have refused with; the Reason
// stays, for the log. In every other case applied is d and wouldRefuse "".
//
// address is the client's address (for IPv6 its /64), which stands in for the
// user where no correctly signed token names one. Decisions are not for Off:
// there nothing is inspected, so nothing may be decided; d comes back as it is.
func (p Policy) Apply(d Decision, address string) (applied Decision, wouldRefuse Code) {
	if d.Allow || p.AnonymousUserID == "" || p.enforces(d, address) {
		return d, ""
	}
	admitted := Decision{Allow: true, Status: Anonymous, UserID: p.AnonymousUserID, Reason: d.Reason}
	return admitted, d.Refusal()
}

// enforces reports whether a refusal d is meant.
func (p Policy) enforces(d Decision, address string) bool {
	switch {
	case p.Mode == Observe:
		return false
	case p.Mode != Enforce:
		return true
	case d.UserID != "":
		return bucket("user:"+d.UserID) < p.EnforcePercent
	}
	return bucket("address:"+address) < p.EnforcePercent
}

// bucket returns the place of id among 0 to 99: the first eight bytes of its
// SHA-256, big endian, modulo 100. It depends on nothing else, so it is the
// same on every replica and in every version, and a higher percentage only
// adds users.
func bucket(id string) int {
	sum := sha256.Sum256([]byte(id))
	return int(binary.BigEndian.Uint64(sum[:8]) % 100)
}
