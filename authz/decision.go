package authz

import (
	"slices"
	"time"
)

// Status says how well a connection is authenticated. It travels upstream as
// X-Sync-Auth-Status. The zero value is no status at all: not admitted.
type Status string

// The closed list of statuses.
const (
	Valid     Status = "valid"
	Grace     Status = "grace"
	Anonymous Status = "anonymous"
)

// Decision is the answer to "who is this, and may they". The zero value
// refuses, with AUTH_UNAVAILABLE: whoever forgets to fill it in lets nobody in
// and blames no token.
type Decision struct {
	Allow  bool   // true only where every check passed
	Code   Code   // why not; empty where Allow
	Reason Reason // the finer word behind Code, for logs
	Status Status // Valid or Grace where Allow; Anonymous after Policy.Apply

	// UserID is set only where the token's signature is right, whatever else is
	// wrong with it, so it may be logged and hashed even in a refusal.
	UserID string
	// TokenID is the jti claim, "" where there is none.
	TokenID string
	// IssuedAt, ExpiresAt and GraceEndsAt are set where the signature is right
	// and the claims could be read.
	IssuedAt, ExpiresAt, GraceEndsAt time.Time

	// instances are all that the user may open; nil where nobody is bound to
	// any. A pointer, since decisions are compared.
	instances *[]string
}

// InstancesBound reports whether the user may open some instances only: where
// Config.InstancesClaim is set and the claims could be read.
func (d Decision) InstancesBound() bool { return d.instances != nil }

// MayOpen reports whether a connection under this decision may be for the
// instance. One that names none, "", may not where InstancesBound.
func (d Decision) MayOpen(instance string) bool {
	return d.instances == nil || instance != "" && slices.Contains(*d.instances, instance)
}

// Refusal returns the code to refuse with; "" where the decision allows.
func (d Decision) Refusal() Code {
	switch {
	case d.Allow:
		return ""
	case d.Code == "":
		return AuthUnavailable
	}
	return d.Code
}

// Refuse returns a decision that refuses with code for reason.
func Refuse(code Code, reason Reason) Decision {
	return Decision{Code: code, Reason: reason}
}

// SameUser reports whether both decisions name the same user. A decision that
// names nobody is the same as no other, not even as itself.
func (d Decision) SameUser(other Decision) bool {
	return d.UserID != "" && d.UserID == other.UserID
}

// At returns what an allowing decision has become by now: Valid until its
// ExpiresAt, then Grace until its GraceEndsAt, then a refusal with
// TOKEN_EXPIRED. Decide ends with this very step, so a live connection and a
// new one are judged alike. Refusals and decisions without an ExpiresAt
// (anonymous ones) do not change with time.
func (d Decision) At(now time.Time) Decision {
	switch {
	case !d.Allow || d.ExpiresAt.IsZero():
	case now.Before(d.ExpiresAt):
		d.Status, d.Reason = Valid, ReasonNone
	case now.Before(d.GraceEndsAt):
		d.Status, d.Reason = Grace, ReasonGrace
	default:
		d = d.refused(TokenExpired, ReasonExpired)
	}
	return d
}

// refused returns d as a refusal that still says whose token it was.
func (d Decision) refused(code Code, reason Reason) Decision {
	d.Allow, d.Status = false, ""
	d.Code, d.Reason = code, reason
	return d
}
