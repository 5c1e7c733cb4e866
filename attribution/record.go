package attribution

import (
	"context"
	"crypto/sha256"
	"time"
)

// Author is who a connection belongs to.
type Author struct {
	UserID       string
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
	Hash      [sha256.Size]byte
	Author
	Timestamp time.Time // when Syncward received it, to the millisecond
	State     State
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

// Query selects records; zero fields select all.
type Query struct {
	StoreID      string
	UserID       string
	ConnectionID string
	From, Until  time.Time // From <= Timestamp < Until
	AfterSeqNum  int64     // of a StoreID: SeqNum above it
	Limit        int       // 0: 1000
}

// Journal keeps records. What a method has returned nil for is durable: it
// outlives a kill at any later instant. Methods may be called from any
// goroutine; several processes may share one journal where its kind says so.
type Journal interface {
	// Intend keeps unconfirmed records, beside others for the same places.
	Intend(ctx context.Context, intents []Record) error
	// Confirm makes each the one record of its place and forgets the place's
	// intents. A place that has its confirmed record keeps that one.
	Confirm(ctx context.Context, records []Record) error
	// Forget drops intents, by place, author, connection and hash.
	Forget(ctx context.Context, intents []Record) error
	// Open returns the intents of a store that are neither confirmed nor
	// forgotten, whichever process made them.
	Open(ctx context.Context, storeID string) ([]Record, error)
	// Events answers a query, ordered by store, backend and place.
	Events(ctx context.Context, q Query) ([]Record, error)
	// Unconfirmed counts the open intents of all stores.
	Unconfirmed(ctx context.Context) (int, error)
	Close() error
}
