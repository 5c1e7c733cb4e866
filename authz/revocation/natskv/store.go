package natskv

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/syncward/syncward/authz/revocation"
)

// Options configures a Store.
type Options struct {
	// Conn is closed by whoever made it, after Run has returned. Nil: a store
	// that is never reached.
	Conn   *nats.Conn
	Bucket string
	// Keep is how long an entry matters: the longest lifetime of a token, its
	// grace and the leeway. Deletions are kept for ever.
	Keep time.Duration
	Now  func() time.Time // nil: time.Now
	// Changed is told when the store comes into reach and goes out of it, Fault
	// why it cannot be used, of a row of the same the first. Both may be nil and
	// must not block.
	Changed func(up bool)
	Fault   func(error)
}

// ErrPending says that an entry is in force in this process alone: the others
// learn of it when the store can be reached again, if this process lives.
var ErrPending = errors.New("natskv: in force on this replica alone, until the store is in reach again")

// ErrUnreachable says that the store is out of reach, and nothing was changed.
var ErrUnreachable = errors.New("natskv: the store is out of reach")

// Store is one replica's view of the bucket. Its methods may be called from any
// goroutine.
type Store struct {
	o     Options
	index *revocation.Index
	wake  chan struct{} // there is something to write

	writing   sync.Mutex // one writer at a time, so that a Remove is not overtaken by our own write
	mu        sync.Mutex
	slots     map[string]*slot // by key
	tell      func(revocation.Entry)
	bucket    *bucket // nil while there is none
	created   time.Time
	seen      uint64    // the last revision that was taken in
	reached   time.Time // when the store last answered; at first, when we began to ask
	up        bool
	ready     bool // caught up once
	fault     string
	unwritten bool    // the last write failed
	over      []event // what is to be swept out of a bucket without ends
}

// slot is what is known of one key of the bucket.
type slot struct {
	place revocation.Entry // an entry in that place, for asking the index
	rev   uint64           // of what was last seen there, value or removal; 0: nothing
	value revocation.Entry // what was last seen there; zero: nothing, or a removal
	gone  uint64           // revision of the last removal
	dirty bool             // the index holds what the bucket may not
	wait  []chan error     // of those who wait for the write
}

// New returns a store that knows nothing yet. Run has to run.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{
		o: o, index: revocation.NewIndex(o.Keep, o.Now), wake: make(chan struct{}, 1),
		slots: map[string]*slot{}, reached: o.Now(),
	}
}

// Check says whether a token of that user, with that jti and iat, was revoked,
// as far as is known here. It waits for nothing.
func (s *Store) Check(userID, tokenID string, issuedAt time.Time) revocation.Verdict {
	return s.index.Check(userID, tokenID, issuedAt)
}

// List returns the entries that still matter and are known here, by user.
func (s *Store) List() []revocation.Entry { return s.index.List() }

// Notify has f called with every entry that comes into force from now on, after
// it is in force, whoever made it; not with those of the first catch-up. f must
// not block.
func (s *Store) Notify(f func(revocation.Entry)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tell = f
}

// CaughtUp tells whether everything that was in the bucket has been taken in
// once; before that a Check says nothing about who may come in.
func (s *Store) CaughtUp() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready
}

// Out returns for how long the store has been out of reach; 0 while it is in
// reach.
func (s *Store) Out() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.up {
		return 0
	}
	return max(s.o.Now().Sub(s.reached), 1)
}

// Run follows the bucket until ctx ends, through every outage. It is to be
// called once; its goroutines end before it returns.
func (s *Store) Run(ctx context.Context) {
	if s.o.Conn == nil {
		<-ctx.Done()
		return
	}
	var writer sync.WaitGroup
	writer.Go(func() { s.writeAll(ctx) })
	for ctx.Err() == nil {
		s.failed(s.follow(ctx))
		pause(ctx, retryEvery)
	}
	writer.Wait()
}

// pause waits for d, or for the end of ctx.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// answered notes that the store is in reach, or not.
func (s *Store) answered(up bool) {
	s.mu.Lock()
	if up {
		s.reached = s.o.Now()
		s.fault = ""
	}
	changed := s.up != up
	s.up = up
	s.mu.Unlock()
	if changed && s.o.Changed != nil {
		s.o.Changed(up)
	}
}

// failed notes why the bucket cannot be followed; errAgain is no fault.
func (s *Store) failed(err error) {
	if err == nil || errors.Is(err, errAgain) || errors.Is(err, context.Canceled) {
		return
	}
	s.answered(false)
	s.mu.Lock()
	first := s.fault != err.Error()
	s.fault = err.Error()
	s.mu.Unlock()
	if first {
		s.complain(err)
	}
}

func (s *Store) complain(err error) {
	if s.o.Fault != nil {
		s.o.Fault(err)
	}
}
