package authz

import "time"

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
	Status Status // Valid or Grace where Allow; Anonymous after Admit

	// UserID is set only where the token's signature is right, whatever else is
	// wrong with it, so it may be logged and hashed even in a refusal.
	UserID string
	// TokenID is the jti claim, "" where there is none.
	TokenID string
	// IssuedAt, ExpiresAt and GraceEndsAt are set where the signature is right
	// and the claims could be read.
	IssuedAt, ExpiresAt, GraceEndsAt time.Time
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
