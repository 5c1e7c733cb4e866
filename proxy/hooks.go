package proxy

import (
	"time"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy/engine"
)

// Source says where a credential was found. The list is closed: configuration,
// metric label and log word are this one string.
type Source string

// The closed list of sources; SourceNone is the label where no credential was
// found.
const (
	SourceFrame       Source = "frame"
	SourcePayload     Source = "payload"
	SourceHeader      Source = "header"
	SourceSubprotocol Source = "subprotocol"
	SourceCookie      Source = "cookie"
	SourceQuery       Source = "query"
	SourceNone        Source = "none"
)

// Attempt is one authentication attempt: one count, and one log line unless it
// is quiet.
type Attempt struct {
	ConnectionID string
	UserID       string // only of a correctly signed token
	Status       authz.Status
	Code         authz.Code // what was refused with; "" where admitted
	// Observed is what enforce would have refused with; "" where it would not.
	Observed   authz.Code
	Reason     authz.Reason
	Source     Source
	Mode       authz.Mode
	InstanceID string
	RemoteIP   string
	ExpiredFor time.Duration // how long past exp; 0 where not expired
	// Quiet attempts are beyond FailuresPerMinute: counted, not logged.
	Quiet bool
}

// Stage is a part of a connection's set-up whose duration is measured.
type Stage string

// The closed list of stages.
const (
	StageHead       Stage = "head"        // accept → whole request head
	StageFirstFrame Stage = "first_frame" // 101 → whole first sync message
	StageDecide     Stage = "decide"      // credential → decision
	StageDial       Stage = "dial"        // upstream connect and handshake
)

// DialResult is how an upstream handshake ended.
type DialResult string

// The closed list of dial results.
const (
	DialOK       DialResult = "ok"       // 101
	DialAnswered DialResult = "answered" // an HTTP answer that is no 101
	DialFailed   DialResult = "failed"   // connect, TLS or time-out
	DialOpen     DialResult = "open"     // the breaker let nobody through
)

// State is what a client connection is doing.
type State string

// The closed list of states.
const (
	StatePending State = "pending" // accepted, not yet admitted
	StateOpen    State = "open"    // admitted: relayed
)

// RefreshHow says how a token was refreshed, RefreshResult how that ended.
type (
	RefreshHow    string
	RefreshResult string
)

// The closed lists of refreshes.
const (
	RefreshInBand    RefreshHow = "in-band"
	RefreshReconnect RefreshHow = "reconnect"

	RefreshOK      RefreshResult = "ok"
	RefreshIgnored RefreshResult = "ignored" // an older iat
	RefreshRefused RefreshResult = "refused"
)

// BreakerState is a circuit breaker's state.
type BreakerState int

// The states of a breaker, as the metric's value.
const (
	BreakerClosed BreakerState = iota
	BreakerHalfOpen
	BreakerOpen
)

// Hooks tell the outside what happens; nil fields are skipped. They are called
// from many goroutines, must be quick and must not block.
type Hooks struct {
	Auth func(Attempt)
	// Observed tells of what enforce would have refused on a live connection;
	// that of an attempt is in Attempt.Observed.
	Observed func(authz.Code)
	Stage    func(Stage, time.Duration)
	Dial     func(DialResult)
	State    func(s State, delta int)
	Relayed  func(d engine.Direction, bytes, frames int64)
	Closed   func(by engine.By, code int, lived time.Duration)
	Refresh  func(RefreshHow, RefreshResult)
	// Attributed tells of events that their author was written into. What comes
	// into the journal is the journal's to tell.
	Attributed func(events int)
	Breaker    func(name string, s BreakerState)
	// Fault reports what an operator should know and no client may see, such
	// as why an upstream could not be dialled. It never holds a token.
	Fault func(connectionID, what string, err error)
}
