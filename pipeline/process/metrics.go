package process

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics of a processor. With a nil registerer they count for nobody.
type metrics struct {
	repeats, steps, refused, empty, shrunk prometheus.Counter
	sessions, replayed, ticks, activations prometheus.Counter
	unblocked, cut                         prometheus.Counter
	transactions, records                  *prometheus.CounterVec
	end, restore, snapshot                 prometheus.Histogram
	partitions                             prometheus.Gauge
	lag, snapshotBytes, lead, held, engine *prometheus.GaugeVec
	jumps                                  *prometheus.CounterVec
}

func newMetrics(role string, reg prometheus.Registerer) *metrics {
	labels := prometheus.Labels{"role": role}
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels})
	}
	seconds := func(name, help string) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, ConstLabels: labels,
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18)})
	}
	records := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_process_records_total",
		Help: "Records processed, by what was done with them.", ConstLabels: labels}, []string{"result"})
	m := &metrics{
		records: records,
		repeats: records.WithLabelValues("repeat"), steps: records.WithLabelValues("step"), refused: records.WithLabelValues("refused"), empty: records.WithLabelValues("empty"),
		shrunk:      counter("pinkstar_process_shrunk_total", "Outcomes that were too large and lost their lists."),
		sessions:    counter("pinkstar_process_session_failures_total", "Kafka sessions that broke and were replaced."),
		replayed:    counter("pinkstar_process_replayed_total", "Records read again to restore partitions."),
		ticks:       counter("pinkstar_process_ticks_total", "Ticks appended to idle partitions."),
		unblocked:   counter("pinkstar_process_ended_transactions_total", "Transactions of processes that are gone, or that nobody knew, ended by force."),
		cut:         counter("pinkstar_process_cut_transactions_total", "Transactions that ended before all that was polled was handled: it takes long."),
		activations: counter("pinkstar_process_activations_total", "Rules and topologies put in force."),
		transactions: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_process_transactions_total",
			Help: "Transactions, by how they ended.", ConstLabels: labels}, []string{"result"}),
		end:      seconds("pinkstar_process_transaction_end_seconds", "What ending a transaction takes."),
		restore:  seconds("pinkstar_process_restore_seconds", "What restoring a partition takes."),
		snapshot: seconds("pinkstar_process_snapshot_seconds", "What writing a snapshot takes."),
		partitions: prometheus.NewGauge(prometheus.GaugeOpts{Name: "pinkstar_process_partitions",
			Help: "Partitions this process owns.", ConstLabels: labels}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_process_lag_records",
			Help: "Records of a partition that are not processed yet.", ConstLabels: labels}, []string{"partition"}),
		snapshotBytes: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_process_snapshot_bytes",
			Help: "Size of a partition's latest snapshot.", ConstLabels: labels}, []string{"partition"}),
		engine: newEngineHeld(labels),
	}
	m.lead = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_process_log_time_lead_seconds",
		Help: "How far a partition's log time is ahead of the clock; negative while it is behind.", ConstLabels: labels}, []string{"partition"})
	m.held = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "pinkstar_process_held_records",
		Help: "Records whose time is far ahead of log time and that wait for a witness.", ConstLabels: labels}, []string{"partition"})
	m.jumps = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "pinkstar_process_log_time_jumps_total",
		Help: "Jumps of log time that needed a witness, by whether they had one.", ConstLabels: labels}, []string{"result"})
	if reg != nil {
		for _, c := range []prometheus.Collector{m.records, m.sessions, m.replayed, m.ticks, m.activations, m.unblocked, m.cut, m.shrunk, m.transactions,
			m.end, m.restore, m.snapshot, m.partitions, m.lag, m.snapshotBytes, m.lead, m.held, m.jumps, m.engine} {
			var already prometheus.AlreadyRegisteredError
			if err := reg.Register(c); err != nil && !errors.As(err, &already) {
				panic(err) // two metrics under one name: a bug
			}
		}
	}
	return m
}
