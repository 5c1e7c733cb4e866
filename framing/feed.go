package framing

// Feed walks in, which begins where the last Step's N left off. The caller
// writes Step.Out, acts on Step.Event, and calls again with what is left until
// the Step is Idle: then it needs more input, and the machine holds no memory
// beyond an unfinished message that a Look waits for. What it leaves unused is
// an unfinished header or control frame, at most 131 bytes.
//
// Without a Look payloads are neither unmasked nor copied: Out is a part of in,
// as long as can be, and may end inside a frame. With a Look each message goes
// out whole, and control frames that stand between its fragments go out ahead
// of it: a ping must not wait for megabytes that Look has yet to see.
//
// Broken frames are never passed; all before them is. After EventClose and
// EventBroken further input is thrown away. After EventEnded, EventRefused and
// Cut it is still walked, to report the sender's close frame with EventClose
// and an empty Out. While paused Feed uses nothing.
func (m *Machine) Feed(in []byte) Step {
	m.release()
	if m.waiting {
		if s, ok := m.flush(); ok {
			return s
		}
	}
	switch {
	case m.input == deaf:
		return Step{N: len(in)}
	case m.input == dropped:
		return m.drop(in)
	case m.paused:
		return Step{Event: EventPaused}
	case m.look != nil:
		return m.feedLook(in)
	}
	return m.pass(in)
}

// pass is Feed without a Look.
func (m *Machine) pass(in []byte) Step {
	pos := m.advance(len(in))
	for m.left == 0 && !m.boundaryWanted() {
		h, n, broken := m.next(in[pos:])
		if broken.Code != 0 {
			return m.broken(in[:pos], pos, broken)
		}
		if n == 0 {
			break
		}
		if h.Opcode == CloseFrame {
			return m.passClose(in, 0, pos, h, n)
		}
		m.enter(h)
		m.frames++
		pos += n
		pos += m.advance(len(in) - pos)
	}
	return m.emit(Step{N: pos, Out: in[:pos]})
}

// boundaryWanted tells whether the output has come to the boundary that
// something waits for.
func (m *Machine) boundaryWanted() bool {
	return m.waiting && m.input == relayed && (m.ending || !m.open)
}

// passClose lets the close frame at in[pos:], header h of n bytes, go out behind
// in[from:pos], once it is there as a whole and may go on a wire.
func (m *Machine) passClose(in []byte, from, pos int, h Header, n int) Step {
	end := pos + n + int(h.Length)
	if end > len(in) {
		return m.emit(Step{N: pos, Out: m.piece(in[from:pos])})
	}
	c, err := readClose(h, in[pos+n:end])
	if err != nil {
		return m.broken(m.piece(in[from:pos]), pos, Close{Code: codeProtocolError})
	}
	m.frames++
	if m.input == relayed {
		m.ended, m.waiting = true, false
	}
	m.stop(deaf)
	return m.emit(Step{N: end, Out: m.piece(in[from:end]), Event: EventClose, Close: c})
}

// broken ends the sender's part; the other side still wants its End.
func (m *Machine) broken(out []byte, n int, c Close) Step {
	m.stop(deaf)
	return m.emit(Step{N: n, Out: out, Event: EventBroken, Close: c})
}

// drop walks on without output. Rules that are broken now harm nobody.
func (m *Machine) drop(in []byte) Step {
	frames, bytes := m.frames, m.bytes
	s := m.pass(in)
	m.frames, m.bytes = frames, bytes
	s.Out = nil
	if s.Event == EventBroken {
		return Step{N: len(in)}
	}
	return s
}

// emit counts what goes out.
func (m *Machine) emit(s Step) Step {
	m.bytes += int64(len(s.Out))
	return s
}
