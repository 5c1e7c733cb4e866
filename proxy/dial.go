package proxy

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/sony/gobreaker/v2"

	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/framing/http1"
	"github.com/syncward/syncward/proxy/engine"
)

// upstream is the upstream's answer to a handshake, and the connection that it
// came on.
type upstream struct {
	conn   net.Conn
	status int
	fields http.Header
	head   []byte // the answer's head as it came
	rest   []byte // what was read behind the head
}

// dialer opens connections to the upstream, behind a circuit breaker that
// counts only what the upstream's absence explains: an HTTP answer, whatever
// its status, could be provoked by a client.
type dialer struct {
	cfg     Config
	breaker *gobreaker.CircuitBreaker[net.Conn]
}

func newDialer(cfg Config) *dialer {
	report := func(string, gobreaker.State, gobreaker.State) {}
	if cfg.Hooks.Breaker != nil {
		report = func(name string, _, to gobreaker.State) { cfg.Hooks.Breaker(name, breakerState(to)) }
	}
	return &dialer{cfg: cfg, breaker: gobreaker.NewCircuitBreaker[net.Conn](gobreaker.Settings{
		Name:          "upstream",
		Timeout:       cfg.BreakerOpen,
		ReadyToTrip:   func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= uint32(cfg.BreakerFailures) },
		IsSuccessful:  func(err error) bool { return err == nil || errors.Is(err, errAnswer) || errors.Is(err, errHungUp) },
		IsExcluded:    func(err error) bool { return errors.Is(err, context.Canceled) },
		OnStateChange: report,
	})}
}

func breakerState(s gobreaker.State) BreakerState {
	switch s {
	case gobreaker.StateOpen:
		return BreakerOpen
	case gobreaker.StateHalfOpen:
		return BreakerHalfOpen
	}
	return BreakerClosed
}

// isOpen tells whether err is the breaker's and nothing was tried.
func isOpen(err error) bool {
	return errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests)
}

// connect opens a connection and, for a handshake, runs it, with retries: what
// is sent there has no body. An answer is never asked for twice.
func (d *dialer) connect(ctx context.Context, handshake func(net.Conn) error) (net.Conn, error) {
	return d.breaker.Execute(func() (net.Conn, error) {
		var err error
		for try := 0; try <= d.cfg.DialRetries; try++ {
			if try > 0 && !pause(ctx, time.Duration(try)*50*time.Millisecond) {
				return nil, ctx.Err()
			}
			var c net.Conn
			if c, err = d.open(ctx); err == nil && handshake != nil {
				err = handshake(c)
			}
			if err == nil {
				return c, nil
			}
			if c != nil {
				abort(c)
				err = whoseFault(err)
			}
			if errors.Is(err, errAnswer) {
				break
			}
		}
		return nil, err
	})
}

// A handshake that fails after the upstream has accepted the connection, other
// than by time, says nothing of the upstream's absence: a client's request may
// have provoked it.
var (
	errAnswer = errors.New("proxy: the upstream's answer to the handshake is none")
	errHungUp = errors.New("proxy: the upstream ended the connection without an answer")
)

// whoseFault sorts what went wrong on an accepted connection.
func whoseFault(err error) error {
	var t interface{ Timeout() bool }
	if errors.Is(err, errAnswer) || errors.As(err, &t) && t.Timeout() {
		return err
	}
	return fmt.Errorf("%w: %w", errHungUp, err)
}

// pause waits, or tells that ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// open makes one TCP, TLS or Unix connection. No proxy of the environment is
// ever asked.
func (d *dialer) open(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.DialTimeout)
	defer cancel()
	raw, err := (&net.Dialer{}).DialContext(ctx, d.cfg.Upstream.Network, d.cfg.Upstream.Address)
	if err != nil {
		return nil, err
	}
	engine.Tune(raw)
	if d.cfg.Upstream.TLS == nil {
		return raw, nil
	}
	config := d.cfg.Upstream.TLS
	if d.cfg.UpstreamTLS != nil {
		config = d.cfg.UpstreamTLS()
	}
	t := tls.Client(raw, config)
	if err := t.HandshakeContext(ctx); err != nil {
		abort(raw)
		return nil, err
	}
	return t, nil
}

// dial shakes hands with the upstream under the connection's signed name.
func (a *admission) dial(key string) (upstream, refusal) {
	start := a.s.cfg.Now()
	var up upstream
	_, err := a.s.dialer.connect(context.Background(), func(c net.Conn) error {
		request, err := a.upstreamRequest(key) // anew for each try: an assertion is good for one
		if err != nil {
			return fmt.Errorf("%w: %w", errAnswer, err)
		}
		_ = c.SetDeadline(time.Now().Add(a.s.cfg.DialTimeout))
		if _, err := c.Write(request); err != nil {
			return err
		}
		up, err = readAnswer(c, key)
		return err
	})
	a.s.stage(StageDial, a.s.cfg.Now().Sub(start))
	if err != nil {
		return upstream{}, a.dialFailed(err)
	}
	_ = up.conn.SetDeadline(time.Time{})
	if up.status == http.StatusSwitchingProtocols {
		if up.fields.Get("Sec-WebSocket-Extensions") != "" && !a.offersExtensions() {
			abort(up.conn) // RFC 6455 §4.1: what nobody offered may not be selected
			return upstream{}, a.dialFailed(errAnswer)
		}
		a.s.dialled(DialOK)
	} else {
		a.s.dialled(DialAnswered)
	}
	return up, refusal{}
}

func (a *admission) dialFailed(err error) refusal {
	r := refusal{code: authz.UpstreamUnavailable, reason: authz.ReasonUpstream}
	if isOpen(err) {
		a.s.dialled(DialOpen)
		r.status = http.StatusServiceUnavailable
		return r
	}
	a.s.dialled(DialFailed)
	a.s.fault(a.id, "dial", err)
	return r
}

// maxAnswerHead bounds the head of the upstream's answer.
const maxAnswerHead = 64 << 10

// readAnswer reads the head of the upstream's answer. Interim answers but 101
// (RFC 9110 §15.2) are passed over.
func readAnswer(c net.Conn, key string) (upstream, error) {
	buf := make([]byte, 0, 2048)
	for {
		if n, err := http1.EndResponse(buf, maxAnswerHead); err != nil {
			return upstream{}, errAnswer
		} else if n > 0 {
			res, err := http1.ParseResponse(buf[:n])
			if err != nil {
				return upstream{}, errAnswer
			}
			if res.Status >= 100 && res.Status < 200 && res.Status != http.StatusSwitchingProtocols {
				buf = append([]byte(nil), buf[n:]...)
				continue
			}
			return accepted(c, res, key, buf[:n:n], buf[n:])
		}
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
		m, err := c.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+m]
		if m == 0 && err != nil {
			return upstream{}, err
		}
	}
}

// accepted holds a 101 to RFC 6455 §4.1: anything else is no tunnel.
func accepted(c net.Conn, res *http1.ResponseHead, key string, head, rest []byte) (upstream, error) {
	up := upstream{conn: c, status: res.Status, head: head, rest: rest, fields: http.Header{}}
	for _, f := range res.Fields {
		up.fields.Add(f.Name, f.Value)
	}
	if res.Status == http.StatusSwitchingProtocols && res.CheckUpgrade(key) != nil {
		return upstream{}, errAnswer
	}
	return up, nil
}

// newKey returns a fresh Sec-WebSocket-Key (RFC 6455 §4.1).
func newKey() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.StdEncoding.EncodeToString(b[:])
}

func newMaskKey() (key [4]byte) {
	_, _ = rand.Read(key[:])
	return key
}
