package attribution_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"

	"github.com/syncward/syncward/attribution"
	"github.com/syncward/syncward/framing/payload"
)

// world is a simulated upstream, clients and sidecars over one journal. Every
// step is picked at random; what truly happened is noted beside.
type world struct {
	t       *testing.T
	r       *rand.Rand
	open    func() attribution.Journal // closes the journal before and opens it again
	journal attribution.Journal
	side    []*attribution.Recorder
	clients []*client
	logs    map[string][]committed
	backend string
	orphans []pushed // relayed by connections that are gone
	names   int
	truth   map[slot]map[string]bool // users with an unsettled offer of that content
}

// committed is an event of the log; by "" wrote past us.
type committed struct {
	event    payload.Event
	by, conn string
}

// slot is a place and a content.
type slot struct {
	backend string
	n       int64
	hash    attribution.Hash
}

// client is one connection, with what is on its way in both directions.
type client struct {
	*attribution.Conn
	side       *attribution.Recorder
	user, id   string
	head       int64
	backend    string
	up         []pushed
	down       []message
	awaits     map[string][]payload.Event
	unfinished []payload.Event // to be pushed again
	seen       []payload.Event
}

type pushed struct {
	payload.Push
	from *client
}

// message is of the upstream, with what the answered push truly was.
type message struct {
	payload.News
	of payload.Push
}

func (w *world) start() {
	w.side = append(w.side, attribution.New(attribution.Options{Journal: w.journal}))
}

func (w *world) connect() *client {
	w.names++
	side := w.side[w.r.IntN(len(w.side))]
	user := []string{"ada", "bob", "cyd"}[w.r.IntN(3)]
	c := &client{side: side, user: user, id: user + "#" + strconv.Itoa(w.names), awaits: map[string][]payload.Event{}}
	c.Conn = side.Connect(attribution.Author{UserID: user, ConnectionID: c.id}, "st")
	w.clients = append(w.clients, c)
	w.pull(c)
	return c
}

// pull sends the log as it is, in chunks.
func (w *world) pull(c *client) {
	log := w.logs[w.backend]
	for chunk := range slices.Chunk(log, 3) {
		c.down = append(c.down, message{News: w.chunk(chunk)})
	}
	if len(log) == 0 {
		c.down = append(c.down, message{News: payload.News{Backend: w.backend}})
	}
}

func (w *world) chunk(events []committed) payload.News {
	news := payload.News{Backend: w.backend}
	for _, e := range events {
		news.Seen = append(news.Seen, e.event)
	}
	return news
}

// push has a client offer what it has: old work again, something new, or a
// copy of what another wrote or is writing.
func (w *world) push(c *client) {
	events := c.unfinished
	if len(events) == 0 {
		for range 1 + w.r.IntN(3) {
			events = append(events, event(0, string("xyz"[w.r.IntN(3)])))
		}
	}
	next := c.head + 1
	switch w.r.IntN(12) {
	case 0: // from behind
		next = max(1, next-int64(w.r.IntN(3)))
	case 1: // far ahead: never to be
		next += 5
	case 2:
		if len(c.seen) > 0 { // a copy, where it stands
			e := c.seen[w.r.IntN(len(c.seen))]
			events, next = []payload.Event{e}, e.SeqNum
		}
	}
	events = slices.Clone(events)
	for i := range events {
		events[i].SeqNum = next + int64(i)
	}
	w.names++
	p := payload.Push{Request: strconv.Itoa(w.names), Backend: c.backend, Unsaid: c.backend == "", Events: events}
	if p.Backend != "" && w.r.IntN(10) == 0 {
		p.Backend, p.Unsaid = "", true
	}
	c.unfinished = nil
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if w.r.IntN(30) == 0 {
		cancel()
	}
	if err := c.Push(ctx, p); err != nil {
		w.lose(c, true)
		return
	}
	c.awaits[p.Request] = events
	w.offered(p, c.user, true)
	switch w.r.IntN(25) {
	case 0:
		w.kill(c.side) // before the relay
	default:
		c.up = append(c.up, pushed{p, c})
	}
}

// offered notes who may have written what, or, settled, cannot have.
func (w *world) offered(p payload.Push, user string, may bool) {
	for _, e := range p.Events {
		s := slot{p.Backend, e.SeqNum, e.Hash}
		if w.truth[s] == nil {
			w.truth[s] = map[string]bool{}
		}
		if may {
			w.truth[s][user+"/"+p.Request] = true
		} else {
			delete(w.truth[s], user+"/"+p.Request)
		}
	}
}

// serve has the upstream take a push.
func (w *world) serve(p pushed) {
	log := w.logs[w.backend]
	ok := p.Events[0].SeqNum == int64(len(log))+1 && (p.Backend == "" || p.Backend == w.backend)
	outcome := payload.Rejected
	if w.r.IntN(12) == 0 {
		outcome = payload.Unclear
		ok = ok && w.r.IntN(2) == 0
	} else if ok {
		outcome = payload.Accepted
	}
	answer := message{News: payload.News{Answers: []payload.Answer{{Request: p.Request, Outcome: outcome}}}, of: p.Push}
	early := w.r.IntN(2) == 0
	if early {
		p.from.down = append(p.from.down, answer)
	}
	if ok {
		var chunk []committed
		for _, e := range p.Events {
			chunk = append(chunk, committed{e, p.from.user, p.from.id})
		}
		w.append(chunk)
	}
	if !early {
		p.from.down = append(p.from.down, answer)
	}
}

// append commits events and tells all who are connected.
func (w *world) append(chunk []committed) {
	w.logs[w.backend] = append(w.logs[w.backend], chunk...)
	for _, c := range w.clients {
		c.down = append(c.down, message{News: w.chunk(chunk)})
	}
}

// receive has a client be told the next thing.
func (w *world) receive(c *client) {
	m := c.down[0]
	c.down = c.down[1:]
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if w.r.IntN(30) == 0 {
		cancel()
	}
	if err := c.Tell(ctx, m.News); err != nil {
		w.lose(c, true)
		return
	}
	if m.Backend != "" && m.Backend != c.backend {
		c.backend, c.head, c.seen = m.Backend, 0, nil
	}
	for _, e := range m.Seen {
		c.head = max(c.head, e.SeqNum)
		c.seen = append(c.seen, e)
	}
	for _, a := range m.Answers {
		if a.Outcome == payload.Rejected {
			w.offered(m.of, c.user, false)
		}
		if a.Outcome != payload.Accepted {
			c.unfinished = c.awaits[a.Request] // again, on the head as it is then
		}
		delete(c.awaits, a.Request)
	}
}

// lose ends a connection: what is on its way up may still arrive.
func (w *world) lose(c *client, told bool) {
	if told {
		c.Close()
	}
	for _, p := range c.up {
		if w.r.IntN(2) == 0 {
			w.orphans = append(w.orphans, p)
		}
	}
	c.up = nil
	w.clients = slices.DeleteFunc(w.clients, func(o *client) bool { return o == c })
}

// kill drops a sidecar with all its connections.
func (w *world) kill(side *attribution.Recorder) {
	for _, c := range slices.Clone(w.clients) {
		if c.side == side {
			w.lose(c, false)
		}
	}
	w.side = slices.DeleteFunc(w.side, func(o *attribution.Recorder) bool { return o == side })
	side.Close() // it asks nothing any more
	if len(w.side) == 0 {
		w.start()
	}
}

func (w *world) step() {
	pick := func() *client {
		if len(w.clients) == 0 {
			return w.connect()
		}
		return w.clients[w.r.IntN(len(w.clients))]
	}
	switch k := w.r.IntN(100); {
	case k < 25:
		w.push(pick())
	case k < 50:
		if c := pick(); len(c.up) > 0 {
			p := c.up[0]
			c.up = c.up[1:]
			w.serve(p)
		}
	case k < 85:
		if c := pick(); len(c.down) > 0 {
			w.receive(c)
		}
	case k < 88:
		if len(w.orphans) > 0 {
			p := w.orphans[0]
			w.orphans = w.orphans[1:]
			w.serve(p)
		}
	case k < 91:
		w.connect()
	case k < 94:
		w.lose(pick(), true)
	case k < 96:
		w.kill(w.side[w.r.IntN(len(w.side))])
		w.start()
	case k < 97:
		w.names++
		text := fmt.Sprint("past us ", w.names)
		e := payload.Event{SeqNum: int64(len(w.logs[w.backend])) + 1, Name: text, Hash: sha256.Sum256([]byte(text))}
		w.append([]committed{{event: e}})
	case k == 98 && w.r.IntN(20) == 0:
		for _, side := range slices.Clone(w.side) {
			w.kill(side)
		}
		w.side[0].Close()
		w.side = nil
		w.journal = w.open()
		w.start()
	case k == 99 && w.r.IntN(20) == 0:
		// The log is reset. With the sidecars, since a sight that is under way
		// then could meet an intent that does not say which log it is for.
		for _, side := range slices.Clone(w.side) {
			w.kill(side)
		}
		w.orphans = nil
		w.names++
		w.backend = "b" + strconv.Itoa(w.names)
		w.logs[w.backend] = nil
	}
}
