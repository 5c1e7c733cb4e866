package framing

import "errors"

// ErrTooBig is a first message over the limit; the client gets 1009.
var ErrTooBig = errors.New("framing: message over the limit")

// CollectEvent is what a Collector came upon.
type CollectEvent int

// The events of a Collector.
const (
	CollectMore    CollectEvent = iota // more input is needed
	CollectPing                        // Payload wants to be answered with a pong
	CollectPong                        // nothing is to be done
	CollectClose                       // the client closed: Close is what to answer
	CollectMessage                     // the message is there
	CollectBroken                      // the client broke the rules: Err, and Close for it
)

// Collected is what one call of Collector.Feed found.
type Collected struct {
	// N bytes of the input were used; the rest must be presented again, with
	// more behind it.
	N       int
	Event   CollectEvent
	Opcode  Opcode // CollectMessage: Text or Binary
	Payload []byte // CollectMessage, CollectPing, CollectPong: unmasked, the caller's to keep
	Close   Close  // CollectClose, CollectBroken
	Err     error  // CollectBroken: ErrTooBig or ErrFrame
}

// Collector reads a client's first message while there is no upstream yet. It
// holds at most twice maxBytes and 16 KiB, however the message is cut up.
type Collector struct {
	walk
	raw  assembly
	over bool
}

// NewCollector returns a Collector for a message of at most maxBytes payload
// bytes (0 = no limit). No extension may have been negotiated.
func NewCollector(maxBytes int64) *Collector {
	return &Collector{walk: walk{sender: Client, max: maxBytes}}
}

// Raw returns the data frames read so far, as they came, an unfinished one
// included: with the unused input behind it, it is what a relay that reads
// nothing would have passed on, but for the control frames, which were
// reported. It is valid until the next call of Feed.
func (c *Collector) Raw() []byte { return c.raw.bytes() }

// Feed goes on with in, which begins where the last N left off. It reports one
// thing at a time: the caller calls again with the rest until CollectMore,
// which leaves at most 131 bytes unused. After CollectMessage, CollectClose and
// CollectBroken it uses nothing any more.
func (c *Collector) Feed(in []byte) Collected {
	pos := 0
	for !c.over {
		n := c.advance(len(in) - pos)
		c.raw.add(in[pos : pos+n])
		pos += n
		if c.left > 0 {
			break
		}
		if c.raw.frames > 0 && !c.open {
			c.over = true
			payload := appendPayload(nil, c.raw.bytes())
			return Collected{N: pos, Event: CollectMessage, Opcode: c.opcode, Payload: payload}
		}
		h, n, broken := c.next(in[pos:])
		if broken.Code == 0 && n > 0 && !h.Opcode.Control() && !c.raw.fits(int64(n)+h.Length, c.max) {
			broken = Close{Code: CodeTooBig, Reason: reasonTooBig}
		}
		if broken.Code != 0 {
			return c.broken(pos, broken)
		}
		if n == 0 {
			break
		}
		if h.Opcode.Control() {
			end := pos + n + int(h.Length)
			if end > len(in) {
				break
			}
			return c.control(h, in[pos+n:end], pos, end)
		}
		c.enter(h)
		c.raw.add(in[pos : pos+n])
		c.raw.frames++
		pos += n
	}
	return Collected{N: pos}
}

// control reports the control frame with header h and payload b, which stands
// from pos to end of the input.
func (c *Collector) control(h Header, b []byte, pos, end int) Collected {
	if h.Opcode == CloseFrame {
		found, err := readClose(h, b)
		if err != nil {
			return c.broken(pos, Close{Code: codeProtocolError})
		}
		c.over = true
		return Collected{N: end, Event: CollectClose, Close: found}
	}
	payload := append([]byte{}, b...)
	Mask(payload, h.Key, 0)
	if h.Opcode == Ping {
		return Collected{N: end, Event: CollectPing, Payload: payload}
	}
	return Collected{N: end, Event: CollectPong, Payload: payload}
}

func (c *Collector) broken(n int, cl Close) Collected {
	c.over = true
	err := ErrFrame
	if cl.Code == CodeTooBig {
		err = ErrTooBig
	}
	return Collected{N: n, Event: CollectBroken, Close: cl, Err: err}
}
