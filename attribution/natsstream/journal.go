package natsstream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/syncward/syncward/attribution"
)

// Options make a Journal.
type Options struct {
	// Conn is required, and closed by Close. It should keep nothing for later
	// (nats.ReconnectBufSize(-1)), so that a lost server is an error at once.
	Conn   *nats.Conn
	Stream string // its name: letters, digits, - and _
	// Nobody is the user who stands for all without a token, and owns no
	// clientId.
	Nobody string
	// ReadOnly is for who only asks: a stream that is not there is an error.
	ReadOnly bool
}

// Journal is an attribution.Journal in a stream. Make one with New.
type Journal struct {
	nc     *nats.Conn
	js     jetstream.JetStream
	name   string
	nobody string
	reads  bool // ReadOnly
	notes  notes
	closed atomic.Bool

	opening sync.Mutex
	stream  atomic.Pointer[jetstream.Stream] // nil until it was found
}

const (
	// answerWithin is how long a server may take over one message.
	answerWithin = 5 * time.Second
	namesWithin  = 4 * answerWithin // or over all names that a query is about
	maxPending   = 1 << 16          // published, and not acknowledged yet
	maxReplicas  = 3
	atOnce       = 64 // requests of one call that are under way together
)

var errClosed = errors.New("natsstream: the journal is closed")

// New returns a journal. The stream is looked for, or made, when it is first
// needed; until then, and while no server answers, every call is an error.
func New(opt Options) (*Journal, error) {
	js, err := jetstream.New(opt.Conn, jetstream.WithPublishAsyncMaxPending(maxPending), jetstream.WithPublishAsyncTimeout(answerWithin))
	if err != nil {
		return nil, fmt.Errorf("natsstream: %w", err)
	}
	return &Journal{nc: opt.Conn, js: js, name: opt.Stream, nobody: opt.Nobody, reads: opt.ReadOnly}, nil
}

// Close ends the journal and its connection.
func (j *Journal) Close() error {
	j.closed.Store(true)
	j.nc.Close()
	return nil
}

// open returns the stream.
func (j *Journal) open(ctx context.Context) (jetstream.Stream, error) {
	if j.closed.Load() {
		return nil, errClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if s := j.stream.Load(); s != nil {
		return *s, nil
	}
	if !j.nc.IsConnected() {
		return nil, fmt.Errorf("natsstream: %w", nats.ErrDisconnected)
	}
	j.opening.Lock()
	defer j.opening.Unlock()
	if s := j.stream.Load(); s != nil {
		return *s, nil
	}
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	s, err := find(ctx, j.js, j.name, !j.reads)
	if err != nil {
		return nil, err
	}
	j.stream.Store(&s)
	return s, nil
}

var _ attribution.Journal = (*Journal)(nil)
