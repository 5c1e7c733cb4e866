package revocation

import (
	"errors"
	"time"
)

// Everybody is the UserID of an entry that concerns all users.
const Everybody = "*"

// Entry is one revocation. Of a user's entries the latest watermark counts, and
// every single token.
type Entry struct {
	UserID string `json:"userId"`
	// Before is the watermark: every token with iat ≤ Before is dead. Zero
	// where only TokenID is.
	Before  time.Time `json:"before,omitzero"`
	TokenID string    `json:"jti,omitempty"`     // without Before: this token alone
	Deleted bool      `json:"deleted,omitempty"` // the user is gone, for ever
	Reason  string    `json:"reason,omitempty"`  // for people
	At      time.Time `json:"at"`                // when it was made
}

// Kind is what an entry concerns. The list is closed; it is a metric's label.
type Kind string

// The closed list of kinds.
const (
	KindToken     Kind = "token"
	KindUser      Kind = "user"
	KindDeleted   Kind = "deleted"
	KindEverybody Kind = "everybody"
)

// Kind tells what the entry concerns.
func (e Entry) Kind() Kind {
	switch {
	case e.Deleted:
		return KindDeleted
	case e.UserID == Everybody:
		return KindEverybody
	case e.Before.IsZero():
		return KindToken
	}
	return KindUser
}

// ErrEntry is an entry that says nothing, or nonsense.
var ErrEntry = errors.New("revocation: an entry wants a user, and a time, a token or a deletion")

// maxText bounds what an entry holds of other people's words, in bytes.
const maxText = 512

func (e Entry) valid() bool {
	said := !e.Before.IsZero() || e.TokenID != "" || e.Deleted
	gone := e.Deleted && e.UserID == Everybody
	return e.UserID != "" && said && !gone && len(e.UserID) <= 256 && len(e.TokenID) <= maxText && len(e.Reason) <= maxText
}
