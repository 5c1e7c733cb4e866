package keys

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/syncward/syncward/authz"
)

// The waits of a JWKS, which fit together: a request waits less than the half
// second that it may, and a file costs little enough to be looked at each
// second.
const (
	maxWait         = 400 * time.Millisecond
	defaultTimeout  = 3 * time.Second
	defaultCoolDown = 5 * time.Second
	defaultRefresh  = time.Minute
	fileInterval    = time.Second
)

var (
	errTooSoon = errors.New("keys: the JWK set may not be fetched again yet")
	errTooSlow = errors.New("keys: the JWK set did not come in time")
)

// JWKSOptions says where a JWK set is and how it is followed. Durations of
// zero take the default named beside them.
type JWKSOptions struct {
	// URL is http://, https:// or file:///path, without user and fragment. It
	// is the only address that is ever asked: redirects are refused, and
	// nothing of a token goes into it.
	URL string
	// Timeout bounds one fetch; default 3 s.
	Timeout time.Duration
	// CoolDown is the least time from the beginning of one fetch to that of the
	// next, whatever tokens ask for; default 5 s, for a file 1 s.
	CoolDown time.Duration
	// Refresh is the time from one good fetch to the next where no token asks
	// for one, at least CoolDown; default 1 min, for a file 1 s.
	Refresh time.Duration
	// Fetched is told of each fetch of Run, from its goroutine: whether the
	// document is another one than the last good one, or why that one stays.
	// err holds neither the URL nor anything of the document. nil: nobody.
	Fetched func(changed bool, err error)
}

// JWKS is the source of the keys of a JWK set. The last good set stays in
// force, however long, until there is a better one: an outage, an error page,
// an empty or a broken set change nothing. Its methods may be called from any
// goroutine, but that Run and Fetch do not go together.
type JWKS struct {
	o      JWKSOptions
	at     *url.URL
	client *http.Client
	held   atomic.Pointer[heldSet] // nil before the first good set
	wanted chan struct{}           // a token asks for a fetch

	mu    sync.Mutex
	begun time.Time // when the last fetch began, or was asked for
	round *round    // the fetch that is asked for or under way; nil: none
}

// heldSet is never changed once it is stored.
type heldSet struct {
	keys   []namedKey
	digest [sha256.Size]byte // of the document
}

// round is one fetch, for those who wait for it.
type round struct {
	done chan struct{} // closed when err is set
	err  error
}

// NewJWKS returns the source of o. It fetches nothing yet. The error says what
// is wrong with the URL, and holds nothing of it.
func NewJWKS(o JWKSOptions) (*JWKS, error) {
	at, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	coolDown, refresh := defaultCoolDown, defaultRefresh
	if at.Scheme == "file" {
		coolDown, refresh = fileInterval, fileInterval
	}
	orDefault(&o.Timeout, defaultTimeout)
	orDefault(&o.CoolDown, coolDown)
	orDefault(&o.Refresh, refresh)
	o.Refresh = max(o.Refresh, o.CoolDown)
	if o.Fetched == nil {
		o.Fetched = func(bool, error) {}
	}
	return &JWKS{o: o, at: at, client: newClient(), wanted: make(chan struct{}, 1)}, nil
}

func orDefault(d *time.Duration, def time.Duration) {
	if *d <= 0 {
		*d = def
	}
}

// Loaded reports whether there is a good set.
func (j *JWKS) Loaded() bool { return j.held.Load() != nil }

// Algorithms returns all that public keys can serve: a later set may hold
// other kinds than this one.
func (j *JWKS) Algorithms() []string { return slices.Clone(publicAlgorithms) }

// Served returns the algorithms that the set in force serves.
func (j *JWKS) Served() []string {
	set := j.held.Load()
	return slices.DeleteFunc(j.Algorithms(), func(alg string) bool { return len(set.find(authz.Header{Alg: alg})) == 0 })
}

// Find returns the keys with the header's kid or, where the token has none, the
// first eight that serve its algorithm. Where there are none in the set in
// force, it waits up to 0.4 s for a fetch, which Run does at most once for each
// cool-down; if that says the same, there is certainly no such key. A fetch
// that may not be done yet, fails or takes longer is an error.
func (j *JWKS) Find(ctx context.Context, h authz.Header) ([]authz.Key, error) {
	if found := j.held.Load().find(h); len(found) > 0 {
		return found, nil
	}
	if !authz.MayLookUp(ctx) { // who fails too often starts no fetch and waits for none
		return nil, errTooSoon
	}
	if err := j.await(ctx); err != nil {
		return nil, err
	}
	return j.held.Load().find(h), nil
}

// find returns the keys for a token with header h.
func (s *heldSet) find(h authz.Header) (found []authz.Key) {
	if s == nil {
		return nil
	}
	for _, k := range s.keys {
		if h.Kid != "" && k.kid == h.Kid || h.Kid == "" && k.key.Serves(h.Alg) {
			found = append(found, k.key)
		}
		if len(found) == maxTried {
			break
		}
	}
	return found
}

// await waits for a fetch that ends after the call begins, and asks for one
// where none is under way.
func (j *JWKS) await(ctx context.Context) error {
	r := j.ask()
	if r == nil {
		return errTooSoon
	}
	timer := time.NewTimer(maxWait)
	defer timer.Stop()
	select {
	case <-r.done:
		return r.err
	case <-timer.C:
		return errTooSlow
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ask returns the fetch under way, or asks Run for one; nil where it is too
// soon.
func (j *JWKS) ask() *round {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.round == nil && time.Since(j.begun) >= j.o.CoolDown {
		j.begin()
		j.wanted <- struct{}{} // room for one, and there was none
	}
	return j.round
}

// begin makes the next round; the caller holds the lock.
func (j *JWKS) begin() {
	j.begun = time.Now()
	j.round = &round{done: make(chan struct{})}
}
