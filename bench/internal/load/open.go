package load

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Conns are open connections, each a descriptor.
type Conns []int

// Close drops the connections without a close frame.
func (c Conns) Close() {
	for _, fd := range c {
		unix.Close(fd)
	}
}

// OpenMany opens n connections, a few at a time.
func (c Client) OpenMany(ctx context.Context, n int) (Conns, error) {
	var mu sync.Mutex
	var conns Conns
	_, err := crew(ctx, Limit{Count: int64(n)}, func(ctx context.Context) error {
		conn, _, err := c.Open(ctx)
		if err != nil {
			return err
		}
		fd, err := take(conn)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		conns = append(conns, fd)
		return nil
	})
	if err != nil {
		conns.Close()
		return nil, err
	}
	return conns, nil
}

// Hold opens n connections as ordinary ones and returns the function that
// ends them properly.
func (c Client) Hold(ctx context.Context, n int) (release func(), err error) {
	var mu sync.Mutex
	var conns []net.Conn
	_, err = crew(ctx, Limit{Count: int64(n)}, func(ctx context.Context) error {
		conn, _, err := c.Open(ctx)
		if err == nil {
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn)
		}
		return err
	})
	release = func() {
		for _, conn := range conns {
			Finish(conn) // how an idle connection ends is not measured
		}
	}
	if err != nil {
		release()
	}
	return release, err
}

// Churn opens and properly ends connections, a few at a time, within the
// limit, and returns how many.
func (c Client) Churn(ctx context.Context, limit Limit) (opened int64, err error) {
	return crew(ctx, limit, func(ctx context.Context) error {
		conn, _, err := c.Open(ctx)
		if err != nil {
			return err
		}
		return Finish(conn)
	})
}

// Limit bounds a piece of work: whichever comes first. 0 is no bound.
type Limit struct {
	Count int64
	For   time.Duration
}

// crewSize is how many connections are opened at the same time.
const crewSize = 8

// crew does one after the other, crewSize at a time, within the limit, and
// returns how many were done. The first error ends it.
func crew(ctx context.Context, limit Limit, one func(context.Context) error) (done int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var begun, ended atomic.Int64
	var all sync.WaitGroup
	start := time.Now()
	for range crewSize {
		all.Go(func() {
			for ctx.Err() == nil && (limit.For == 0 || time.Since(start) < limit.For) {
				if n := begun.Add(1); limit.Count > 0 && n > limit.Count {
					return
				}
				if err := one(ctx); err != nil {
					cancel(err)
					return
				}
				ended.Add(1)
			}
		})
	}
	all.Wait()
	return ended.Load(), context.Cause(ctx)
}
