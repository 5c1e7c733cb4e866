package natskv

import (
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
)

// event is what happened to one key of the bucket: a value was written, or it
// was removed.
type event struct {
	key     string
	rev     uint64
	removed bool
	value   []byte
}

func eventOf(e jetstream.KeyValueEntry) event {
	return event{e.Key(), e.Revision(), e.Operation() != jetstream.KeyValuePut, e.Value()}
}

// take puts an event in force and tells of it.
func (s *Store) take(b *bucket, ev event) {
	var e revocation.Entry
	var err error
	if !ev.removed {
		e, err = decode(ev.key, ev.value)
	}
	s.mu.Lock()
	news := s.merge(b, ev, e, err == nil)
	tell := s.tell
	news = news && s.ready
	s.mu.Unlock()
	if err != nil {
		s.complain(err)
	}
	if news && tell != nil {
		tell(e)
	}
}

// merge brings index and slot up to an event, which says e where it is readable
// and no removal. Events older than what is known of their key say nothing. It
// returns whether e is news.
func (s *Store) merge(b *bucket, ev event, e revocation.Entry, readable bool) bool {
	s.seen = max(s.seen, ev.rev)
	sl := s.slots[ev.key]
	switch {
	case ev.removed:
		s.mergeRemoval(ev, sl)
		return false
	case sl == nil && !readable:
		return false
	case sl == nil:
		sl = &slot{}
	case ev.rev <= sl.rev:
		return false
	}
	sl.rev, sl.value = ev.rev, revocation.Entry{}
	switch {
	case !readable:
		return false
	case e.Over(s.o.Keep, s.o.Now()):
		if !b.ends {
			s.over = append(s.over, ev)
		}
		return false
	}
	sl.place, sl.value = e, e
	s.slots[ev.key] = sl
	if sl.dirty {
		return s.index.Put(e)
	}
	// Nothing there becomes weaker but by a removal, which we may have missed:
	// what is there now holds.
	return s.index.Replace(e)
}

// mergeRemoval takes in that a key's value was removed, or came to its end.
func (s *Store) mergeRemoval(ev event, sl *slot) {
	switch {
	case sl == nil || ev.rev < sl.rev:
	case sl.dirty:
		// What is on its way to the bucket may come after the removal: that is
		// known when it has its revision (confirmed).
		sl.rev, sl.gone, sl.value = ev.rev, ev.rev, revocation.Entry{}
	default:
		s.index.Drop(sl.place)
		delete(s.slots, ev.key)
	}
}
