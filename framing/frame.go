package framing

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

// MaxHeaderSize is the longest frame header: 2 + 8 (length) + 4 (mask) bytes.
const MaxHeaderSize = 14

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
