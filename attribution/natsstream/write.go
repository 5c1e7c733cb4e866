package natsstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
)

// Intend implements attribution.Journal.
func (j *Journal) Intend(ctx context.Context, intents []attribution.Record) error {
	return j.keep(ctx, intents, j.intent)
}

// Confirm implements attribution.Journal. What others find the records by comes
// first; killed behind that, it leaves what says nothing false. Killed behind
// the records, it leaves intents at confirmed places, which are no events and
// which whoever finds them clears away.
func (j *Journal) Confirm(ctx context.Context, records []attribution.Record) error {
	if err := j.note(ctx, records); err != nil {
		return err
	}
	done := func(r attribution.Record) string { return j.done(r.Place()) }
	if err := j.keep(ctx, records, done); err != nil {
		return err
	}
	at := make([]attribution.Place, 0, len(records))
	for _, r := range records {
		at = append(at, r.Place())
	}
	open, err := j.openAt(ctx, at)
	if err != nil {
		return err
	}
	return j.drop(ctx, open)
}

// Forget implements attribution.Journal.
func (j *Journal) Forget(ctx context.Context, intents []attribution.Record) error {
	all := make([]string, 0, len(intents))
	for _, r := range intents {
		all = append(all, j.intent(r))
	}
	return j.drop(ctx, all)
}

// keep puts each record at its subject.
func (j *Journal) keep(ctx context.Context, records []attribution.Record, subject func(attribution.Record) string) error {
	all := make([]*nats.Msg, 0, len(records))
	for _, r := range records {
		data, err := encode(r)
		if err != nil {
			return fmt.Errorf("natsstream: %w", err)
		}
		all = append(all, &nats.Msg{Subject: subject(r), Data: data})
	}
	return j.publish(ctx, all)
}

// maxRefused is how often what is refused, and not there, is published again.
const maxRefused = 100

// errRefused: the stream refuses what it says it has, and does not show it.
var errRefused = errors.New("natsstream: the stream refuses a message and has none in its place")

// publish puts each message at its subject, unless something stands there: that
// is the same, or the first. It returns nil when all that stands there is kept.
// In a cluster, what makes the server refuse may only be about to stand there,
// and it may be deleted before it was seen.
func (j *Journal) publish(ctx context.Context, all []*nats.Msg) error {
	for range maxRefused {
		refused, err := j.put(ctx, all)
		if err != nil {
			return err
		}
		there, err := j.standing(ctx, slices.Collect(maps.Keys(refused)))
		if err != nil {
			return err
		}
		for _, subject := range there {
			delete(refused, subject)
		}
		if len(refused) == 0 {
			return nil
		}
		if err := pause(ctx); err != nil {
			return err
		}
		all = slices.Collect(maps.Values(refused))
	}
	return errRefused
}

// put publishes messages once, and returns what was refused because something
// stands there, by subject.
func (j *Journal) put(ctx context.Context, all []*nats.Msg) (refused map[string]*nats.Msg, err error) {
	if _, err := j.open(ctx); err != nil {
		return nil, err
	}
	pending := make([]jetstream.PubAckFuture, 0, len(all))
	for _, msg := range all {
		again := &nats.Msg{Subject: msg.Subject, Data: msg.Data} // publishing adds to it
		ack, err := j.js.PublishMsgAsync(again, jetstream.WithExpectLastSequencePerSubject(0), jetstream.WithExpectStream(j.name))
		if err != nil {
			return nil, fmt.Errorf("natsstream: %w", err)
		}
		pending = append(pending, ack)
	}
	refused = map[string]*nats.Msg{}
	for i, ack := range pending {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			if !taken(err) {
				return nil, fmt.Errorf("natsstream: %w", err)
			}
			refused[all[i].Subject] = all[i]
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return refused, nil
}

// taken tells of a refusal because something stands at the subject.
func taken(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) &&
		(api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant)
}

// drop deletes what stands at open subjects. Nothing there is no error: an
// intent at one subject is always the same one.
func (j *Journal) drop(ctx context.Context, subjects []string) error {
	return j.each(ctx, subjects, func(ctx context.Context, s jetstream.Stream, subject string) error {
		msg, err := s.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		if err = s.DeleteMsg(ctx, msg.Sequence); errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
			// Somebody else was faster, or it failed: then it is still there.
			if _, there := s.GetLastMsgForSubject(ctx, subject); errors.Is(there, jetstream.ErrMsgNotFound) {
				return nil
			}
		}
		return err
	})
}

// each asks the stream about subjects, several at a time, and returns the first
// error. A question that a dying server took with it is an error soon, however
// long the caller has.
func (j *Journal) each(ctx context.Context, subjects []string, ask func(context.Context, jetstream.Stream, string) error) error {
	if len(subjects) == 0 {
		return nil
	}
	s, err := j.open(ctx)
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	var once sync.Once
	var failed error
	slots := make(chan struct{}, atOnce)
	for _, subject := range subjects {
		slots <- struct{}{}
		all.Go(func() {
			defer func() { <-slots }()
			ctx, cancel := context.WithTimeout(ctx, answerWithin)
			defer cancel()
			if err := ask(ctx, s, subject); err != nil {
				once.Do(func() { failed = fmt.Errorf("natsstream: %w", err) })
			}
		})
	}
	all.Wait()
	return failed
}
