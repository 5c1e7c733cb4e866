package framing

// Sender says whose frames a Machine walks.
type Sender int

// The senders. A client's frames are masked, a server's never (RFC 6455 §5.1).
const (
	Client Sender = iota
	Upstream
)

// Action is what a Look decides about one message.
type Action int

// The actions. Pass is the zero value: a Look that does nothing changes nothing.
const (
	Pass    Action = iota // as it came, fragmentation and masking included
	Rewrite               // Verdict.Payload instead, as one frame of the same opcode
	Consume               // nothing goes on
	Refuse                // nothing goes on, now or later: EventRefused
	Pause                 // nothing goes on until Resume: EventPaused
)

// Verdict is the answer of a Look.
type Verdict struct {
	Action  Action
	Payload []byte // Rewrite: the new payload; the machine masks it where it must
	Before  []byte // complete frames (AppendFrame) that go out ahead of the message
	Cause   error  // Refuse: handed on in Step.Cause
}

// Message is one whole data message. Payload is unmasked and valid only during
// the call of Look (while paused: until Resume).
type Message struct {
	Opcode  Opcode
	Payload []byte
}

// Look judges one whole data message.
type Look func(Message) Verdict

// Options configures a Machine.
type Options struct {
	Sender Sender
	// RSV holds the reserved bits that were negotiated (permessage-deflate: 4).
	RSV byte
	// MaxMessage bounds a message, in bytes over all its fragments; 0 = no limit.
	MaxMessage int64
	// Look sees every data message; nil: payloads pass unread.
	Look Look
}

// Event is why Feed returned before it had used all of its input.
type Event int

// The events.
const (
	EventMore    Event = iota // nothing special: more input is needed
	EventClose                // the sender's close frame is in Out (Step.Close): this direction is over
	EventBroken               // the sender broke the protocol (Step.Close: what to tell it): this direction is over
	EventRefused              // a Look refused (Step.Cause): this direction is over
	EventPaused               // a Look paused: call Resume
	EventEnded                // the frame given to End is in Out: this direction is over
)

// Step is what one call did.
type Step struct {
	// N bytes of the input were used; the rest must be presented again, with
	// more behind it.
	N int
	// Out goes to the other side before the next call. It shares memory with
	// the input or the machine and is valid until the next call.
	Out   []byte
	Event Event
	Close Close // EventClose, EventBroken
	Cause error // EventRefused
}
