package framing

import (
	"encoding/binary"
	"math/rand/v2"
)

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
	// Before holds complete frames (AppendFrame) that go out ahead of the
	// message, or in its place where it is consumed, or at once where it is
	// paused; a refusal drops them.
	Before []byte
	Cause  error // Refuse: handed on in Step.Cause
}

// Message is one whole data message. Payload is unmasked and valid only during
// the call of Look (while paused: until Resume). It is a copy.
type Message struct {
	Opcode  Opcode
	Payload []byte
	// Room is empty memory of some capacity that is valid as long as Payload: a
	// rewritten payload that is made in it costs no allocation.
	Room []byte
}

// Look judges one whole data message.
type Look func(Message) Verdict

// Options configures a Machine.
type Options struct {
	Sender Sender
	// RSV holds the reserved bits that were negotiated (permessage-deflate: 4).
	// With a Look it counts as 0: a compressed message cannot be read.
	RSV byte
	// MaxMessage bounds a message, in bytes over all its fragments; 0 = no limit.
	MaxMessage int64
	// Look sees every data message; nil: payloads pass unread.
	Look Look
	// Key makes the masking keys of rewritten client messages. They must not be
	// foreseeable (RFC 6455 §5.3). nil: ChaCha8, seeded by the system.
	Key func() [4]byte
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
	// Out goes to the other side before the next call, and before the Event is
	// acted on. It shares memory with the input or the machine and is valid
	// until the next call.
	Out   []byte
	Event Event
	Close Close // EventClose, EventBroken
	Cause error // EventRefused
}

// Idle tells whether the call did nothing: only then is Feed waiting for more.
func (s Step) Idle() bool { return s.N == 0 && len(s.Out) == 0 && s.Event == EventMore }

// Machine walks one direction of a relayed connection: bytes of the sender in,
// bytes for the other side and events out. It knows no sockets, clocks or
// goroutines, and is not safe for concurrent use.
type Machine struct {
	walk
	look Look
	key  func() [4]byte

	input  input
	ended  bool // nothing goes out any more: the direction's last frame did
	paused bool

	// The boundary that the output stands at once the input is not relayed any
	// more, since the walk goes on without it.
	midFrame, midMessage bool

	waiting bool   // inserts or end wait for a boundary
	inserts []byte // complete frames
	ending  bool
	end     []byte // the direction's last frame

	message assembly // what Look waits for, or paused at
	view    *buffer  // what Look was shown, while paused
	spent   *buffer  // the last Step's Out, to be given back

	frames, bytes int64
}

// input is what happens to the sender's bytes.
type input int

const (
	relayed input = iota
	dropped       // walked, to find the sender's close frame, and thrown away
	deaf          // thrown away unread
)

// New returns a machine at the start of a direction.
func New(o Options) *Machine {
	m := &Machine{
		walk: walk{sender: o.Sender, rsv: o.RSV, max: o.MaxMessage},
		look: o.Look,
		key:  o.Key,
	}
	if m.look != nil {
		m.rsv = 0
	}
	if m.key == nil {
		m.key = newKey
	}
	return m
}

func newKey() (key [4]byte) {
	binary.LittleEndian.PutUint32(key[:], rand.Uint32())
	return key
}

// AtFrameBoundary tells whether all that was handed out so far ends with a
// whole frame.
func (m *Machine) AtFrameBoundary() bool {
	if m.input != relayed {
		return !m.midFrame
	}
	return m.look != nil || m.left == 0
}

// AtMessageBoundary tells whether all that was handed out so far ends with a
// whole message or with a control frame between messages.
func (m *Machine) AtMessageBoundary() bool {
	if m.input != relayed {
		return !m.midMessage
	}
	return m.look != nil || m.left == 0 && !m.open
}

// Frames counts the sender's frames that were let through, a rewritten message
// as one; a frame counts as soon as a part of it is out.
func (m *Machine) Frames() int64 { return m.frames }

// Bytes counts all bytes handed out, inserted frames included.
func (m *Machine) Bytes() int64 { return m.bytes }

// stop ends the relaying of the sender's bytes; what was assembled is lost.
func (m *Machine) stop(to input) {
	if m.input == relayed {
		m.midFrame, m.midMessage = !m.AtFrameBoundary(), !m.AtMessageBoundary()
	}
	m.input = to
	m.paused = false
	putBuffer(m.message.take())
	putBuffer(m.view)
	m.view = nil
}

// release gives the last Step's memory back.
func (m *Machine) release() {
	if m.spent != nil {
		putBuffer(m.spent)
		m.spent = nil
	}
}
