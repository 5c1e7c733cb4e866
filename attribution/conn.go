package attribution

import (
	"sync"

	"github.com/syncward/syncward/framing/payload"
)

// maxUnanswered bounds what one connection may have open, in requests and in
// events. A client waits for its answers long before.
const maxUnanswered = 4096

// Conn is one client's connection to one store. Push and Tell may be called
// from different goroutines, each from one at a time.
type Conn struct {
	s      *store
	author Author

	mu      sync.Mutex
	closed  bool
	backend string // the log's identity, as the upstream last told it here
	// requests await an answer; those that offer nothing hold nil.
	requests map[string][]*offer
	events   map[string][]*offer // by ID, of protocols without requests
	open     int                 // offers in both
	nameless []Record            // accepted, and waiting for the log's identity
}

// Connect begins a connection of author to a store. The caller closes it.
func (r *Recorder) Connect(author Author, storeID string) *Conn {
	return &Conn{s: r.enter(short(storeID)), author: author, requests: map[string][]*offer{}, events: map[string][]*offer{}}
}

// Close ends the connection. What was not answered stays open in the journal.
func (c *Conn) Close() {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.closed = true
	c.requests, c.events, c.nameless = nil, nil, nil
	c.mu.Unlock()
	c.s.r.leave(c.s)
}

// expect notes that the offers of a push await an answer.
func (c *Conn) expect(p payload.Push, offers []*offer) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return errClosed
	}
	if p.Request != "" {
		if _, used := c.requests[p.Request]; used {
			return ErrRequest
		}
	}
	if len(c.requests) >= maxUnanswered || c.open+len(offers) > maxUnanswered {
		return ErrRequest
	}
	if p.Request != "" {
		c.requests[p.Request] = offers
	} else {
		for _, o := range offers {
			c.events[o.rec.EventID] = append(c.events[o.rec.EventID], o)
		}
	}
	c.open += len(offers)
	return nil
}

// outcomes takes what one upstream message answers off what is awaited, and
// returns what it answers clearly.
func (c *Conn) outcomes(news payload.News) (accepted, rejected []*offer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if news.Backend != "" {
		c.backend = short(news.Backend)
		c.s.named(c.backend)
	}
	for _, a := range news.Answers {
		var offers []*offer
		if a.Request != "" {
			offers = c.requests[a.Request]
			delete(c.requests, a.Request)
		} else {
			offers = c.events[short(a.ID)]
			delete(c.events, short(a.ID))
		}
		c.open -= len(offers)
		switch a.Outcome {
		case payload.Accepted:
			accepted = append(accepted, offers...)
		case payload.Rejected:
			rejected = append(rejected, offers...)
		}
	}
	return accepted, rejected
}

// known is the log's identity as the upstream last told it here, "" if it has not.
func (c *Conn) known() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.backend
}
