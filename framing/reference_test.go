package framing_test

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/syncward/syncward/framing"
)

// verdictOf is what the slow reference below says of a whole stream.
type verdictOf struct {
	out    []byte // what may go on
	event  framing.Event
	code   int
	frames int
}

// reference judges a stream as a whole, bit by bit as RFC 6455 §5.2 tells it,
// sharing no code with the package. cut: unfinished data frames do not go on
// (what a machine that looks does); the stream ends behind the last whole one.
func reference(s []byte, client bool, rsv byte, max uint64) (v verdictOf) {
	var inMessage bool
	var size uint64
	rest := s
	stop := func(code int) verdictOf {
		v.event, v.code = framing.EventBroken, code
		return v
	}
	for {
		h, total, ok, bad := referenceHeader(rest)
		if bad {
			return stop(1002)
		}
		if !ok {
			return v
		}
		op, fin, bits := h[0]&15, h[0]&128 != 0, h[0]>>4&7
		if (h[1]&128 != 0) != client {
			return stop(1002)
		}
		if op >= 8 {
			if bits != 0 {
				return stop(1002)
			}
		} else {
			if (op == 0) != inMessage || bits&^rsv != 0 || op == 0 && bits != 0 {
				return stop(1002)
			}
			if op != 0 {
				size = 0
			}
			size += total
			if max > 0 && size > max {
				return stop(1009)
			}
			inMessage = !fin
		}
		whole := uint64(len(rest)) >= uint64(len(h))+total
		if op == 8 {
			if !whole {
				return v
			}
			payload := bytes.Clone(rest[len(h) : len(h)+int(total)])
			if client {
				for i := range payload {
					payload[i] ^= h[len(h)-4+i%4]
				}
			}
			code, ok := referenceClose(payload)
			if !ok {
				return stop(1002)
			}
			v.frames++
			v.out = append(v.out, rest[:len(h)+int(total)]...)
			v.event, v.code = framing.EventClose, code
			return v
		}
		v.frames++
		if !whole {
			v.out = append(v.out, rest...)
			return v
		}
		v.out = append(v.out, rest[:len(h)+int(total)]...)
		rest = rest[len(h)+int(total):]
	}
}

// referenceHeader returns the header's bytes and the payload's length.
func referenceHeader(b []byte) (h []byte, length uint64, ok, bad bool) {
	if len(b) < 2 {
		return nil, 0, false, false
	}
	op, n := b[0]&15, 2
	length = uint64(b[1] & 127)
	if op > 2 && op < 8 || op > 10 || op >= 8 && (b[0]&128 == 0 || length > 125) {
		return nil, 0, false, true
	}
	switch length {
	case 126:
		n = 4
	case 127:
		n = 10
	}
	if len(b) < n {
		return nil, 0, false, false
	}
	switch n {
	case 4:
		if length = uint64(binary.BigEndian.Uint16(b[2:4])); length < 126 {
			return nil, 0, false, true
		}
	case 10:
		if length = binary.BigEndian.Uint64(b[2:10]); length < 65536 || length > 1<<63-1 {
			return nil, 0, false, true
		}
	}
	if b[1]&128 != 0 {
		n += 4
	}
	return b[:min(n, len(b))], length, len(b) >= n, false
}

func referenceClose(p []byte) (int, bool) {
	if len(p) == 0 {
		return 0, true
	}
	if len(p) == 1 || !utf8.Valid(p[2:]) {
		return 0, false
	}
	code := int(p[0])*256 + int(p[1])
	return code, code >= 1000 && code < 5000 && code != 1005 && code != 1006 && code != 1015
}
