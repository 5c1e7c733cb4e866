package proxy

import (
	"container/list"
	"net"
	"sync"
	"time"
)

// pending counts the connections that are not yet authenticated, from TCP
// accept on. When it is full the oldest of the address that holds most is
// dropped: whoever opens many and says nothing pays for it, not the newcomer.
type pending struct {
	mu    sync.Mutex
	ended bool
	max   int // 0: no limit
	n     int
	byKey map[string]*list.List // address → *waiting, oldest first
}

type waiting struct {
	conn net.Conn
	key  string
	over func()        // told once, when it is no longer pending
	told bool          // it has its 101, and wants a close frame
	at   *list.Element // nil from then on
}

func newPending(limit int) *pending {
	return &pending{max: limit, byKey: map[string]*list.List{}}
}

// add counts c until done, and then calls over. Where c is one too many, the
// connection that has to go is closed. Behind endAll it returns nil, and over
// was called.
func (p *pending) add(c net.Conn, key string, over func()) *waiting {
	p.mu.Lock()
	if p.ended {
		p.mu.Unlock()
		over()
		return nil
	}
	w := &waiting{conn: c, over: over}
	p.keep(w, key)
	p.n++
	var victim *waiting
	if p.max > 0 && p.n > p.max {
		victim = p.greediest().Front().Value.(*waiting)
		p.drop(victim)
	}
	p.mu.Unlock()
	if victim != nil {
		abort(victim.conn)
	}
	return w
}

// done says that w is authenticated or gone. It may be called more than once.
func (p *pending) done(w *waiting) {
	p.mu.Lock()
	p.drop(w)
	p.mu.Unlock()
}

func (p *pending) drop(w *waiting) {
	if w.at == nil {
		return
	}
	p.forget(w)
	w.at = nil
	p.n--
	w.over()
}

func (p *pending) keep(w *waiting, key string) {
	l := p.byKey[key]
	if l == nil {
		l = list.New()
		p.byKey[key] = l
	}
	w.key, w.at = key, l.PushBack(w)
}

func (p *pending) forget(w *waiting) {
	l := p.byKey[w.key]
	l.Remove(w.at)
	if l.Len() == 0 {
		delete(p.byKey, w.key)
	}
}

// greediest is only looked for when the table is full, which is an attack or a
// limit set too low; a walk over the addresses is cheap enough then.
func (p *pending) greediest() *list.List {
	var most *list.List
	for _, l := range p.byKey {
		if most == nil || l.Len() > most.Len() {
			most = l
		}
	}
	return most
}

// move counts w for another address: what a trusted proxy says of its client.
func (p *pending) move(w *waiting, key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w == nil || w.at == nil || w.key == key {
		return
	}
	p.forget(w)
	p.keep(w, key)
}

// mayInterrupt says that w waits for its client's first frame: endAll has it
// told instead of dropped.
func (p *pending) mayInterrupt(w *waiting) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w.told = true
}

// endAll ends everybody who is still waiting, and whoever would be from now on.
func (p *pending) endAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	for _, l := range p.byKey {
		for e := l.Front(); e != nil; e = e.Next() {
			if w := e.Value.(*waiting); w.told {
				_ = w.conn.SetReadDeadline(time.Unix(1, 0))
			} else {
				abort(w.conn)
			}
		}
	}
}

// abort closes a connection with a reset, so that it costs nothing any more.
func abort(c net.Conn) {
	if t, ok := c.(interface{ SetLinger(int) error }); ok {
		_ = t.SetLinger(0)
	}
	_ = c.Close()
}
