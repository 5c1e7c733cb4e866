package framing

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// ErrFrame is a frame that breaks RFC 6455; the sender gets 1002.
var ErrFrame = errors.New("framing: broken frame")

var (
	errOpcode  = fmt.Errorf("%w: reserved opcode", ErrFrame)
	errControl = fmt.Errorf("%w: control frame fragmented or over 125 bytes", ErrFrame)
	errLength  = fmt.Errorf("%w: length not in its shortest form, or over 63 bits", ErrFrame)
)

// Opcode is a frame's opcode (RFC 6455 §5.2).
type Opcode byte

// The opcodes of RFC 6455 §11.8; all others are reserved.
const (
	Continuation Opcode = 0x0
	Text         Opcode = 0x1
	Binary       Opcode = 0x2
	CloseFrame   Opcode = 0x8
	Ping         Opcode = 0x9
	Pong         Opcode = 0xA
)

// Control tells whether the opcode is a control frame's (RFC 6455 §5.5).
func (o Opcode) Control() bool { return o&0x8 != 0 }

func (o Opcode) reserved() bool { return o&0x7 > 2 }

// maxControl is the longest payload of a control frame (RFC 6455 §5.5).
const maxControl = 125

// Header is one frame header.
//
//	 0               1               2               3
//	+-+-+-+-+-------+-+-------------+-------------------------------+
//	|F|R|R|R| opcode|M| length (7)  | extended length (0, 16 or 64) |
//	|I|S|S|S|  (4)  |A|             +-------------------------------+
//	|N|V|V|V|       |S|             | masking key (0 or 32)         |
//	| |1|2|3|       |K|             |                               |
//	+-+-+-+-+-------+-+-------------+-------------------------------+
type Header struct {
	Fin    bool
	RSV    byte // RSV1 = 4, RSV2 = 2, RSV3 = 1
	Opcode Opcode
	Masked bool
	Key    [4]byte
	Length int64 // of the payload, in bytes
}

// ParseHeader reads the frame header at the start of b and returns its size n
// in bytes; n is 0 while b holds too little of it. It is strict about what one
// header alone can break (RFC 6455 §5.2, §5.5): reserved opcodes, control
// frames that are fragmented or over 125 bytes, lengths not in their shortest
// form or over 63 bits; each is an ErrFrame, found as early as b shows it.
// Reserved bits, masking and order are the walker's to judge.
func ParseHeader(b []byte) (h Header, n int, err error) {
	if len(b) < 2 {
		return h, 0, nil
	}
	h.Fin = b[0]&0x80 != 0
	h.RSV = b[0] >> 4 & 7
	h.Opcode = Opcode(b[0] & 0xf)
	h.Masked = b[1]&0x80 != 0
	h.Length = int64(b[1] & 0x7f)
	if h.Opcode.reserved() {
		return h, 0, errOpcode
	}
	if h.Opcode.Control() && (!h.Fin || h.Length > maxControl) {
		return h, 0, errControl
	}
	n = 2
	if h.Length > 125 {
		if n, err = h.extendedLength(b); n == 0 {
			return h, 0, err
		}
	}
	if h.Masked {
		if len(b) < n+4 {
			return h, 0, nil
		}
		h.Key = [4]byte(b[n : n+4])
		n += 4
	}
	return h, n, nil
}

// extendedLength reads the 16 or 64 bit length behind the first two bytes and
// returns where it ends; 0: b is too short, or the length is broken.
func (h *Header) extendedLength(b []byte) (int, error) {
	if h.Length == 126 {
		if len(b) < 4 {
			return 0, nil
		}
		if h.Length = int64(binary.BigEndian.Uint16(b[2:])); h.Length < 126 {
			return 0, errLength
		}
		return 4, nil
	}
	if len(b) < 10 {
		return 0, nil
	}
	if h.Length = int64(binary.BigEndian.Uint64(b[2:])); h.Length < 1<<16 {
		return 0, errLength // negative: the 64th bit was set
	}
	return 10, nil
}

// appendHeader appends h in its shortest form. It writes what it is told;
// only a negative length is a mistake of the caller and panics.
func appendHeader(dst []byte, h Header) []byte {
	if h.Length < 0 {
		panic("framing: negative frame length")
	}
	first, mask := h.RSV&7<<4|byte(h.Opcode)&0xf, byte(0)
	if h.Fin {
		first |= 0x80
	}
	if h.Masked {
		mask = 0x80
	}
	switch {
	case h.Length <= 125:
		dst = append(dst, first, mask|byte(h.Length))
	case h.Length < 1<<16:
		dst = append(dst, first, mask|126, byte(h.Length>>8), byte(h.Length))
	default:
		dst = append(dst, first, mask|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(h.Length))
	}
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}

// AppendFrame appends one whole frame. A key masks the payload, as a client
// must; nil leaves it as it is, as a server must (RFC 6455 §5.1). payload is
// only read.
func AppendFrame(dst []byte, fin bool, op Opcode, payload []byte, key *[4]byte) []byte {
	h := Header{Fin: fin, Opcode: op, Length: int64(len(payload))}
	if key != nil {
		h.Masked, h.Key = true, *key
	}
	dst = appendHeader(dst, h)
	start := len(dst)
	dst = append(dst, payload...)
	if key != nil {
		Mask(dst[start:], *key, 0)
	}
	return dst
}
