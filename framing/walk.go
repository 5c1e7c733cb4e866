package framing

// walk holds one sender to the rules of RFC 6455 from frame to frame.
type walk struct {
	sender Sender
	rsv    byte  // negotiated reserved bits
	max    int64 // bytes of a message; 0 = no limit

	left   int64  // payload bytes of the frame at hand that are still to come
	open   bool   // the message at hand wants another frame after this one
	opcode Opcode // of the message at hand
	size   int64  // its payload so far, as its headers announce it
}

// next reads and judges the header at the start of b. n is 0 where b is too
// short; broken is what to tell a sender that broke the rules.
func (w *walk) next(b []byte) (h Header, n int, broken Close) {
	h, n, err := ParseHeader(b)
	if err != nil {
		return h, 0, Close{Code: codeProtocolError}
	}
	if n != 0 {
		broken = w.judge(h)
	}
	return h, n, broken
}

// judge returns the zero Close for a header that may stand where it stands.
func (w *walk) judge(h Header) Close {
	violation := Close{Code: codeProtocolError}
	if h.Masked != (w.sender == Client) {
		return violation // §5.1
	}
	if h.Opcode.Control() {
		if h.RSV != 0 {
			return violation // §5.2: nobody negotiates bits for control frames
		}
		return Close{}
	}
	size := w.size
	if h.Opcode == Continuation {
		if !w.open || h.RSV != 0 {
			return violation // §5.4, RFC 7692 §6.1
		}
	} else {
		if w.open || h.RSV&^w.rsv != 0 {
			return violation
		}
		size = 0
	}
	if w.max > 0 && h.Length > w.max-size {
		return Close{Code: CodeTooBig, Reason: reasonTooBig}
	}
	return Close{}
}

// enter steps into the frame behind h, which judge let through.
func (w *walk) enter(h Header) {
	w.left = h.Length
	if h.Opcode.Control() {
		return
	}
	if h.Opcode != Continuation {
		w.opcode, w.size = h.Opcode, 0
	}
	w.size += h.Length
	w.open = !h.Fin
}

// advance steps over as much of the frame's payload as have bytes hold.
func (w *walk) advance(have int) int {
	n := int(min(w.left, int64(have)))
	w.left -= int64(n)
	return n
}

// readClose reads the whole close frame with header h and payload b.
func readClose(h Header, b []byte) (Close, error) {
	var plain [maxControl]byte
	n := copy(plain[:], b)
	if h.Masked {
		Mask(plain[:n], h.Key, 0)
	}
	return ParseClose(plain[:n])
}
