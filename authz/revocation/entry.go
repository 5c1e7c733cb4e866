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

// single tells of an entry whose place is that of one token; all other entries
// of a user share one place.
func (e Entry) single() bool { return e.TokenID != "" && e.Before.IsZero() && !e.Deleted }

// stronger tells whether e stays where both it and old want the same place: a
// deletion does, and a later watermark; of equals the older.
func (e Entry) stronger(old Entry) bool {
	if e.Deleted || old.Deleted {
		return !old.Deleted
	}
	return e.Before.After(old.Before)
}

// Over tells whether no token that could still be accepted is concerned, where
// entries matter for keep. A deletion is never over.
func (e Entry) Over(keep time.Duration, now time.Time) bool {
	ends, ever := e.Ends(keep)
	return !ever && ends.Before(now)
}

// Ends returns when the entry is over, where entries matter for keep; ever is
// true of a deletion, which never is.
func (e Entry) Ends(keep time.Duration) (ends time.Time, ever bool) {
	switch {
	case e.Deleted:
		return time.Time{}, true
	case e.single():
		return e.At.Add(keep), false
	}
	return e.Before.Add(keep), false
}

// ErrEntry is an entry that says nothing, or nonsense.
var ErrEntry = errors.New("revocation: an entry wants a user, and a time, a token or a deletion")

// maxText bounds what an entry holds of other people's words, in bytes.
const maxText = 512

// Valid tells whether the entry says something: who, and since when, which
// token, or that the user is gone. Everybody can only be given a time.
func (e Entry) Valid() bool {
	said := !e.Before.IsZero() || e.TokenID != "" || e.Deleted
	all := e.UserID == Everybody && (e.Deleted || e.Before.IsZero())
	return e.UserID != "" && said && !all && len(e.UserID) <= 256 && len(e.TokenID) <= maxText && len(e.Reason) <= maxText
}
