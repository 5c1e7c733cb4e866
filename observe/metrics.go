package observe

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
)

const hour = 60 * 60

// Buckets in seconds. Set-up takes from half a millisecond (a token in a header,
// a local upstream) to the 10 s of FIRST_FRAME_TIMEOUT; a connection lives as
// long as its token.
var (
	handshakeBuckets = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	durationBuckets  = []float64{1, 10, 60, 5 * 60, 15 * 60, hour, 4 * hour, 12 * hour, 24 * hour, 72 * hour}
)

// metrics holds what the hooks write to.
type metrics struct {
	registry *prometheus.Registry

	attempts, observed, refreshes *prometheus.CounterVec
	grace                         prometheus.Counter
	mode                          *prometheus.GaugeVec
	percent                       prometheus.Gauge
	reloads                       *prometheus.CounterVec

	connections   *prometheus.GaugeVec
	closes, dials *prometheus.CounterVec
	duration      prometheus.Observer
	handshake     *prometheus.HistogramVec
	bytes, frames [2]prometheus.Counter // indexed by engine.Direction; resolved once: the relay's hot path
	breaker       *prometheus.GaugeVec
	revocations   *prometheus.CounterVec
	storeUp       prometheus.Gauge
	attributed    *prometheus.CounterVec
	unconfirmed   prometheus.Gauge
}

// newMetrics registers everything on a registry of its own: nothing that another
// library puts on the default one shows up here.
func newMetrics(version, commit string) *metrics {
	r := registrar{prometheus.NewRegistry()}
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	r.gauge("syncward_build_info", "1, with what was built as labels.",
		axis{"version", []string{version}}, axis{"commit", []string{commit}}, axis{"go_version", []string{runtime.Version()}},
	).WithLabelValues(version, commit, runtime.Version()).Set(1)
	m := &metrics{registry: r.Registry}
	m.registerAuth(r)
	m.registerRelay(r)
	m.registerAttribution(r)
	return m
}

// registerAuth registers what admission writes.
func (m *metrics) registerAuth(r registrar) {
	m.attempts = r.counterOf("syncward_auth_attempts_total",
		"Authentication attempts. code is what was refused with, or would have been (observe mode, ENFORCE_PERCENT); empty where enforce admits too. status is empty in a refusal.",
		attemptLabels, attemptSeries())
	m.observed = r.counter("syncward_auth_observed_refusals_total",
		"What enforce would have refused and observe mode or ENFORCE_PERCENT let pass: attempts, and live connections that enforce would have ended.", axis{"code", words(codes)})
	m.grace = r.counter("syncward_auth_grace_accepts_total",
		"Attempts admitted with an expired token within JWT_GRACE_PERIOD.").WithLabelValues()
	m.refreshes = r.counter("syncward_token_refreshes_total",
		"Token refreshes: on the open connection (in-band), or by a new connection with a newer iat than the newest of that user that this replica lately saw (reconnect, always ok).",
		axis{"how", words(hows)}, axis{"result", words(refreshes)})
	m.mode = r.gauge("syncward_auth_mode", "1 for the mode in force, 0 for the others.", axis{"mode", modeWords()})
	m.percent = r.gauge("syncward_enforce_percent", "Share of users that enforce applies to, 0 to 100.").WithLabelValues()
	m.reloads = r.counter("syncward_reloads_total",
		"Changes taken over while running; failed kept the last good value.",
		axis{"what", words(reloads)}, axis{"result", outcomes})
}

// registerRelay registers what connections write.
func (m *metrics) registerRelay(r registrar) {
	m.connections = r.gauge("syncward_connections", "Client connections, by what they are doing.", axis{"state", words(states)})
	m.closes = r.counter("syncward_connection_closes_total",
		"Connections that ended, by who ended them and the close code; none: TCP was lost or the close frame was empty.",
		axis{"by", words(enders)}, axis{"code", closeCodes})
	m.duration = r.histogram("syncward_connection_duration_seconds", "How long relayed connections lived.", durationBuckets).WithLabelValues()
	m.handshake = r.histogram("syncward_handshake_seconds", "How long each stage of a connection's set-up took.", handshakeBuckets, axis{"stage", words(stages)})
	bytes := r.counter("syncward_relay_bytes_total", "Bytes relayed, frame headers included.", axis{"direction", directions})
	frames := r.counter("syncward_relay_frames_total", "WebSocket frames relayed.", axis{"direction", directions})
	for i, d := range directions {
		m.bytes[i], m.frames[i] = bytes.WithLabelValues(d), frames.WithLabelValues(d)
	}
	m.dials = r.counter("syncward_upstream_dials_total", "Upstream handshakes, by how they ended; open: the breaker let nobody through.", axis{"result", words(dialResults)})
	m.breaker = r.gauge("syncward_breaker_state", "State of a circuit breaker: 0 closed, 1 half-open, 2 open.", axis{"name", breakers})
	m.storeUp = r.gauge("syncward_revocation_store_up", "1 while the revocation store answers.").WithLabelValues()
	m.revocations = r.counter("syncward_revocations_total", "Revocations taken in, by what they end.", axis{"kind", revocations})
}

// registerAttribution registers what says that events have their author.
func (m *metrics) registerAttribution(r registrar) {
	m.attributed = r.counter("syncward_events_attributed_total", "Events that were given an author.", axis{"protocol", protocols})
	m.unconfirmed = r.gauge("syncward_journal_unconfirmed_events", "Journalled events that the upstream has not confirmed.").WithLabelValues()
}

// modeWords returns the modes as label values.
func modeWords() []string {
	out := make([]string, len(modes))
	for i, m := range modes {
		out[i] = m.String()
	}
	return out
}
