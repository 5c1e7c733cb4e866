package natsstream

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
)

// Open implements attribution.Journal. Where nothing is open in the stores, it
// costs one question to the stream's leader for each.
func (j *Journal) Open(ctx context.Context, places []attribution.Place) (found []attribution.Record, err error) {
	if _, err := j.open(ctx); err != nil {
		return nil, err
	}
	subjects, err := j.openAt(ctx, places)
	if err != nil {
		return nil, err
	}
	return j.fetch(ctx, subjects)
}

// fetch returns the records that stand at open subjects.
func (j *Journal) fetch(ctx context.Context, subjects []string) (found []attribution.Record, err error) {
	var mu sync.Mutex
	err = j.each(ctx, subjects, func(s jetstream.Stream, subject string) error {
		msg, err := s.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil // settled meanwhile
		} else if err != nil {
			return err
		}
		r, err := decode(msg.Data, attribution.Unconfirmed)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		found = append(found, r)
		return nil
	})
	return found, err
}

// openAt returns the subjects of what is open at the places.
func (j *Journal) openAt(ctx context.Context, places []attribution.Place) (subjects []string, err error) {
	wanted, stores := map[string]bool{}, map[string]bool{}
	for _, p := range places {
		wanted[place(p)] = true
		stores[p.StoreID] = true
	}
	for store := range stores {
		err := j.list(ctx, j.opens(store), func(subject string) {
			if at, _ := j.placeOf(subject); wanted[at] {
				subjects = append(subjects, subject)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return subjects, nil
}

// list names the subjects that begin so and have a message.
func (j *Journal) list(ctx context.Context, begin string, each func(subject string)) error {
	s, err := j.open(ctx)
	if err != nil {
		return err
	}
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(begin+">"))
	if err != nil {
		return fmt.Errorf("natsstream: %w", err)
	}
	for subject := range info.State.Subjects {
		each(subject)
	}
	return nil
}

// maxSwept bounds how many places one count looks at for leftovers.
const maxSwept = 1000

// Unconfirmed implements attribution.Journal. On its way it clears intents away
// that stand at confirmed places: one that came too late, or was left by a kill.
func (j *Journal) Unconfirmed(ctx context.Context) (int, error) {
	intents := map[string][]string{} // by the place's confirmed subject
	n := 0
	err := j.list(ctx, j.opens(""), func(subject string) {
		if at, intent := j.placeOf(subject); intent {
			n++
			if done := prefix(j.name) + "done." + at; len(intents) < maxSwept || intents[done] != nil {
				intents[done] = append(intents[done], subject)
			}
		}
	})
	if err != nil || n == 0 {
		return n, err
	}
	var places, late []string
	for done := range intents {
		places = append(places, done)
	}
	var mu sync.Mutex
	err = j.each(ctx, places, func(s jetstream.Stream, done string) error {
		_, err := s.GetLastMsgForSubject(ctx, done)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return nil
		case err != nil:
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		late = append(late, intents[done]...)
		return nil
	})
	if err != nil {
		return 0, err
	}
	return n - len(late), j.drop(ctx, late)
}
