package framing

// maxRun is how long a run of messages with rewritten ones in it may grow, in
// bytes, before it goes out: by then a further write costs little beside it.
const maxRun = 32 << 10

// feedLook is Feed with a Look. One Step's Out is one piece of memory: a run of
// whole frames in the input, or, from the first message in it that is rewritten,
// in a buffer of the machine's own (m.spent): a write for each message would cost
// more than all that is done to it. What is gathered goes out alone.
func (m *Machine) feedLook(in []byte) Step {
	from, to, pos := 0, 0, 0 // in[from:to] goes out, in[:pos] is used
	for {
		if m.left > 0 {
			pos += m.gather(in[pos:])
			if m.left > 0 {
				break
			}
			if !m.open {
				return m.assembled(pos)
			}
		}
		h, n, broken := m.next(in[pos:])
		if broken.Code == 0 && n > 0 && !m.fits(h, n) {
			broken = Close{Code: CodeTooBig, Reason: reasonTooBig}
		}
		if broken.Code != 0 {
			return m.broken(m.piece(in[from:to]), pos, broken)
		}
		end := pos + n + int(min(h.Length, int64(len(in)))) // beyond in: not whole
		whole := n > 0 && end <= len(in)
		if n == 0 || h.Opcode.Control() && !whole {
			break
		}
		if from == to {
			from, to = pos, pos
		}
		switch {
		case h.Opcode == CloseFrame:
			return m.passClose(in, from, pos, h, n)
		case h.Opcode.Control():
			m.frames++
		case whole && h.Fin && h.Opcode != Continuation:
			m.enter(h)
			m.left = 0
			v := m.show(in[pos:end])
			switch {
			case v.Action == Rewrite && len(v.Before) == 0:
				m.rewrite(m.piece(in[from:pos]), v.Payload)
				m.hide()
				pos, from, to = end, end, end
				if len(m.spent.b) >= maxRun {
					return m.emit(Step{N: pos, Out: m.spent.b})
				}
				continue
			case v.Action != Pass || len(v.Before) > 0:
				return m.carryOut(v, m.piece(in[from:pos]), in[pos:end], 1, end)
			}
			m.hide()
			m.frames++
		default:
			if from < pos || m.spent != nil {
				return m.emit(Step{N: pos, Out: m.piece(in[from:pos])})
			}
			m.start(h, in[pos:pos+n])
			pos += n
			if m.left == 0 && !m.open {
				return m.assembled(pos)
			}
			continue
		}
		pos, to = end, end
	}
	return m.emit(Step{N: pos, Out: m.piece(in[from:to])})
}

// piece is what goes out: b, or b behind what the machine has made in this Feed.
func (m *Machine) piece(b []byte) []byte {
	if m.spent == nil {
		return b
	}
	return m.join(nil, b)
}

// fits tells whether the frame behind h may join the message being assembled.
func (m *Machine) fits(h Header, n int) bool {
	return h.Opcode.Control() || m.message.fits(int64(n)+h.Length, m.max)
}

// start adds a further frame's header to the assembly.
func (m *Machine) start(h Header, header []byte) {
	m.enter(h)
	m.message.add(header)
	m.message.frames++
}

// gather adds what b holds of the frame's payload to the assembly.
func (m *Machine) gather(b []byte) int {
	n := m.advance(len(b))
	m.message.add(b[:n])
	return n
}

// assembled judges the message in the assembly.
func (m *Machine) assembled(n int) Step {
	return m.carryOut(m.show(m.message.bytes()), nil, m.message.bytes(), m.message.frames, n)
}

// show lets Look see the message in frames: in a copy, so that the frames stay
// as they came and the payload stays where it is while paused.
func (m *Machine) show(frames []byte) Verdict {
	m.view = getBuffer()
	m.view.b = appendPayload(m.view.b, frames)
	n := len(m.view.b)
	return m.look(Message{Opcode: m.opcode, Payload: m.view.b[:n:n], Room: m.view.b[n:n]})
}

// hide gives back what Look saw.
func (m *Machine) hide() {
	putBuffer(m.view)
	m.view = nil
}

// carryOut does what v says with the message that came as raw, in count frames;
// head goes out ahead of it and n is the input used.
func (m *Machine) carryOut(v Verdict, head, raw []byte, count int64, n int) Step {
	s := Step{N: n, Out: head}
	if len(v.Before) > 0 && v.Action != Refuse {
		s.Out = m.join(head, v.Before)
	}
	switch v.Action {
	case Rewrite:
		s.Out = m.rewrite(s.Out, v.Payload)
		putBuffer(m.message.take())
	case Consume:
		putBuffer(m.message.take())
	case Refuse:
		s.Event, s.Cause = EventRefused, v.Cause
		m.stop(dropped)
	case Pause:
		s.Event = EventPaused
		m.hold(raw, count)
		return m.emit(s)
	default:
		m.let(&s, raw, count)
	}
	m.hide()
	return m.emit(s)
}

// let passes the message raw behind s.Out.
func (m *Machine) let(s *Step, raw []byte, count int64) {
	m.frames += count
	if len(s.Out) > 0 {
		s.Out = m.join(s.Out, raw)
		putBuffer(m.message.take())
		return
	}
	s.Out = raw
	if held := m.message.take(); held != nil {
		m.spent = held
	}
}

// rewrite puts one frame of the message's opcode behind head, as join does.
func (m *Machine) rewrite(head, payload []byte) []byte {
	var key *[4]byte
	if m.sender == Client {
		k := m.key()
		key = &k
	}
	m.join(head, nil)
	m.spent.b = AppendFrame(m.spent.b, true, m.opcode, payload, key)
	m.frames++
	return m.spent.b
}

// join makes one piece of two, in memory of the machine's own. Where a was made
// by it before, b is appended.
func (m *Machine) join(a, b []byte) []byte {
	if m.spent == nil {
		m.spent = getBuffer()
		m.spent.b = append(m.spent.b, a...)
	}
	m.spent.b = append(m.spent.b, b...)
	return m.spent.b
}

// hold keeps the message until Resume.
func (m *Machine) hold(raw []byte, count int64) {
	m.paused = true
	if m.message.raw == nil {
		m.message.add(raw)
		m.message.frames = count
	}
}

// Resume carries out v for the message that Look paused at, as if Look had
// said it now; Pause again goes on waiting. It uses no input. Without a paused
// message it does nothing.
func (m *Machine) Resume(v Verdict) Step {
	m.release()
	if !m.paused {
		return Step{}
	}
	if v.Action == Pause && len(v.Before) == 0 {
		return Step{Event: EventPaused}
	}
	m.paused = false
	return m.carryOut(v, nil, m.message.bytes(), m.message.frames, 0)
}
