package load

import (
	"context"
	"slices"
	"time"
)

// Closed keeps one message under way on each connection, within the limit, and
// returns how many round trips there were.
func Closed(ctx context.Context, conns Conns, payload []byte, limit Limit) (trips int64, err error) {
	d, err := newDriver(conns, payload, payload)
	if err != nil {
		return 0, err
	}
	defer d.close()
	return d.loop(ctx, limit, 1)
}

// Taken keeps one message under way on each connection of a /sink, within the
// limit, and returns how many were taken.
func Taken(ctx context.Context, conns Conns, payload []byte, limit Limit) (messages int64, err error) {
	d, err := newDriver(conns, payload, []byte{'k'})
	if err != nil {
		return 0, err
	}
	defer d.close()
	return d.loop(ctx, limit, 1)
}

// Bulk keeps two messages under way on each connection of a /sink, within the
// limit, and returns how many were taken and how long that lasted.
func Bulk(ctx context.Context, conns Conns, payload []byte, limit Limit) (messages int64, took time.Duration, err error) {
	d, err := newDriver(conns, payload, []byte{'k'})
	if err != nil {
		return 0, 0, err
	}
	defer d.close()
	start := time.Now()
	messages, err = d.loop(ctx, limit, 2)
	return messages, time.Since(start), err
}

// loop keeps depth messages under way on each connection until the limit is
// reached, then waits for those that are due.
func (d *driver) loop(ctx context.Context, limit Limit, depth int) (answers int64, err error) {
	stop := false
	d.done = func(c *conn) error {
		if answers++; stop || limit.Count > 0 && answers+int64(d.open) >= limit.Count {
			return nil
		}
		return d.send(c)
	}
	start := time.Now()
	for _, c := range d.conns {
		for range depth {
			if err := d.send(c); err != nil {
				return 0, err
			}
		}
	}
	for d.open > 0 && !stop {
		if err := d.turn(time.Second); err != nil {
			return 0, err
		}
		stop = ctx.Err() != nil || limit.For > 0 && d.heard.Sub(start) > limit.For
	}
	if err := d.drain(); err != nil {
		return 0, err
	}
	return answers, ctx.Err()
}

// Paced sends a message each interval, on the connections in turn, whether the
// last one was answered or not, within the limit. It returns the time of each
// round trip, from the write to the whole answer, sorted.
func Paced(ctx context.Context, conns Conns, payload []byte, every time.Duration, limit Limit) (times []time.Duration, err error) {
	d, err := newDriver(conns, payload, payload)
	if err != nil {
		return nil, err
	}
	defer d.close()
	d.timed = true
	d.done = func(c *conn) error {
		times = append(times, time.Since(c.sent[0]))
		c.sent = append(c.sent[:0], c.sent[1:]...)
		return nil
	}
	total := int64(limit.For / every)
	if limit.Count > 0 && limit.Count < total {
		total = limit.Count
	}
	start := time.Now()
	for k := int64(0); k < total && ctx.Err() == nil; {
		if early := time.Until(start.Add(time.Duration(k) * every)); early > 0 {
			if err := d.turn(early); err != nil {
				return nil, err
			}
			continue
		}
		if err := d.send(d.conns[k%int64(len(d.conns))]); err != nil {
			return nil, err
		}
		k++
	}
	if err := d.drain(); err != nil {
		return nil, err
	}
	slices.Sort(times)
	return times, ctx.Err()
}
