package natskv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
)

// Remove forgets all of a user's entries, here and on every replica; false
// where there is none. While the store is out of reach nothing is forgotten
// and the error is ErrUnreachable: a replica that knows more would win anyway.
// After any other error some of the entries may be gone.
func (s *Store) Remove(userID string) (bool, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	s.mu.Lock()
	b, up := s.bucket, s.up
	keys := map[string]bool{} // with a value for ever?
	for key, sl := range s.slots {
		if e, held := s.index.Held(sl.place); held && e.UserID == userID {
			keys[key] = e.Deleted
		}
	}
	s.mu.Unlock()
	switch {
	case !up:
		return false, ErrUnreachable
	case len(keys) == 0:
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var faults []error
	for key, ever := range keys {
		// A removal stays for as long as somebody could still hold, and bring
		// back, what was removed.
		ttl := s.o.Keep
		if ever {
			ttl = 0
		}
		rev, err := b.remove(ctx, key, ttl)
		if err != nil {
			faults = append(faults, fmt.Errorf("natskv: remove: %w", err))
			continue
		}
		s.removed(key, rev)
	}
	return true, errors.Join(faults...)
}

func (s *Store) removed(key string, rev uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.slots[key]
	if sl == nil || rev < sl.rev {
		return
	}
	s.index.Drop(sl.place)
	sl.rev, sl.gone, sl.value, sl.dirty = rev, rev, revocation.Entry{}, false
}

// remove puts a removal in the place of a key's value.
func (b *bucket) remove(ctx context.Context, key string, ttl time.Duration) (uint64, error) {
	m := nats.NewMsg(b.subject(key))
	m.Header.Set("KV-Operation", "PURGE")
	m.Header.Set(jetstream.MsgRollup, jetstream.MsgRollupSubject)
	var o []jetstream.PublishOpt
	if b.ends && ttl > 0 {
		o = append(o, jetstream.WithMsgTTL(ttl.Truncate(time.Second)+time.Second))
	}
	ack, err := b.js.PublishMsg(ctx, m, o...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}
