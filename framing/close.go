package framing

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// errClose is a close payload that must not go on a wire.
var errClose = errors.New("framing: forbidden close code or reason")

// The close codes that Syncward itself has to tell peers about their frames
// (RFC 6455 §7.4.1).
const (
	codeProtocolError = 1002
	CodeTooBig        = 1009
	CodeInternalError = 1011
)

// reasonTooBig goes with CodeTooBig.
const reasonTooBig = "MESSAGE_TOO_BIG"

// maxReason leaves two of a control frame's 125 bytes to the code.
const maxReason = maxControl - 2

// Close is the content of a close frame (RFC 6455 §5.5.1). Code 0 is a close
// frame without a payload.
type Close struct {
	Code   int
	Reason string
}

// Valid tells whether c may go on a wire. 1005, 1006 and 1015 only stand for
// the absence of a close frame (RFC 6455 §7.4.1), and 1000 to 4999 is all the
// room there is (§7.4.2); a reason is at most 123 bytes of UTF-8 and needs a
// code in front of it.
func (c Close) Valid() bool {
	switch {
	case c.Code == 0:
		return c.Reason == ""
	case c.Code < 1000, c.Code > 4999, c.Code == 1005, c.Code == 1006, c.Code == 1015:
		return false
	}
	return len(c.Reason) <= maxReason && utf8.ValidString(c.Reason)
}

// ParseClose reads the unmasked payload of a close frame. Empty is Close{};
// one byte alone and whatever Valid denies is errClose.
func ParseClose(payload []byte) (Close, error) {
	if len(payload) == 0 {
		return Close{}, nil
	}
	if len(payload) == 1 {
		return Close{}, errClose
	}
	c := Close{
		Code:   int(binary.BigEndian.Uint16(payload)),
		Reason: string(payload[2:]),
	}
	if c.Code == 0 || !c.Valid() {
		return Close{}, errClose
	}
	return c, nil
}

// Append appends c as a close frame's payload. What Valid denies never gets
// out, whoever asks for it: a bad reason is left out, a bad code becomes 1011.
func (c Close) Append(dst []byte) []byte {
	if !c.Valid() {
		c.Reason = ""
		if !c.Valid() {
			c.Code = CodeInternalError
		}
	}
	if c.Code == 0 {
		return dst
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(c.Code))
	return append(dst, c.Reason...)
}

// Frame returns c as a whole close frame, masked with key where one is given
// (towards a server).
func (c Close) Frame(key *[4]byte) []byte {
	var payload [maxControl]byte
	return AppendFrame(nil, true, CloseFrame, c.Append(payload[:0]), key)
}
