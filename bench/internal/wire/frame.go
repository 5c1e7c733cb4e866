// Package wire writes and walks WebSocket frames (RFC 6455 §5) and the
// handshake, just enough for a load generator and an echo server.
//
//	b = wire.AppendFrame(b, wire.Header{Fin: true, Opcode: wire.Text, Masked: true, Mask: key}, payload)
//	err := scanner.Feed(b, func(h wire.Header, at int64, piece []byte, end bool) error { ... })
//
// It is written apart from the product's own framing on purpose: a fault there
// must not be hidden by the same fault here. It judges no frame.
package wire

import (
	"encoding/binary"
	"fmt"
)

// Opcodes of RFC 6455 §5.2.
const (
	Continuation byte = 0x0
	Text         byte = 0x1
	Binary       byte = 0x2
	Close        byte = 0x8
	Ping         byte = 0x9
	Pong         byte = 0xA
)

// Header is a frame's header.
type Header struct {
	Fin    bool
	Opcode byte
	Masked bool
	Mask   [4]byte // where Masked
	Length int64   // of the payload, in bytes
}

// Control tells whether the frame is a control frame.
func (h Header) Control() bool { return h.Opcode >= Close }

// AppendHeader appends h as it stands on the wire.
func AppendHeader(dst []byte, h Header) []byte {
	first, second := h.Opcode, byte(0)
	if h.Fin {
		first |= 0x80
	}
	if h.Masked {
		second = 0x80
	}
	switch {
	case h.Length < 126:
		dst = append(dst, first, second|byte(h.Length))
	case h.Length <= 0xffff:
		dst = binary.BigEndian.AppendUint16(append(dst, first, second|126), uint16(h.Length))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, first, second|127), uint64(h.Length))
	}
	if h.Masked {
		dst = append(dst, h.Mask[:]...)
	}
	return dst
}

// AppendFrame appends a whole frame; h.Length is set to the payload's, and the
// payload is masked where h says so. The argument is left as it is.
func AppendFrame(dst []byte, h Header, payload []byte) []byte {
	h.Length = int64(len(payload))
	dst = AppendHeader(dst, h)
	start := len(dst)
	dst = append(dst, payload...)
	if h.Masked {
		Mask(dst[start:], h.Mask, 0)
	}
	return dst
}

// Mask applies key to b in place; at is b's offset in the frame's payload.
// Masking twice gives the payload back.
func Mask(b []byte, key [4]byte, at int64) {
	var turned [8]byte
	for i := range turned {
		turned[i] = key[(at+int64(i))&3]
	}
	word := binary.LittleEndian.Uint64(turned[:])
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
	}
	for i := range b {
		b[i] ^= turned[i]
	}
}

// headerLength returns how long the header is that begins with b; 0 while that
// cannot be said.
func headerLength(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	n := 2
	switch b[1] & 0x7f {
	case 126:
		n += 2
	case 127:
		n += 8
	}
	if b[1]&0x80 != 0 {
		n += 4
	}
	return n
}

// parseHeader reads a whole header.
func parseHeader(b []byte) (Header, error) {
	h := Header{Fin: b[0]&0x80 != 0, Opcode: b[0] & 0x0f, Masked: b[1]&0x80 != 0, Length: int64(b[1] & 0x7f)}
	rest := b[2:]
	switch h.Length {
	case 126:
		h.Length, rest = int64(binary.BigEndian.Uint16(rest)), rest[2:]
	case 127:
		h.Length, rest = int64(binary.BigEndian.Uint64(rest)), rest[8:]
	}
	if h.Masked {
		copy(h.Mask[:], rest)
	}
	if h.Length < 0 || b[0]&0x70 != 0 {
		return h, fmt.Errorf("wire: no frame begins with % x", b)
	}
	return h, nil
}
