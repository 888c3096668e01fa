package notify

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
)

type metrics struct {
	deliveries *prometheus.CounterVec
	attempts   *prometheus.CounterVec
	seconds    *prometheus.HistogramVec
	looks      *prometheus.CounterVec
	waiting    *prometheus.GaugeVec
	before     prometheus.Counter
}

func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_notify_deliveries_total",
			Help: "Messages that came to an end, by how: sent, confirmed, failed, superseded."}, []string{"target", "kind", "state"}),
		attempts: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_notify_attempts_total",
			Help: "Calls of a target: taken, retry (to be tried again), refused (never), lost (nobody knows)."}, []string{"target", "result"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "pinkstar_notify_attempt_seconds",
			Help: "Time of one call of a target.", Buckets: prometheus.ExponentialBuckets(0.005, 3, 8)}, []string{"target"}),
		looks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_notify_looks_total",
			Help: "Searches for a message whose answer was lost: found, not_found, not_yet, failed."}, []string{"target", "result"}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_notify_waiting",
			Help: "Messages that are not brought yet."}, []string{"target"}),
		before: prometheus.NewCounter(prometheus.CounterOpts{Name: "pinkstar_notify_before_since_total",
			Help: "Effects of the time before notify.since, of which nobody is told."}),
	}
	if reg != nil {
		reg.MustRegister(m.deliveries, m.attempts, m.seconds, m.looks, m.waiting, m.before)
	}
	return m
}

func (m *metrics) noted(x *schemas.Delivery) {
	if x.State.Final() {
		m.deliveries.WithLabelValues(routeName(x.Target), string(x.Kind), string(x.State)).Inc()
	}
}

func (m *metrics) waits(target string, n int) { m.waiting.WithLabelValues(target).Add(float64(n)) }

func (m *metrics) tried(target string, took time.Duration, err error) {
	result := "lost"
	if err == nil {
		result = "taken"
	} else if _, ok := errors.AsType[*outbound.RetryError](err); ok {
		result = "retry"
	} else if _, ok := errors.AsType[*outbound.RefusedError](err); ok {
		result = "refused"
	}
	m.attempts.WithLabelValues(target, result).Inc()
	m.seconds.WithLabelValues(target).Observe(took.Seconds())
}

func (m *metrics) looked(target string, found outbound.Finding, err error) {
	result := map[outbound.Finding]string{outbound.Found: "found", outbound.NotFound: "not_found", outbound.NotYet: "not_yet"}[found]
	if err != nil {
		result = "failed"
	}
	m.looks.WithLabelValues(target, result).Inc()
}
