package rig

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// Frame is one WebSocket frame as a dialler sent it, unmasked (RFC 6455 §5.2).
type Frame struct {
	Fin, RSV1 bool
	Opcode    byte
	Payload   []byte
}

// ClientStream splits what a WebSocket client sent into the request head and
// its frames. A last frame that is not complete is left out. It is written
// apart from the code under test, so that both do not share one mistake.
func ClientStream(sent []byte) (head string, frames []Frame, err error) {
	h, rest, found := bytes.Cut(sent, []byte("\r\n\r\n"))
	if !found {
		return "", nil, fmt.Errorf("no complete request head in %d bytes", len(sent))
	}
	for {
		frame, n, err := clientFrame(rest)
		if err != nil {
			return string(h), frames, fmt.Errorf("frame %d: %w", len(frames), err)
		}
		if n == 0 {
			return string(h), frames, nil
		}
		frames, rest = append(frames, frame), rest[n:]
	}
}

// clientFrame reads one frame; n is 0 where b holds no complete one.
func clientFrame(b []byte) (f Frame, n int, err error) {
	if len(b) < 2 {
		return f, 0, nil
	}
	if b[1]&0x80 == 0 {
		return f, 0, fmt.Errorf("not masked")
	}
	size, at := uint64(b[1]&0x7f), 2
	for _, wide := range []struct {
		mark uint64
		len  int
	}{{126, 2}, {127, 8}} {
		if size != wide.mark || at != 2 {
			continue
		}
		if len(b) < 2+wide.len {
			return f, 0, nil
		}
		var full [8]byte
		copy(full[8-wide.len:], b[2:2+wide.len])
		size, at = binary.BigEndian.Uint64(full[:]), 2+wide.len
	}
	if uint64(len(b)) < uint64(at)+4+size {
		return f, 0, nil
	}
	mask, payload := b[at:at+4], bytes.Clone(b[at+4:at+4+int(size)])
	for i := range payload {
		payload[i] ^= mask[i%4]
	}
	return Frame{b[0]&0x80 != 0, b[0]&0x40 != 0, b[0] & 0x0f, payload}, at + 4 + int(size), nil
}
