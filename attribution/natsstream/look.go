package natsstream

import (
	"context"
	"encoding/json"
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

// count tells how many subjects begin so and have a message, and names the first
// of them. list would name all, however many they are.
func (j *Journal) count(ctx context.Context, begin string) (some map[string]uint64, n int, err error) {
	if _, err := j.open(ctx); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	msg, err := j.nc.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+j.name, []byte(`{"subjects_filter":"`+begin+`>"}`))
	if err != nil {
		return nil, 0, fmt.Errorf("natsstream: %w", err)
	}
	var answer struct {
		Error *jetstream.APIError   `json:"error"`
		Total int                   `json:"total"`
		State jetstream.StreamState `json:"state"`
	}
	if err = json.Unmarshal(msg.Data, &answer); err == nil && answer.Error != nil {
		err = answer.Error
	}
	if err != nil {
		return nil, 0, fmt.Errorf("natsstream: %w", err)
	}
	return answer.State.Subjects, max(answer.Total, len(answer.State.Subjects)), nil
}

// maxSwept bounds how many places one count looks at for leftovers.
const maxSwept = 1000

// Unconfirmed implements attribution.Journal. On its way it clears intents away
// that stand at confirmed places: one that came too late, or was left by a kill.
// It looks at as many subjects as the server tells at a time (100,000); where
// more is open, sights among the rest are counted too.
func (j *Journal) Unconfirmed(ctx context.Context) (int, error) {
	intents := map[string][]string{} // by the place's confirmed subject
	subjects, n, err := j.count(ctx, j.opens(""))
	for subject := range subjects {
		at, intent := j.placeOf(subject)
		if !intent {
			n--
		} else if done := prefix(j.name) + "done." + at; len(intents) < maxSwept || intents[done] != nil {
			intents[done] = append(intents[done], subject)
		}
	}
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
