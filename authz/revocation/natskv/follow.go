package natskv

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/authz/revocation"
)

const (
	retryEvery = 250 * time.Millisecond
	askEvery   = time.Second     // for whether the bucket is still there, and whether we have all of it
	patience   = 3 * time.Second // with one question to the server
	tidyEvery  = 10 * time.Minute
	settle     = 250 * time.Millisecond
	stuckAfter = 10 * time.Second // without an entry, while catching up
)

// errAgain says that the bucket has to be read again, whole.
var errAgain = errors.New("natskv: read again")

// follow opens the bucket, reads it whole and then takes in what comes, until
// something is wrong.
func (s *Store) follow(ctx context.Context) error {
	asked, cancel := context.WithTimeout(ctx, 3*patience)
	defer cancel()
	reconnects := s.o.Conn.Stats().Reconnects
	b, err := openBucket(asked, s.o.Conn, s.o.Bucket)
	if err != nil {
		return err
	}
	s.opened(b)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w, err := b.kv.WatchAll(ctx)
	if err != nil {
		return fmt.Errorf("natskv: watch: %w", err)
	}
	defer w.Stop()
	if err := s.replay(ctx, b, w.Updates()); err != nil {
		return err
	}
	var asking sync.WaitGroup
	asking.Go(func() { s.ask(ctx, b, reconnects, stop) })
	defer asking.Wait()
	defer stop(nil) // before the wait
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case e, open := <-w.Updates():
			if !open {
				return errAgain
			}
			if e != nil {
				s.take(b, eventOf(e))
			}
		}
	}
}

// opened prepares for reading the bucket whole. One that is not the same as
// before, or that has lost what we saw in it, has revisions that say nothing to
// us: then all that is known here is to be written to it.
func (s *Store) opened(b *bucket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bucket = b; !b.created.Equal(s.created) || b.last < s.seen {
		for _, sl := range s.slots {
			sl.rev, sl.gone, sl.value = 0, 0, revocation.Entry{}
			_, sl.dirty = s.index.Held(sl.place)
		}
		s.seen = 0
	}
	s.created = b.created
}

// replay takes in everything that is in the bucket. What is known here and not
// there was lost there, and is written again.
func (s *Store) replay(ctx context.Context, b *bucket, updates <-chan jetstream.KeyValueEntry) error {
	found := map[string]bool{}
	stuck := time.NewTimer(stuckAfter)
	defer stuck.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stuck.C:
			return errors.New("natskv: the bucket cannot be read to its end")
		case e, open := <-updates:
			switch {
			case !open:
				return errors.New("natskv: the watch of the bucket ended")
			case e == nil:
				s.caughtUp(b, found)
				return nil
			}
			found[e.Key()] = true
			s.take(b, eventOf(e))
			stuck.Reset(stuckAfter)
		}
	}
}

func (s *Store) caughtUp(b *bucket, found map[string]bool) {
	s.tidy()
	s.mu.Lock()
	for key, sl := range s.slots {
		if _, held := s.index.Held(sl.place); held && !found[key] {
			sl.rev, sl.value, sl.dirty = 0, revocation.Entry{}, true
		}
	}
	s.seen = max(s.seen, b.last)
	s.ready = true
	s.mu.Unlock()
	s.answered(true)
	s.poke()
}

// tidy drops what is over.
func (s *Store) tidy() {
	s.index.List() // for what it drops
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, sl := range s.slots {
		if _, held := s.index.Held(sl.place); !held && !sl.dirty {
			delete(s.slots, key)
		}
	}
}

// ask asks the server again and again whether the bucket is there and whether
// we have all of it: a watch can die silently, and a connection can be open to
// a server that has lost its cluster. It calls stop when all is to be read again.
func (s *Store) ask(ctx context.Context, b *bucket, reconnects uint64, stop context.CancelCauseFunc) {
	tidied, down := time.Now(), false
	for ctx.Err() == nil {
		pause(ctx, askEvery)
		last, err := b.lastRevision(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, jetstream.ErrStreamNotFound):
			stop(errors.New("natskv: the bucket is gone"))
			return
		case err != nil:
			down = true
			s.failed(err)
			continue
		// After a reconnect the watch may be dead. It would be missed with the
		// next entry; so it is not waited for.
		case down || s.o.Conn.Stats().Reconnects != reconnects || !s.has(ctx, last):
			stop(errAgain)
			return
		}
		s.answered(true)
		if time.Since(tidied) > tidyEvery {
			tidied = time.Now()
			s.tidy()
		}
	}
}

// has tells whether a revision was taken in, or is within a moment.
func (s *Store) has(ctx context.Context, revision uint64) bool {
	for range 2 {
		s.mu.Lock()
		seen := s.seen
		s.mu.Unlock()
		if seen >= revision {
			return true
		}
		pause(ctx, settle)
	}
	return false
}

// lastRevision asks for the last revision of the bucket.
func (b *bucket) lastRevision(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	info, err := b.stream.Info(ctx)
	switch {
	case err != nil:
		return 0, fmt.Errorf("natskv: %w", err)
	case !info.Created.Equal(b.created):
		return 0, jetstream.ErrStreamNotFound // another one of its name
	}
	return info.State.LastSeq, nil
}
