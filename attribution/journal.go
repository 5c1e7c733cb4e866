package attribution

import (
	"cmp"
	"context"
	"time"
)

// Query selects records; zero fields select all.
type Query struct {
	StoreID      string
	UserID       string
	ConnectionID string
	ClientID     string
	From, Until  time.Time // From <= Timestamp < Until
	AfterSeqNum  int64     // SeqNum above it; above 0 it leaves out what has no number
	UntilSeqNum  int64     // above 0: SeqNum up to it
	After        Place     // places behind it, by Compare: the last one of the page before
	// Limit is of places, 0: 1000. Where a place has several unconfirmed
	// records, all that fit come together, so that a next page begins behind it.
	Limit int
}

// Journal keeps records. What a method has returned nil for is durable: it
// outlives a kill at any later instant. What it returned an error for may be
// kept or not; every record is true, so either does no harm, and it may be
// tried again. Methods may be called from any goroutine; several processes may
// share one journal where its kind says so, and then each sees at once what
// another was told is durable.
type Journal interface {
	// Intend keeps unconfirmed records, and sights, beside others for the same
	// places. One for a place that has its confirmed record need not be kept.
	Intend(ctx context.Context, intents []Record) error
	// Confirm makes each the one record of its place and forgets the place's
	// intents and sights. A place that has its confirmed record keeps that one.
	Confirm(ctx context.Context, records []Record) error
	// Forget drops intents and sights: those that are Same. One that is not
	// there is no error.
	Forget(ctx context.Context, intents []Record) error
	// Open returns the intents and sights at the places, whichever process made
	// them, and every one that was durable before the call. It is asked for
	// every event that a client pulls, and must cost little where none is open.
	Open(ctx context.Context, places []Place) ([]Record, error)
	// Events answers a query, ordered by Compare. Intents come in it, but not
	// for a place that has its confirmed record; sights do not.
	Events(ctx context.Context, q Query) ([]Record, error)
	// Unconfirmed counts the intents of all stores.
	Unconfirmed(ctx context.Context) (int, error)
	// Close ends the journal; calls that still wait get an error.
	Close() error
}

// Matches tells whether the query selects r; the limit is not looked at.
func (q Query) Matches(r Record) bool {
	return (q.StoreID == "" || r.StoreID == q.StoreID) &&
		(q.UserID == "" || r.UserID == q.UserID) &&
		(q.ConnectionID == "" || r.ConnectionID == q.ConnectionID) &&
		(q.ClientID == "" || r.ClientID == q.ClientID) &&
		(q.From.IsZero() || !r.Timestamp.Before(q.From)) &&
		(q.Until.IsZero() || r.Timestamp.Before(q.Until)) &&
		(q.AfterSeqNum <= 0 || r.SeqNum > q.AfterSeqNum) &&
		(q.UntilSeqNum <= 0 || r.SeqNum <= q.UntilSeqNum) &&
		(q.After == Place{} || r.Place().Compare(q.After) > 0)
}

// Compare orders places: by store, backend, number, event.
func (p Place) Compare(o Place) int {
	return cmp.Or(cmp.Compare(p.StoreID, o.StoreID), cmp.Compare(p.BackendID, o.BackendID),
		cmp.Compare(p.SeqNum, o.SeqNum), cmp.Compare(p.EventID, o.EventID))
}

// Compare orders records: by place, then by time, user, connection, attempt.
func (r Record) Compare(o Record) int {
	return cmp.Or(r.Place().Compare(o.Place()), r.Timestamp.Compare(o.Timestamp), cmp.Compare(r.UserID, o.UserID),
		cmp.Compare(r.ConnectionID, o.ConnectionID), cmp.Compare(r.Attempt, o.Attempt))
}
