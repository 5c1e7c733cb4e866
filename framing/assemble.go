package framing

import "sync"

// headerAllowance is what the headers of one assembled message may weigh beyond
// the message's own limit. Without it empty or one-byte fragments would fill
// memory under any limit on payloads; with it a message of a few kilobytes may
// still come byte by byte.
const headerAllowance = 16 << 10

// assembly gathers the frames of one message as they came.
type assembly struct {
	raw    *buffer
	frames int64
}

// fits tells whether a further frame of n bytes, header included, may join
// under a limit of max payload bytes.
func (a *assembly) fits(n, max int64) bool {
	return max <= 0 || (n-headerAllowance+int64(len(a.bytes())))/2 <= max
}

func (a *assembly) add(b []byte) {
	if len(b) == 0 {
		return
	}
	if a.raw == nil {
		a.raw = getBuffer()
	}
	a.raw.b = append(a.raw.b, b...)
}

func (a *assembly) bytes() []byte {
	if a.raw == nil {
		return nil
	}
	return a.raw.b
}

// take hands the buffer over and leaves the assembly empty.
func (a *assembly) take() *buffer {
	b := a.raw
	*a = assembly{}
	return b
}

// appendPayload appends the unmasked payloads of frames, which are whole and
// were judged before.
func appendPayload(dst, frames []byte) []byte {
	for len(frames) > 0 {
		h, n, _ := ParseHeader(frames)
		if n == 0 {
			return dst
		}
		end := n + int(h.Length)
		start := len(dst)
		dst = append(dst, frames[n:end]...)
		if h.Masked {
			Mask(dst[start:], h.Key, 0)
		}
		frames = frames[end:]
	}
	return dst
}

// buffer is a slice that can rest in the pool.
type buffer struct{ b []byte }

// maxPooledBuffer keeps one huge message from staying in memory for long, in
// bytes. Below it a buffer is used again: growing one anew for every message of
// a mebibyte costs eight times what reading the message does.
const maxPooledBuffer = 2 << 20

var buffers = sync.Pool{New: func() any { return &buffer{b: make([]byte, 0, 4<<10)} }}

func getBuffer() *buffer { return buffers.Get().(*buffer) }

// putBuffer gives b back, if there is one; the caller drops its own hold.
func putBuffer(b *buffer) {
	if b == nil || cap(b.b) > maxPooledBuffer {
		return
	}
	b.b = b.b[:0]
	buffers.Put(b)
}
