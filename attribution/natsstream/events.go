package natsstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
)

// Events implements attribution.Journal. It reads what is open first and what
// is confirmed behind that, so that no event is in neither.
func (j *Journal) Events(ctx context.Context, q attribution.Query) ([]attribution.Record, error) {
	var subjects []string
	err := j.list(ctx, j.opens(q.StoreID), func(subject string) {
		if _, intent := j.placeOf(subject); intent {
			subjects = append(subjects, subject)
		}
	})
	if err != nil {
		return nil, err
	}
	intents, err := j.fetch(ctx, subjects)
	if err != nil {
		return nil, err
	}
	open := map[attribution.Place][]attribution.Record{}
	for _, r := range intents {
		if q.Matches(r) {
			open[r.Place()] = append(open[r.Place()], r)
		}
	}
	confirmed := prefix(j.name) + "done."
	if q.StoreID != "" {
		confirmed += token(q.StoreID) + "."
	}
	page := page{limit: cmp.Or(q.Limit, 1000)}
	err = j.read(ctx, confirmed, func(r attribution.Record) {
		delete(open, r.Place())
		if q.Matches(r) {
			page.add(r)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, records := range open {
		page.add(records...)
	}
	return page.cut(), nil
}

const readAhead = 2000 // messages

// page holds the records of the lowest places, somewhat over a limit.
type page struct {
	limit   int
	records []attribution.Record
}

// add takes all records of one place.
func (p *page) add(records ...attribution.Record) {
	if p.records = append(p.records, records...); len(p.records) > 4*p.limit+1000 {
		p.cut()
	}
}

// cut drops what is over the limit, and returns what is left in order.
func (p *page) cut() []attribution.Record {
	slices.SortFunc(p.records, attribution.Record.Compare)
	places := 0
	for i, r := range p.records {
		if i == 0 || p.records[i-1].Place() != r.Place() {
			places++
		}
		if places > p.limit {
			clear(p.records[i:])
			p.records = p.records[:i]
			break
		}
	}
	return p.records
}

// read hands over each confirmed record whose subject begins so and that was
// there when it began.
func (j *Journal) read(ctx context.Context, begin string, each func(attribution.Record)) error {
	s, err := j.open(ctx)
	if err != nil {
		return err
	}
	err = readThrough(ctx, s, begin, func(msg jetstream.Msg) error {
		r, err := decode(msg.Data(), attribution.Confirmed)
		if err == nil {
			each(r)
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("natsstream: %w", err)
	}
	return nil
}

func readThrough(ctx context.Context, s jetstream.Stream, begin string, each func(jetstream.Msg) error) error {
	now, err := s.Info(ctx)
	if err != nil {
		return err
	}
	reader, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{FilterSubjects: []string{begin + ">"}})
	if err != nil {
		return err
	}
	if reader.CachedInfo().NumPending == 0 {
		return nil
	}
	messages, err := reader.Messages(jetstream.PullMaxMessages(readAhead))
	if err != nil {
		return err
	}
	defer messages.Stop()
	for {
		// What was purged under our eyes is pending no more, and never comes.
		msg, err := messages.Next(jetstream.NextMaxWait(answerWithin))
		if errors.Is(err, nats.ErrTimeout) || errors.Is(err, context.DeadlineExceeded) {
			info, gone := reader.Info(ctx)
			if gone != nil || info.NumPending == 0 {
				return gone
			}
			continue
		} else if err != nil {
			return err
		}
		meta, err := msg.Metadata()
		if err != nil {
			return err
		}
		if meta.Sequence.Stream > now.State.LastSeq {
			return nil
		}
		if err := cmp.Or(each(msg), ctx.Err()); err != nil || meta.NumPending == 0 {
			return err
		}
	}
}
