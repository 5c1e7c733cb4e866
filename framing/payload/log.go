package payload

import (
	"crypto/sha256"

	"github.com/syncward/syncward/framing"
)

// Event is one event as its log knows it. Its place in the log is SeqNum, or ID
// where the protocol numbers nothing.
type Event struct {
	SeqNum    int64
	ID        string
	Name      string
	ClientID  string
	SessionID string
	// Hash is of the event's content (name, arguments, clientId, sessionId) in
	// canonical form (RFC 8785): the same for what a client pushed and for what
	// the upstream hands out of it later, however that is spelled.
	Hash [sha256.Size]byte
}

// Push is what one client message asks of the log; no Events: nothing is offered.
type Push struct {
	// Request is the id by which the upstream answers, and names nothing else:
	// so it is told of every request of the client that gets an answer, a pull
	// too, or the answer to a pull could be taken for that to a push under the
	// same id. "" where the upstream answers by event ID.
	Request string
	Backend string // the log's identity as the client knows it; "" where it does not say
	// Unsaid tells that the log has an identity which this push leaves out. It
	// is false where the protocol knows none.
	Unsaid bool
	Events []Event
}

// Outcome is what an upstream says of a push.
type Outcome int

// The outcomes. Unclear is the zero value: the events may be in the log, or not.
const (
	Unclear  Outcome = iota
	Accepted         // they are in the log, where the push said
	Rejected         // they are not, and will not be by that push
)

// Answer is an upstream's word on one request, which ends it, or on one event (ID).
type Answer struct {
	Request string
	ID      string
	Outcome Outcome
}

// News is what one upstream message says of the log.
type News struct {
	Backend string // "" where it does not say
	Answers []Answer
	Seen    []Event // events of the log itself, whoever wrote them
}

// Empty tells whether the message says nothing of the log.
func (n News) Empty() bool { return n.Backend == "" && len(n.Answers) == 0 && len(n.Seen) == 0 }

// Log is a Protocol by which one can tell what is written and what became of
// it. Its methods read messages that Later let through, and keep none of them.
type Log interface {
	Protocol
	// Pushed reads a client's message. Errors: ErrBadFrame.
	Pushed(op framing.Opcode, msg []byte) (Push, error)
	// Told reads an upstream's message; one that it cannot read says nothing.
	Told(op framing.Opcode, msg []byte) News
}
