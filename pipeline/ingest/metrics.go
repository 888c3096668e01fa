package ingest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	signals  *prometheus.CounterVec
	refused  *prometheus.CounterVec
	bytes    *prometheus.CounterVec
	inFlight prometheus.Gauge
	overload prometheus.Counter
	turned   *prometheus.CounterVec
	held     prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	name := func(n string) string { return prometheus.BuildFQName("pinkstar", "gateway", n) }
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name("requests_total"), Help: "Webhook requests by source and answer.",
		}, []string{"source", "code"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: name("request_duration_seconds"), Help: "Time from the request's header to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"source"}),
		signals: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name("signals_total"), Help: "Signals the brokers acknowledged, by source and kind.",
		}, []string{"source", "kind"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name("refused_total"), Help: "Elements of payloads that could not be read, by source.",
		}, []string{"source"}),
		bytes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name("body_bytes_total"), Help: "Bytes of request bodies as sent, by source.",
		}, []string{"source"}),
		inFlight: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: name("requests_in_flight"), Help: "Requests being worked on.",
		}),
		overload: prometheus.NewCounter(prometheus.CounterOpts{
			Name: name("overload_total"), Help: "Requests answered 503 because max_concurrent was reached.",
		}),
		turned: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: name("turned_away_total"), Help: "Webhook requests of which nothing was taken, by source and reason.",
		}, []string{"source", "reason"}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: name("in_flight_bytes"), Help: "Bytes that large requests hold, of limits.in_flight_bytes.",
		}),
	}
	for _, c := range []prometheus.Collector{m.turned, m.held, m.requests, m.seconds, m.signals, m.refused, m.bytes, m.inFlight, m.overload} {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

func (m *metrics) answered(source string, code int, took time.Duration) {
	m.requests.WithLabelValues(source, strconv.Itoa(code)).Inc()
	m.seconds.WithLabelValues(source).Observe(took.Seconds())
}
