package deliver

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	batches, records, skipped *prometheus.CounterVec
	failures                  *prometheus.CounterVec
	seconds                   prometheus.Observer
	lag                       *prometheus.GaugeVec
	queued                    *prometheus.GaugeVec
	failing, lost             *prometheus.GaugeVec
}

func newMetrics(sink string, reg prometheus.Registerer) *metrics {
	labels := prometheus.Labels{"sink": sink}
	counter := func(name, help string, l ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_deliver_" + name, Help: help, ConstLabels: labels}, l)
	}
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_deliver_" + name, Help: help, ConstLabels: labels}, []string{"topic", "partition"})
	}
	seconds := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pinkstar_deliver_write_seconds", Help: "Time of one attempt to write a batch.", ConstLabels: labels,
		Buckets: prometheus.ExponentialBuckets(0.002, 3, 10),
	})
	m := &metrics{
		batches:  counter("batches_total", "Batches that the sink has taken.", "topic"),
		records:  counter("records_total", "Records in those batches.", "topic"),
		skipped:  counter("skipped_total", "Records not written again because the sink already had them.", "topic"),
		failures: counter("failures_total", "Attempts that the sink refused.", "topic"),
		seconds:  seconds,
		lag:      gauge("lag_records", "Records between the latest written one and the end of the partition that readers of committed records see."),
		queued:   gauge("queued_bytes", "Bytes that wait for the sink."),
		lost:     gauge("lost_records", "Records that were read once and are in neither the log nor the sink, as was found at the start."),
		failing:  gauge("failing", "1 while the sink refuses the partition's next batch."),
	}
	if reg != nil {
		reg.MustRegister(m.batches, m.records, m.skipped, m.failures, seconds, m.lag, m.queued, m.failing, m.lost)
	}
	return m
}

func (m *metrics) forget(topic, partition string) {
	m.lag.DeleteLabelValues(topic, partition)
	m.queued.DeleteLabelValues(topic, partition)
	m.failing.DeleteLabelValues(topic, partition)
}
