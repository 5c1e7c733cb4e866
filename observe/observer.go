package observe

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/syncward/syncward/authz"
	"github.com/syncward/syncward/proxy"
	"github.com/syncward/syncward/proxy/engine"
	"go.uber.org/zap"
)

// Options configures an Observer. The zero value counts and logs nothing.
type Options struct {
	// Version and Commit go into syncward_build_info.
	Version, Commit string
	// Protocol is the label of events that are given an author.
	Protocol string
	// Log takes the lines; nil discards them.
	Log *zap.Logger
}

// Observer counts and logs. Its methods may be called from any goroutine.
type Observer struct {
	metrics  *metrics
	log      *zap.Logger
	protocol string
}

// New returns an Observer with every metric registered at 0.
func New(o Options) *Observer {
	if o.Log == nil {
		o.Log = zap.NewNop()
	}
	return &Observer{metrics: newMetrics(o.Version, o.Commit), log: o.Log, protocol: o.Protocol}
}

// Hooks returns the hooks that feed o; all are set.
func (o *Observer) Hooks() proxy.Hooks {
	m := o.metrics
	return proxy.Hooks{
		Auth:     o.auth,
		Observed: func(c authz.Code) { m.observed.WithLabelValues(word(codes, c)).Inc() },
		Stage: func(s proxy.Stage, d time.Duration) {
			m.handshake.WithLabelValues(word(stages, s)).Observe(d.Seconds())
		},
		Dial: func(r proxy.DialResult) { m.dials.WithLabelValues(word(dialResults, r)).Inc() },
		State: func(s proxy.State, delta int) {
			m.connections.WithLabelValues(word(states, s)).Add(float64(delta))
		},
		Relayed: o.relayed,
		Closed: func(by engine.By, code int, lived time.Duration) {
			m.closes.WithLabelValues(word(enders, by), closeWord(code)).Inc()
			m.duration.Observe(lived.Seconds())
		},
		Refresh: func(how proxy.RefreshHow, r proxy.RefreshResult) {
			m.refreshes.WithLabelValues(word(hows, how), word(refreshes, r)).Inc()
		},
		Attributed: func(events int) {
			m.attributed.WithLabelValues(word(protocols, o.protocol)).Add(float64(events))
		},
		Breaker: func(name string, s proxy.BreakerState) {
			m.breaker.WithLabelValues(word(breakers, name)).Set(float64(s))
		},
		Fault: func(connectionID, what string, err error) {
			o.log.Warn("fault", zap.String("connection_id", connectionID), zap.String("what", what), zap.Error(err))
		},
	}
}

// SetMode shows the mode in force and the share of users it enforces, 0 to 100.
func (o *Observer) SetMode(m authz.Mode, percent int) {
	for _, each := range modes {
		value := 0.0
		if each == m {
			value = 1
		}
		o.metrics.mode.WithLabelValues(each.String()).Set(value)
	}
	o.metrics.percent.Set(float64(percent))
}

// Reloaded counts a change that was taken over, or (ok false) refused because
// the new value was bad. The caller logs why: it knows what may be shown.
func (o *Observer) Reloaded(what Reload, ok bool) {
	outcome := outcomeOK
	if !ok {
		outcome = outcomeFailed
	}
	o.metrics.reloads.WithLabelValues(word(reloads, what), outcome).Inc()
}

// RevocationStore shows whether the revocation store answers.
func (o *Observer) RevocationStore(up bool) {
	value := 0.0
	if up {
		value = 1
	}
	o.metrics.storeUp.Set(value)
}

// Unconfirmed shows how many events of the journal the upstream has not
// confirmed.
func (o *Observer) Unconfirmed(events int) { o.metrics.unconfirmed.Set(float64(events)) }

// Revoked counts a revocation that was taken in: of a token, a user, a deleted
// user, or everybody.
func (o *Observer) Revoked(kind string) {
	o.metrics.revocations.WithLabelValues(word(revocations, kind)).Inc()
}

// Metrics serves the metrics in the format that the scraper asks for.
func (o *Observer) Metrics() http.Handler {
	return promhttp.HandlerFor(o.metrics.registry, promhttp.HandlerOpts{})
}

// auth counts one attempt, and logs it unless it is quiet, in the words of
// describe.
func (o *Observer) auth(a proxy.Attempt) {
	d := describe(a)
	o.metrics.attempts.WithLabelValues(d.labels[:]...).Inc()
	switch {
	case a.Code != "":
	case a.Observed != "":
		o.metrics.observed.WithLabelValues(word(codes, a.Observed)).Inc()
	case a.Status == authz.Grace:
		o.metrics.grace.Inc()
	}
	if !a.Quiet {
		o.log.Log(d.level, "auth", d.fields...)
	}
}

// relayed counts what the relay moved. It runs for every read of the relay, so
// it looks nothing up and allocates nothing.
func (o *Observer) relayed(d engine.Direction, bytes, frames int64) {
	if d != engine.ToClient {
		d = engine.ToUpstream
	}
	o.metrics.bytes[d].Add(float64(bytes))
	o.metrics.frames[d].Add(float64(frames))
}
