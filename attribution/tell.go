package attribution

import (
	"context"
	"errors"

	"github.com/syncward/syncward/framing/payload"
)

// Tell takes in what one upstream message says of the log. It returns nil when
// the message may be relayed: what it acknowledges is confirmed, durably. Where
// the journal fails it tries again until ctx ends, or counts and goes on
// (Options.Pass); what a pull shows is never held back. After an error the
// message must not be relayed. Errors: the end of ctx; a closed Recorder.
func (c *Conn) Tell(ctx context.Context, news payload.News) error {
	if news.Empty() {
		return nil
	}
	accepted, rejected := c.outcomes(news)
	if err := c.accept(ctx, accepted); err != nil {
		return err
	}
	if err := c.reject(ctx, rejected); err != nil {
		return err
	}
	if len(news.Seen) > 0 {
		c.s.attend(ctx, c.s.see(c.known(), news.Seen))
	}
	return nil
}

// accept confirms what the upstream took, and what it took before it had told
// the identity of its log.
func (c *Conn) accept(ctx context.Context, accepted []*offer) error {
	records, nameless := c.named(accepted)
	fresh := c.s.unknown(records)
	if len(fresh)+len(nameless) == 0 {
		c.s.confirmed(records)
		return nil
	}
	j := c.s.r.opt.Journal
	err := c.s.r.keep(ctx, func(ctx context.Context) error {
		if err := j.Confirm(ctx, fresh); err != nil || len(nameless) == 0 {
			return err
		}
		return j.Forget(ctx, nameless)
	})
	if errors.Is(err, errPassed) {
		return nil
	} else if err != nil {
		return err
	}
	c.s.confirmed(records)
	c.s.r.opt.Attributed(len(fresh))
	return nil
}

// named returns the accepted records whose place is known, and the intents of
// those that were made without the log's identity. Where it is still unknown,
// they wait for it.
func (c *Conn) named(accepted []*offer) (records, nameless []Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range accepted {
		rec := o.rec
		switch {
		case !o.unsaid:
			rec.State = Confirmed
			records = append(records, rec)
		case len(c.nameless) < maxUnanswered:
			c.nameless = append(c.nameless, rec)
		}
	}
	if c.backend == "" {
		return records, nil
	}
	nameless, c.nameless = c.nameless, nil
	for _, rec := range nameless {
		rec.BackendID, rec.State = c.backend, Confirmed
		records = append(records, rec)
	}
	return records, nameless
}

// reject forgets what the upstream turned down. What is left at those places
// may be certain now.
func (c *Conn) reject(ctx context.Context, rejected []*offer) error {
	var intents []Record
	var at []Place
	for _, o := range rejected {
		if o.late {
			continue
		}
		intents = append(intents, o.rec)
		rec := o.rec
		if o.unsaid { // a doubt may have made a copy that is named
			rec.BackendID = c.known()
			intents = append(intents, rec)
		}
		at = append(at, rec.Place())
	}
	if len(intents) == 0 {
		return nil
	}
	err := c.s.r.keep(ctx, func(ctx context.Context) error {
		if err := c.s.r.opt.Journal.Forget(ctx, intents); err != nil {
			return err
		}
		return c.s.revisit(ctx, at)
	})
	if errors.Is(err, errPassed) {
		return nil
	}
	return err
}
