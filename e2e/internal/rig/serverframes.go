package rig

import (
	"bytes"
	"fmt"
)

// ServerStream is ClientStream for what a server sent: its answer's head and
// its frames, which are not masked.
func ServerStream(received []byte) (head string, frames []Frame, err error) {
	h, rest, found := bytes.Cut(received, []byte("\r\n\r\n"))
	if !found {
		return "", nil, fmt.Errorf("no complete answer in %d bytes", len(received))
	}
	for len(rest) >= 2 {
		if rest[1]&0x80 != 0 {
			return string(h), frames, fmt.Errorf("frame %d: masked", len(frames))
		}
		// The same frame as a client's with an empty mask.
		width := map[byte]int{126: 2, 127: 8}[rest[1]]
		if len(rest) < 2+width {
			break
		}
		masked := append([]byte{rest[0], rest[1] | 0x80}, rest[2:2+width]...)
		masked = append(append(masked, 0, 0, 0, 0), rest[2+width:]...)
		frame, n, err := clientFrame(masked)
		if err != nil || n == 0 {
			return string(h), frames, err
		}
		frames, rest = append(frames, frame), rest[n-4:]
	}
	return string(h), frames, nil
}
