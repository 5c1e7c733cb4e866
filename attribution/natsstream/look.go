package natsstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
)

// Open implements attribution.Journal. It costs one question to the stream's
// leader for each span that the places are in, and the answers hold no more than
// what is open there, whatever is open elsewhere.
func (j *Journal) Open(ctx context.Context, places []attribution.Place) (found []attribution.Record, err error) {
	if _, err := j.open(ctx); err != nil {
		return nil, err
	}
	subjects, err := j.openAt(ctx, places)
	if err != nil {
		return nil, err
	}
	return j.fetch(ctx, subjects, attribution.Unconfirmed)
}

// fetch returns the records that stand at subjects, in any order.
func (j *Journal) fetch(ctx context.Context, subjects []string, state attribution.State) (found []attribution.Record, err error) {
	var mu sync.Mutex
	err = j.each(ctx, subjects, func(ctx context.Context, s jetstream.Stream, subject string) error {
		msg, err := s.GetLastMsgForSubject(ctx, subject)
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil // settled meanwhile
		} else if err != nil {
			return err
		}
		r, err := decode(msg.Data, state)
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
	wanted, filters := map[string]bool{}, map[string]string{}
	for _, p := range places {
		at := place(p)
		if wanted[at] {
			continue
		}
		wanted[at] = true
		group := at // of what has no number, any number may be in a span
		if p.SeqNum != 0 {
			group = spanOf(p).String()
		}
		if filters[group] == "" {
			filters[group] = j.opens() + at + ".*"
		} else {
			filters[group] = j.opens() + group + ".>"
		}
	}
	var mu sync.Mutex
	err = j.each(ctx, slices.Collect(maps.Values(filters)), func(ctx context.Context, s jetstream.Stream, filter string) error {
		info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		for subject := range info.State.Subjects {
			if at, _ := j.placeOf(subject); wanted[at] {
				subjects = append(subjects, subject)
			}
		}
		return nil
	})
	return subjects, err
}

// list names the subjects that match and have a message.
func (j *Journal) list(ctx context.Context, filter string) (map[string]uint64, error) {
	s, err := j.open(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, namesWithin)
	defer cancel()
	info, err := s.Info(ctx, jetstream.WithSubjectFilter(filter))
	if err != nil {
		return nil, fmt.Errorf("natsstream: %w", err)
	}
	return info.State.Subjects, nil
}

// count is list, but names only as many as the server tells at a time; n is how
// many there are.
func (j *Journal) count(ctx context.Context, filter string) (some map[string]uint64, n int, err error) {
	if _, err := j.open(ctx); err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	msg, err := j.nc.RequestWithContext(ctx, "$JS.API.STREAM.INFO."+j.name, []byte(`{"subjects_filter":"`+filter+`"}`))
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
	subjects, n, err := j.count(ctx, j.opens()+">")
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
	confirmed, err := j.standing(ctx, slices.Collect(maps.Keys(intents)))
	if err != nil {
		return 0, err
	}
	var late []string
	for _, done := range confirmed {
		late = append(late, intents[done]...)
	}
	return n - len(late), j.drop(ctx, late)
}

// standing returns those of the subjects at which something stands.
func (j *Journal) standing(ctx context.Context, subjects []string) (there []string, err error) {
	var mu sync.Mutex
	err = j.each(ctx, subjects, func(ctx context.Context, s jetstream.Stream, subject string) error {
		_, err := s.GetLastMsgForSubject(ctx, subject)
		switch {
		case errors.Is(err, jetstream.ErrMsgNotFound):
			return nil
		case err != nil:
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		there = append(there, subject)
		return nil
	})
	return there, err
}
