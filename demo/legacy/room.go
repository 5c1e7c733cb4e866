package legacy

// The bounds of what a room keeps.
const (
	maxHistory = 500 // events; older ones are forgotten
	maxRooms   = 200
)

// room is the events of one instance, and who is there. The server's lock
// guards it: so that there is one order, the same for everybody.
type room struct {
	id      string
	seq     int // of the newest event
	history []outgoing
	acked   map[string]int // event id → seq, of the events in history
	members map[*member]struct{}
}

func newRoom(id string) *room {
	return &room{id: id, acked: map[string]int{}, members: map[*member]struct{}{}}
}

// join lets m in, and sends it what it has missed since the given seq.
func (r *room) join(m *member, since int) {
	r.members[m] = struct{}{}
	m.room = r
	m.send(outgoing{Type: "ready", InstanceID: r.id, UserID: m.userID, Seq: r.seq}.bytes())
	for _, e := range r.history {
		if e.Seq > since {
			m.send(e.bytes())
		}
	}
}

// add puts an event at the end and sends it to everybody, its author included,
// who is sent the acknowledgement too. An id that is known is acknowledged
// again and changes nothing.
func (r *room) add(m *member, id string, event []byte) {
	if seq, known := r.acked[id]; known {
		m.send(outgoing{Type: "ack", Ack: []string{id}, Seq: seq}.bytes())
		return
	}
	r.seq++
	e := outgoing{Type: "event", Seq: r.seq, UserID: m.userID, Event: event}
	r.history, r.acked[id] = append(r.history, e), r.seq
	if len(r.history) > maxHistory {
		oldest := r.seq - maxHistory
		r.history = r.history[1:]
		for id, seq := range r.acked {
			if seq <= oldest {
				delete(r.acked, id)
			}
		}
	}
	for each := range r.members {
		each.send(e.bytes())
	}
	m.send(outgoing{Type: "ack", Ack: []string{id}, Seq: r.seq}.bytes())
}
