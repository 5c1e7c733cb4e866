package natskv

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
)

const (
	// waitForWrite is how long an Add waits to learn whether the fleet knows.
	waitForWrite = 2 * time.Second
	// atOnce is how many keys are written before it is looked who waits.
	atOnce = 256
)

// Add puts an entry in force here at once, and then in the bucket. At is set.
// Errors: revocation.ErrEntry; ErrPending where the bucket could not be written
// within 2 s.
func (s *Store) Add(e revocation.Entry) error {
	if !e.Valid() {
		return revocation.ErrEntry
	}
	e.At = s.o.Now().UTC().Round(0)
	e.Before = e.Before.UTC().Round(0)
	written := make(chan error, 1)
	s.mu.Lock()
	key := keyOf(e)
	sl := s.slots[key]
	if sl == nil {
		sl = &slot{}
		s.slots[key] = sl
	}
	sl.place = e
	s.index.Put(e)
	sl.dirty = true
	up, tell := s.up, s.tell
	if up {
		sl.wait = append(sl.wait, written)
	}
	s.mu.Unlock()
	if tell != nil {
		tell(e)
	}
	s.poke()
	if !up {
		return ErrPending
	}
	t := time.NewTimer(waitForWrite)
	defer t.Stop()
	select {
	case err := <-written:
		return err
	case <-t.C:
		return ErrPending
	}
}

// poke wakes the writer.
func (s *Store) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// writeAll writes what is dirty until ctx ends.
func (s *Store) writeAll(ctx context.Context) {
	again := time.NewTicker(askEvery)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
		case <-again.C:
		}
		s.writeDirty(ctx)
		s.sweep(ctx)
	}
}

// writeDirty writes some of what is dirty, those first for which somebody waits.
func (s *Store) writeDirty(ctx context.Context) {
	for _, key := range s.dirty() {
		err := s.write(ctx, key)
		s.wrote(key, err)
		if ctx.Err() != nil {
			return
		}
		if s.trouble(err); errors.Is(err, context.DeadlineExceeded) {
			return // the rest at the next turn
		}
	}
}

// trouble reports a write that failed, of those in a row the first.
func (s *Store) trouble(err error) {
	s.mu.Lock()
	was := s.unwritten
	s.unwritten = err != nil
	s.mu.Unlock()
	if err != nil && !was {
		s.complain(err)
	}
}

// sweep takes out of the bucket what is over, where the server does not.
func (s *Store) sweep(ctx context.Context) {
	s.mu.Lock()
	over, b := s.over, s.bucket
	s.over = nil
	s.mu.Unlock()
	for _, ev := range over {
		asked, cancel := context.WithTimeout(ctx, patience)
		// Up to this revision: what was written since stays.
		_ = b.stream.Purge(asked, jetstream.WithPurgeSubject(b.subject(ev.key)), jetstream.WithPurgeSequence(ev.rev+1))
		cancel()
	}
}

// dirty returns the keys that are to be written; none while there is no bucket.
func (s *Store) dirty() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.up {
		return nil
	}
	var awaited, others []string
	for key, sl := range s.slots {
		switch {
		case !sl.dirty:
		case len(sl.wait) > 0:
			awaited = append(awaited, key)
		default:
			others = append(others, key)
		}
	}
	if len(others) > atOnce {
		others = others[:atOnce]
		s.poke()
	}
	return append(awaited, others...)
}

// wrote tells those who wait for a key.
func (s *Store) wrote(key string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.slots[key]
	if sl == nil {
		return
	}
	if err != nil {
		err = ErrPending
	}
	for _, w := range sl.wait {
		w <- err
	}
	sl.wait = nil
}

// write brings what is held in a key's place into the bucket, unless something
// at least as strong is there.
func (s *Store) write(ctx context.Context, key string) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for ctx.Err() == nil {
		b, e, rev, needed := s.toWrite(key)
		if !needed {
			return nil
		}
		at, err := b.put(ctx, key, e, rev, s.left(e))
		switch {
		case err == nil:
			s.confirmed(key, e, at)
		case conflict(err):
			ev, err := b.get(ctx, key)
			if err != nil {
				return err
			}
			if ev.rev == 0 {
				s.nothingAt(key)
			}
			s.take(b, ev)
			pause(ctx, 5*time.Millisecond) // who answers may not have the latest yet
		default:
			return fmt.Errorf("natskv: write: %w", err)
		}
	}
	return fmt.Errorf("natskv: write: %w", ctx.Err())
}

// toWrite returns what has to be written over which revision, and marks a key
// as clean that needs nothing.
func (s *Store) toWrite(key string) (b *bucket, e revocation.Entry, rev uint64, needed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.slots[key]
	if sl == nil || !sl.dirty {
		return nil, e, 0, false
	}
	e, held := s.index.Held(sl.place)
	if !held || same(e, sl.value) {
		sl.dirty = false
		return nil, e, 0, false
	}
	return s.bucket, e, sl.rev, true
}

// confirmed notes that e is in the bucket at a revision. A removal that was
// seen meanwhile, and is later, now counts.
func (s *Store) confirmed(key string, e revocation.Entry, rev uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl := s.slots[key]
	if sl == nil {
		return
	}
	if rev > sl.rev {
		sl.rev, sl.value = rev, e
	}
	if held, ok := s.index.Held(sl.place); sl.gone > rev && ok && same(held, e) {
		s.index.Drop(sl.place)
		sl.dirty = false
	}
}

// nothingAt notes that the bucket has nothing at a key, nor a removal.
func (s *Store) nothingAt(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sl := s.slots[key]; sl != nil {
		sl.rev, sl.value = 0, revocation.Entry{}
	}
}

// same compares what the bucket keeps of two entries.
func same(a, b revocation.Entry) bool {
	return a.UserID == b.UserID && a.TokenID == b.TokenID && a.Deleted == b.Deleted && a.Before.Equal(b.Before)
}

// left returns how long an entry still matters; 0: for ever.
func (s *Store) left(e revocation.Entry) time.Duration {
	ends, ever := e.Ends(s.o.Keep)
	if ever {
		return 0
	}
	// The server counts whole seconds.
	return max(ends.Sub(s.o.Now()).Truncate(time.Second)+time.Second, time.Second)
}

// put writes an entry over a revision; 0: over nothing.
func (b *bucket) put(ctx context.Context, key string, e revocation.Entry, over uint64, ttl time.Duration) (uint64, error) {
	value, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	o := []jetstream.PublishOpt{jetstream.WithExpectLastSequencePerSubject(over)}
	if b.ends && ttl > 0 {
		o = append(o, jetstream.WithMsgTTL(ttl))
	}
	ack, err := b.js.PublishMsg(ctx, &nats.Msg{Subject: b.subject(key), Data: value}, o...)
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// get reads what is at a key now, a removal as well.
func (b *bucket) get(ctx context.Context, key string) (event, error) {
	m, err := b.stream.GetLastMsgForSubject(ctx, b.subject(key))
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return event{key: key, removed: true}, nil
	case err != nil:
		return event{}, fmt.Errorf("natskv: read: %w", err)
	}
	removed := m.Header.Get("KV-Operation") != "" || m.Header.Get(jetstream.MarkerReasonHeader) != ""
	return event{key, m.Sequence, removed, m.Data}, nil
}

// conflict tells of a key at which another revision is than was expected.
func conflict(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}
