package observe

import "github.com/prometheus/client_golang/prometheus"

// axis is one label with its closed list of values.
type axis struct {
	name   string
	values []string
}

// registrar registers metrics and creates their series at once: a series that
// appears with its first event hides that event from rate() and from alerts.
type registrar struct{ *prometheus.Registry }

// counter registers a counter with one series for each combination of values.
func (r registrar) counter(name, help string, axes ...axis) *prometheus.CounterVec {
	names, series := product(axes)
	return r.counterOf(name, help, names, series)
}

// counterOf registers a counter with the given series.
func (r registrar) counterOf(name, help string, names []string, series [][]string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, names)
	for _, s := range series {
		v.WithLabelValues(s...)
	}
	r.MustRegister(v)
	return v
}

// gauge registers a gauge with one series for each combination of values.
func (r registrar) gauge(name, help string, axes ...axis) *prometheus.GaugeVec {
	names, series := product(axes)
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, names)
	for _, s := range series {
		v.WithLabelValues(s...)
	}
	r.MustRegister(v)
	return v
}

// histogram registers a histogram with one series for each combination of
// values; buckets are upper bounds in seconds.
func (r registrar) histogram(name, help string, buckets []float64, axes ...axis) *prometheus.HistogramVec {
	names, series := product(axes)
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, names)
	for _, s := range series {
		v.WithLabelValues(s...)
	}
	r.MustRegister(v)
	return v
}

// product returns the labels' names and every combination of their values; no
// labels make one series.
func product(axes []axis) (names []string, series [][]string) {
	series = [][]string{nil}
	for _, a := range axes {
		names = append(names, a.name)
		var next [][]string
		for _, head := range series {
			for _, v := range a.values {
				next = append(next, append(head[:len(head):len(head)], v))
			}
		}
		series = next
	}
	return names, series
}
