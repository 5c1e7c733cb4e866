package attribution

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Options make a Recorder.
type Options struct {
	Journal Journal // required; the caller closes it, behind the Recorder
	// Pass goes on where the journal fails: what it should have kept is
	// counted by Failed, and the event has no author. Otherwise Push and Tell
	// try again until they succeed or their context ends.
	Pass bool
	// Attributed, Unconfirmed and Failed report what happened; each may be nil
	// and must not block. Attributed counts newly confirmed events; Unconfirmed
	// is told the journal's count of open intents, at the start and each Every;
	// Failed is told of each failed attempt at the journal.
	Attributed  func(events int)
	Unconfirmed func(events int)
	Failed      func(error)
	// Every is how often intents are counted and sights that the journal could
	// not be asked about are tried again; up to five times as long where that
	// takes over a twentieth of it. 0: 1 s.
	Every time.Duration
	Now   func() time.Time // nil: time.Now
}

const (
	maxIdleStores = 1024            // whose log positions are remembered without a connection
	maxMissed     = 4096            // sights that the journal could not be asked about yet
	patience      = 2 * time.Second // for the journal, where nothing is held back meanwhile
	restful       = 20              // times as long as a round took goes by before the next,
	slowest       = 5               // and at most as many times Every
)

// Recorder keeps who wrote which event of one upstream. Its methods may be
// called from any goroutine.
type Recorder struct {
	opt    Options
	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	stores map[string]*store
	idle   []string // stores that lost their last connection, oldest first
	missed map[Place]Hash
}

// New starts a Recorder, with one goroutine that ends with Close.
func New(opt Options) *Recorder {
	if opt.Attributed == nil {
		opt.Attributed = func(int) {}
	}
	if opt.Unconfirmed == nil {
		opt.Unconfirmed = func(int) {}
	}
	if opt.Failed == nil {
		opt.Failed = func(error) {}
	}
	if opt.Every <= 0 {
		opt.Every = time.Second
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	r := &Recorder{opt: opt, stores: map[string]*store{}, missed: map[Place]Hash{},
		done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	go r.rounds()
	return r
}

// Close ends the Recorder's goroutine. The journal stays open.
func (r *Recorder) Close() {
	r.cancel()
	<-r.done
}

// rounds settles what was left behind, sights that the journal could not be
// asked about, and counts what is open.
func (r *Recorder) rounds() {
	defer close(r.done)
	next := time.NewTimer(0)
	defer next.Stop()
	for {
		select {
		case <-r.ctx.Done():
			return
		case <-next.C:
			begun := time.Now()
			r.settleMissed()
			r.count()
			next.Reset(min(max(r.opt.Every, restful*time.Since(begun)), slowest*r.opt.Every))
		}
	}
}

func (r *Recorder) count() {
	ctx, cancel := context.WithTimeout(r.ctx, patience)
	defer cancel()
	if n, err := r.opt.Journal.Unconfirmed(ctx); err == nil {
		r.opt.Unconfirmed(n)
	} else if r.ctx.Err() == nil {
		r.opt.Failed(err)
	}
}

// enter returns a store's state for one connection more.
func (r *Recorder) enter(id string) *store {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stores[id]
	if s == nil {
		s = &store{r: r, id: id, asking: make(chan struct{}, 1), logs: map[string]*position{}, known: map[Place]struct{}{}}
		r.stores[id] = s
	}
	s.conns++
	return s
}

// leave takes one connection off a store. What is known of its logs stays for a
// while, since rule 5 leans on it.
func (r *Recorder) leave(s *store) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.conns--; s.conns > 0 {
		return
	}
	r.idle = append(r.idle, s.id)
	for len(r.idle) > maxIdleStores {
		if old := r.stores[r.idle[0]]; old != nil && old.conns == 0 {
			delete(r.stores, old.id)
		}
		r.idle = r.idle[1:]
	}
}

// keep runs one write at the journal: again and again until it succeeds, or
// once where a failure is passed over.
func (r *Recorder) keep(ctx context.Context, write func(context.Context) error) error {
	if r.opt.Pass {
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		if err := write(ctx); err != nil {
			r.opt.Failed(err)
			return errPassed
		}
		return nil
	}
	for wait := 20 * time.Millisecond; ; wait = min(2*wait, patience) {
		err := write(ctx)
		if err == nil {
			return nil
		}
		r.opt.Failed(err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-r.ctx.Done():
			return errClosed
		case <-time.After(wait):
		}
	}
}

var (
	// errPassed: the journal failed, and the caller goes on without it.
	errPassed = errors.New("attribution: not kept")
	errClosed = errors.New("attribution: the recorder is closed")
)

// ErrRequest is the error of Push for a request id that awaits an answer
// already, or one too many of them: the message must not be relayed, since its
// answer could not be told from another's.
var ErrRequest = errors.New("attribution: a request id is in use, or too many are")
