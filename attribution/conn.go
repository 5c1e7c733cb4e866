package attribution

import (
	"slices"
	"sync"

	"github.com/syncward/syncward/framing/payload"
)

// maxUnanswered bounds what one connection may have open, in requests and in
// events. A client waits for its answers long before; one whose upstream answers
// no events at all has its oldest ones given up.
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
	order    []*offer            // those of events, oldest first, and some that are answered
	open     int                 // offers in requests and events
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
	c.requests, c.events, c.order, c.nameless = nil, nil, nil, nil
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
	if p.Request == "" {
		c.makeRoom(len(offers))
		for _, o := range offers {
			c.events[o.rec.EventID] = append(c.events[o.rec.EventID], o)
		}
		c.order = append(c.order, offers...)
	} else {
		_, used := c.requests[p.Request]
		if used || len(c.requests) >= maxUnanswered || c.open+len(offers) > maxUnanswered {
			return ErrRequest
		}
		c.requests[p.Request] = offers
	}
	c.open += len(offers)
	return nil
}

// makeRoom gives up the oldest events that await an answer: they stay in the
// journal, unconfirmed. mu is held.
func (c *Conn) makeRoom(more int) {
	for c.open > 0 && c.open+more > maxUnanswered {
		oldest := c.order[0]
		c.order = c.order[1:]
		if oldest.done {
			continue
		}
		id := oldest.rec.EventID
		if c.events[id] = c.events[id][1:]; len(c.events[id]) == 0 {
			delete(c.events, id)
		}
		c.open--
	}
	if len(c.order) > 2*c.open+maxUnanswered {
		c.order = slices.DeleteFunc(c.order, func(o *offer) bool { return o.done })
	}
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
		for _, o := range offers {
			o.done = true
		}
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
