// Package directory asks an HTTP service whether the user of a good token still
// exists. Answers are kept for a while, concurrent questions about one user are
// one request, and a circuit breaker spares a service that does not answer.
//
// Usage:
//
//	users, err := directory.New(directory.Options{URL: "https://auth/users/{userId}", TTL: time.Minute})
//	decision := users.Judge(ctx, verifier.Decide(ctx, token))
//	defer users.Close()
//
// It judges no token, and never asks about the user of one that was refused. It
// follows no redirect and no proxy of the environment.
package directory

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/syncward/syncward/authz"
)

// Options says whom to ask, and what to do without an answer. Durations and
// numbers of zero take the default named beside them, but TTL.
type Options struct {
	// URL holds {userId} once, as a whole segment of its path.
	URL string
	// Timeout is for one request, from the connect to the answer's head;
	// default 3 s.
	Timeout time.Duration
	// TTL is how long an answer is kept, either way; 0: only while it is asked
	// for.
	TTL time.Duration
	// AllowOnFailure admits a user about whom there is no answer; otherwise the
	// decision is AUTH_UNAVAILABLE.
	AllowOnFailure bool

	BreakerFailures int           // requests in a row without any answer that open the breaker; default 10
	BreakerOpen     time.Duration // how long it stays open; default 5 s

	// Breaker is told of the breaker's changes, Fault of a request that brought
	// no answer: never with the URL, which may hold a password, or a userId.
	// Both may be nil, and must not block.
	Breaker func(State)
	Fault   func(error)
	Now     func() time.Time // nil: time.Now
}

// State is the breaker's state.
type State int

// The states of the breaker.
const (
	Closed State = iota
	HalfOpen
	Open
)

// Directory asks, and remembers. Its methods may be called from any goroutine.
type Directory struct {
	options       Options
	before, after string // of the URL, round the userId
	client        *http.Client
	breaker       *gobreaker.CircuitBreaker[bool]

	mu         sync.Mutex
	flights    map[string]*flight
	young, old map[string]known
}

// known is an answer and its end.
type known struct {
	exists bool
	until  time.Time
}

// maxKnown bounds a generation of answers; there are two.
const maxKnown = 16 << 10

// flight is one request that any number of decisions wait for.
type flight struct {
	landed chan struct{} // closed when the rest is set
	exists bool
	err    error
}

// New returns a Directory. The error says what is wrong with the URL, without
// repeating it.
func New(o Options) (*Directory, error) {
	before, after, err := split(o.URL)
	if err != nil {
		return nil, err
	}
	orDefault(&o.Timeout, 3*time.Second)
	orDefault(&o.BreakerFailures, 10)
	orDefault(&o.BreakerOpen, 5*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Breaker == nil {
		o.Breaker = func(State) {}
	}
	if o.Fault == nil {
		o.Fault = func(error) {}
	}
	return &Directory{
		options: o, before: before, after: after, client: newClient(o.Timeout), breaker: newBreaker(o),
		flights: map[string]*flight{}, young: map[string]known{},
	}, nil
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Judge returns d as it is known to stand: a refusal stays one, and an allowed
// user who is gone gets USER_NOT_FOUND. It blocks no longer than Timeout. A user
// who was asked about before, within TTL, costs no request. It asks under
// authz.WithoutLookups too: the token is good, and behind an address from which
// others fail its user must come in all the same.
func (d *Directory) Judge(ctx context.Context, decision authz.Decision) authz.Decision {
	if !decision.Allow {
		return decision
	}
	exists, err := d.exists(ctx, decision.UserID)
	switch {
	case err == nil && exists, err != nil && d.options.AllowOnFailure:
		return decision
	case err != nil:
		decision.Code, decision.Reason = authz.AuthUnavailable, authz.ReasonDirectory
	default:
		decision.Code, decision.Reason = authz.UserNotFound, authz.ReasonNoUser
	}
	decision.Allow, decision.Status = false, ""
	return decision
}

// exists asks, unless the answer is known or on its way. The request is nobody's
// own: that one who waits for it gives up does not end it for the others.
func (d *Directory) exists(ctx context.Context, user string) (bool, error) {
	d.mu.Lock()
	if k, is := d.recall(user); is {
		d.mu.Unlock()
		return k.exists, nil
	}
	f := d.flights[user]
	if f == nil {
		f = &flight{landed: make(chan struct{})}
		d.flights[user] = f
		go d.fly(user, f) // ends with its request, which has a time-out
	}
	d.mu.Unlock()
	select {
	case <-f.landed:
		return f.exists, f.err
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// fly brings the answer for everybody who waits for it.
func (d *Directory) fly(user string, f *flight) {
	f.exists, f.err = d.breaker.Execute(func() (bool, error) { return d.ask(context.Background(), user) })
	if f.err != nil && !errors.Is(f.err, gobreaker.ErrOpenState) && !errors.Is(f.err, gobreaker.ErrTooManyRequests) {
		d.options.Fault(f.err)
	}
	d.mu.Lock()
	delete(d.flights, user)
	if f.err == nil && d.options.TTL > 0 {
		d.remember(user, f.exists)
	}
	d.mu.Unlock()
	close(f.landed)
}

// recall returns a known answer that still counts.
func (d *Directory) recall(user string) (known, bool) {
	k, is := d.young[user]
	if !is {
		k, is = d.old[user]
	}
	return k, is && d.options.Now().Before(k.until)
}

// remember keeps an answer. When a generation is full the older one goes: the
// first to be asked about again are those who were asked about longest ago.
func (d *Directory) remember(user string, exists bool) {
	if len(d.young) >= maxKnown {
		d.old, d.young = d.young, map[string]known{}
	}
	d.young[user] = known{exists, d.options.Now().Add(d.options.TTL)}
}

// Check asks about a user whom nobody knows, past all that is kept. The error
// says why there was no answer, without the URL.
func (d *Directory) Check(ctx context.Context) error {
	_, err := d.ask(ctx, "syncward-check")
	return err
}

// Close ends idle connections; a nil Directory has none.
func (d *Directory) Close() {
	if d != nil {
		d.client.CloseIdleConnections()
	}
}
