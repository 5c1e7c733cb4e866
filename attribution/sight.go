package attribution

import (
	"context"
	"time"

	"github.com/syncward/syncward/framing/payload"
)

// sight is the knowledge that an event with this hash is in the log there.
type sight struct {
	at   Place
	hash Hash
}

// see notes events of a log, and returns those that the journal must be asked
// about: not the settled ones. That an answer is awaited here spares nothing: a
// kill before it comes would leave an event that its readers never ask for again.
func (s *store) see(backend string, events []payload.Event) (due []sight) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.log(backend)
	for _, e := range events {
		switch {
		case e.SeqNum == 0 && e.ID == "":
			continue
		case e.SeqNum == 0:
			due = append(due, sight{Place{s.id, backend, 0, short(e.ID)}, e.Hash})
			continue
		}
		p.head = max(p.head, e.SeqNum)
		if !p.settled(e.SeqNum) {
			due = append(due, sight{Place{s.id, backend, e.SeqNum, ""}, e.Hash})
		}
	}
	return due
}

// attend asks the journal about sights and settles them. It holds nothing back:
// where the journal fails, they are kept for a later round.
func (s *store) attend(ctx context.Context, due []sight) {
	if len(due) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case s.asking <- struct{}{}:
		defer func() { <-s.asking }()
	case <-ctx.Done(): // the journal hangs: whoever else waits would wait for each in front
		s.r.miss(s.unsettled(due))
		return
	}
	if due = s.unsettled(due); len(due) == 0 {
		return
	}
	if err := s.resolve(ctx, due); err != nil {
		s.r.opt.Failed(err)
		s.r.miss(due)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range due {
		if d.at.SeqNum != 0 {
			s.log(d.at.BackendID).settle(d.at.SeqNum)
		}
	}
}

// unsettled drops what somebody else has settled meanwhile, and what is of a log
// that is gone: its nameless rivals may have been settled with the newer one.
func (s *store) unsettled(due []sight) []sight {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := due[:0]
	for _, d := range due {
		if d.at.BackendID == s.newest() && (d.at.SeqNum == 0 || !s.log(d.at.BackendID).settled(d.at.SeqNum)) {
			left = append(left, d)
		}
	}
	return left
}

// resolve brings the journal into line with what is in the log.
func (s *store) resolve(ctx context.Context, due []sight) error {
	again, err := s.look(ctx, due)
	if err != nil || len(again) == 0 {
		return err
	}
	// Doubts were left in the journal, and are looked at behind that: whoever
	// forgets a rejected rival looks behind that too. So one of the two sees
	// both. What is in doubt still is so for others to see.
	_, err = s.look(ctx, again)
	return err
}

// look asks the journal about sights and does what follows, once. It returns
// those that it left in the journal as doubts.
func (s *store) look(ctx context.Context, due []sight) (doubts []sight, err error) {
	j := s.r.opt.Journal
	open, err := j.Open(ctx, places(due))
	if err != nil || len(open) == 0 {
		return nil, err
	}
	v := judge(due, open)
	if len(v.confirm) > 0 {
		if err := j.Confirm(ctx, v.confirm); err != nil {
			return nil, err
		}
		s.sighted(v.confirm)
		s.r.opt.Attributed(len(v.confirm))
	}
	if len(v.forget) > 0 {
		if err := j.Forget(ctx, v.forget); err != nil {
			return nil, err
		}
	}
	if len(v.doubt) > 0 {
		return v.again, j.Intend(ctx, v.doubt)
	}
	return nil, nil
}

// revisit settles the places of rejected offers where the journal holds a sight.
func (s *store) revisit(ctx context.Context, at []Place) error {
	open, err := s.r.opt.Journal.Open(ctx, at)
	if err != nil {
		return err
	}
	var due []sight
	for _, rec := range open {
		if rec.Sight() {
			due = append(due, sight{rec.Place(), rec.Hash})
		}
	}
	return s.resolve(ctx, due)
}

// places are where intents may stand that a sight settles: its own place, and
// the one without an identity.
func places(due []sight) []Place {
	out := make([]Place, 0, 2*len(due))
	for _, d := range due {
		out = append(out, d.at)
		if d.at.BackendID != "" {
			d.at.BackendID = ""
			out = append(out, d.at)
		}
	}
	return out
}

// miss keeps sights for a later round, as many as there is room for. One that
// is dropped comes again when a client pulls the event again.
func (r *Recorder) miss(due []sight) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, d := range due {
		if len(r.missed) < maxMissed {
			r.missed[d.at] = d.hash
		}
	}
}

// settleMissed tries what was missed once more.
func (r *Recorder) settleMissed() {
	r.mu.Lock()
	byStore := map[string][]sight{}
	for at, hash := range r.missed {
		byStore[at.StoreID] = append(byStore[at.StoreID], sight{at, hash})
	}
	clear(r.missed)
	r.mu.Unlock()
	deadline := time.Now().Add(2 * patience)
	for id, due := range byStore {
		if r.ctx.Err() != nil || time.Now().After(deadline) {
			r.miss(due) // the journal hangs; others wait for this goroutine
			continue
		}
		s := r.enter(id)
		s.attend(r.ctx, due)
		r.leave(s)
	}
}
