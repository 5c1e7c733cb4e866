package framing

// Insert sends complete frames (AppendFrame, masked as the sender's must be) to
// the other side at the next message boundary of the output: with Flush if it
// stands there, else in the course of Feed. It keeps no hold on frames. Once
// the direction is over it does nothing.
func (m *Machine) Insert(frames []byte) {
	if m.ended || m.ending || len(frames) == 0 {
		return
	}
	m.inserts = append(m.inserts, frames...)
	m.waiting = true
}

// End makes frame, masked as the sender's must be, the last of this direction.
// It goes out at the next frame boundary of the output, even between the
// fragments of a message: it is a close frame. What was inserted goes out ahead
// of it where that is a message boundary too, else never. nil only stops there.
// The rest of what the sender sends is dropped. The first call counts.
func (m *Machine) End(frame []byte) {
	if m.ended || m.ending {
		return
	}
	m.end = append(m.end, frame...)
	m.ending, m.waiting = true, true
}

// Cut drops whatever the sender sends from now on, wherever the output stands.
// End still goes out where that is a frame boundary; where it is not, nothing
// goes out any more, and EventEnded comes with an empty Out.
func (m *Machine) Cut() {
	if m.input == relayed {
		m.stop(dropped)
	}
}

// Flush hands out what Insert and End wait for, if the output stands at their
// boundary, without new input.
func (m *Machine) Flush() Step {
	m.release()
	s, _ := m.flush()
	return s
}

// flush reports false where nothing waits or the boundary is not there.
func (m *Machine) flush() (Step, bool) {
	switch {
	case !m.waiting:
		return Step{}, false
	case m.ending && (m.input != relayed || m.AtFrameBoundary()):
		return m.flushEnd(), true
	case m.AtMessageBoundary() && len(m.inserts) > 0:
		s := Step{Out: m.inserts}
		if m.paused {
			s.Event = EventPaused
		}
		m.inserts, m.waiting = nil, false
		return m.emit(s), true
	}
	return Step{}, false
}

func (m *Machine) flushEnd() Step {
	var out []byte
	if m.AtMessageBoundary() {
		out = m.inserts
	}
	if m.AtFrameBoundary() {
		out = append(out, m.end...)
	}
	m.inserts, m.end = nil, nil
	m.ended, m.waiting = true, false
	if m.input == relayed {
		m.stop(dropped)
	}
	return m.emit(Step{Out: out, Event: EventEnded})
}
