package payload

// Cut tells how v goes out of msg, in which Scan found it: put takes the place
// of msg[from:to], and every other byte stays. A member goes with its name and
// one comma. With a non-empty with, only the value's bytes go, and with as a
// JSON string takes their place. An array element becomes null instead of
// going, since otherwise the next one would stand at its Pointer.
func (v Value) Cut(msg []byte, with string) (from, to int, put []byte) {
	switch {
	case with != "":
		return v.Start, v.End, quote(with)
	case v.name < 0:
		return v.Start, v.End, []byte("null")
	}
	before := v.name - 1
	for space(msg[before]) {
		before--
	}
	if msg[before] == ',' {
		return before, v.End, nil
	}
	after := v.End
	for space(msg[after]) {
		after++
	}
	if msg[after] == ',' {
		return v.name, after + 1, nil
	}
	return v.name, v.End, nil
}

// Splice gives a copy of msg after Cut, in room where that is large enough; room
// may be nil.
func (v Value) Splice(room, msg []byte, with string) []byte {
	from, to, put := v.Cut(msg, with)
	if size := from + len(put) + len(msg) - to; cap(room) < size {
		room = make([]byte, 0, size)
	}
	out := append(room[:0], msg[:from]...)
	out = append(out, put...)
	return append(out, msg[to:]...)
}

// space is JSON's white space (RFC 8259 §2).
func space(b byte) bool { return b == ' ' || b == '\t' || b == '\n' || b == '\r' }
