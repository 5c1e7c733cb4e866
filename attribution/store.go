package attribution

import (
	"slices"
	"sync"
)

// store is what a Recorder knows of one store: how far its logs were seen, and
// which pushes await an answer on a connection here.
type store struct {
	r     *Recorder
	id    string
	conns int // guarded by Recorder.mu

	// asking has its one place taken while the journal is asked about sights, so
	// that a thousand clients that are told of one event ask once.
	asking chan struct{}

	mu    sync.Mutex
	told  []string             // backends, the newest last
	logs  map[string]*position // by backend
	known map[Place]struct{}   // places that got their record by sight lately
}

// maxBackends bounds what an upstream that changes its identity all the time
// makes us remember.
const maxBackends = 16

// position is how far one log was seen.
type position struct {
	head int64 // the highest number that is in the log for sure
	// lo to hi are settled: the journal was asked about each. hi < lo: none.
	lo, hi int64
}

// offer is one event that was pushed and not answered yet.
type offer struct {
	rec    Record
	unsaid bool // the push left out the log's identity
	late   bool // the place was taken before: no intent was made (rule 5)
	done   bool // answered; guarded by Conn.mu
}

// log returns the position of a backend. s.mu must be held.
func (s *store) log(backend string) *position {
	p := s.logs[backend]
	if p == nil {
		if len(s.logs) >= maxBackends {
			clear(s.logs) // costs questions, and no correctness but rule 5's second half
		}
		p = &position{hi: -1}
		s.logs[backend] = p
	}
	return p
}

// settled tells whether nothing is open at n.
func (p *position) settled(n int64) bool { return p.lo <= n && n <= p.hi }

// settle notes that the journal was asked about lo to hi. One range is kept: the
// higher one, to which the log's end belongs.
func (p *position) settle(n int64) {
	switch {
	case p.hi < p.lo || n > p.hi+1:
		p.lo, p.hi = n, n
	case n == p.hi+1:
		p.hi = n
	case n == p.lo-1:
		p.lo = n
	}
}

// sighted notes that places have their record since they were seen. One upstream
// message may show any number of them; what is forgotten costs writes that change
// nothing.
func (s *store) sighted(records []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if len(s.known) >= maxUnanswered {
			clear(s.known)
		}
		s.known[r.Place()] = struct{}{}
	}
}

// unknown returns the records whose places do not have theirs already, since
// they were seen before they were acknowledged.
func (s *store) unknown(records []Record) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []Record
	for _, r := range records {
		if _, ok := s.known[r.Place()]; ok {
			delete(s.known, r.Place())
			continue
		}
		left = append(left, r)
	}
	return left
}

// taken tells whether the place n of a log was seen, so that no later push can
// fill it.
func (s *store) taken(backend string, n int64) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.logs[backend]
	return p != nil && n <= p.head
}

// named notes that the upstream told a log's identity. One that it told before
// another is of a log that is gone, whatever still arrives of it.
func (s *store) named(backend string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if slices.Contains(s.told, backend) {
		return
	}
	if len(s.told) >= maxBackends {
		s.told = s.told[1:]
	}
	s.told = append(s.told, backend)
}

// newest is the log's identity, "" where the upstream has told none. s.mu must
// be held.
func (s *store) newest() string {
	if len(s.told) == 0 {
		return ""
	}
	return s.told[len(s.told)-1]
}

// confirmed notes that records are in the log and settled.
func (s *store) confirmed(records []Record) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if r.SeqNum != 0 {
			p := s.log(r.BackendID)
			p.head = max(p.head, r.SeqNum)
			p.settle(r.SeqNum)
		}
	}
}
