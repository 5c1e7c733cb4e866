package attribution

import (
	"crypto/sha256"
	"time"
)

// Hash is of an event's content, as payload.Event has it.
type Hash = [sha256.Size]byte

// Author is who a connection belongs to.
type Author struct {
	UserID string // never empty, but in a sight
	// ConnectionID is empty where the user is certain and the connection is
	// not: the user offered the event by several, and no answer says by which
	// it came into the log.
	ConnectionID string
}

// State is how certain a record is.
type State string

// The closed list of states. An intent that the upstream turned down is no
// record at all.
const (
	Unconfirmed State = "unconfirmed" // offered; whether it is in the log is not known
	Confirmed   State = "confirmed"   // in the log, at this place, by this author
)

// Record says who wrote, or meant to write, one event.
type Record struct {
	StoreID   string
	BackendID string // "" until it is known, and where the protocol has none
	SeqNum    int64  // 0 where the protocol numbers nothing
	EventID   string // "" where the protocol numbers its events
	Name      string
	ClientID  string
	SessionID string
	Hash      Hash
	Author
	Timestamp time.Time // when Syncward received it, to the millisecond
	// Attempt tells the pushes of one event apart: a random number below 2^53,
	// the same for all events of a push.
	Attempt int64
	State   State
}

// Place names one slot of one log. Of a place there is at most one confirmed
// record, for ever.
type Place struct {
	StoreID, BackendID string
	SeqNum             int64
	EventID            string
}

// Place returns the slot that r speaks of.
func (r Record) Place() Place { return Place{r.StoreID, r.BackendID, r.SeqNum, r.EventID} }

// Sight tells that r is no intent, but the note that an event with this hash is
// in the log at this place, and that more than one author may have put it there.
func (r Record) Sight() bool { return r.UserID == "" }

// Same tells whether r and o are the same intent, or the same sight.
func (r Record) Same(o Record) bool {
	return r.Place() == o.Place() && r.Author == o.Author && r.Attempt == o.Attempt && r.Hash == o.Hash
}
