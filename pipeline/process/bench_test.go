package process_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/pipeline/kafka"
	"pinkstar/pipeline/kafkatest"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// alertStorm makes n signals of which one in fresh is new, as large as alerts
// are.
func alertStorm(n, fresh int) []schemas.Signal {
	rng := rand.New(rand.NewPCG(1, 2))
	naming := schemas.DefaultNaming()
	at := schemas.TimeOf(time.Now().Add(-time.Hour))
	out := make([]schemas.Signal, 0, n)
	for i := range n {
		if i%fresh != 0 {
			s := out[rng.IntN(len(out))]
			s.ReceivedAt = at.Add(int64(i) / 100)
			out = append(out, s)
			continue
		}
		s := schemas.Signal{Name: "HighErrorRate", Source: "alertmanager", ReceivedAt: at.Add(int64(i) / 100), StartsAt: at,
			Environment: fmt.Sprintf("env%d", i%16), Service: fmt.Sprintf("service-%d", i%300), Severity: schemas.SeverityCritical,
			Summary: "error rate of checkout is over 5 % for ten minutes", URL: "https://prometheus.example/graph?g0.expr=up",
			Labels: schemas.LabelsOf(map[string]string{"alertname": "HighErrorRate", "severity": "critical", "cluster": "eu-1",
				"namespace": "shop", "pod": fmt.Sprintf("checkout-%d", i), "team": "payments", "region": "eu-central-1"}),
			Annotations: schemas.LabelsOf(map[string]string{"summary": "error rate of checkout is over 5 %", "runbook_url": "https://runbooks.example/checkout"})}
		if err := naming.Complete(&s); err != nil {
			panic(err)
		}
		out = append(out, s)
	}
	return out
}

// BenchmarkCorrelator compares the whole loop (fetch, recognise, correlate,
// transactions) with a bare fetch of the same records, in CPU of this process;
// the broker runs in another.
func BenchmarkCorrelator(b *testing.B) {
	for _, c := range []struct {
		name  string
		fresh int
	}{{"storm-2%-new", 50}, {"all-new", 1}} {
		b.Run(c.name, func(b *testing.B) { benchCorrelator(b, c.fresh) })
	}
}

func benchCorrelator(b *testing.B, fresh int) {
	const n = 300_000
	var fetch, whole, wall []float64
	for b.Loop() {
		b.StopTimer()
		v := newBroker(b)
		kc := childKafka(v.addr)
		kc.TopicPrefix = "bench."
		cl := kafkatest.Client(b, kc)
		if err := kafka.Ensure(b.Context(), cl, kc); err != nil {
			b.Fatal(err)
		}
		cl.Close()
		signals := alertStorm(n, fresh)
		for i := 0; i < n; i += 20_000 {
			produce(b, kc, signals[i:i+20_000])
		}
		signals = nil // a third of a million of them would be marked with each collection
		runtime.GC()
		b.StartTimer()
		fetch = append(fetch, float64(bareFetch(b, kc, n))/n)
		c, w := wholeLoop(b, kc, n)
		whole, wall = append(whole, float64(c)/n), append(wall, n/w.Seconds())
		v.kill()
	}
	f, w := median(fetch), median(whole)
	b.ReportMetric(f, "fetch-ns/record")
	b.ReportMetric(w, "correlator-ns/record")
	b.ReportMetric(w/f, "x-fetch")
	b.ReportMetric(median(wall), "records/s")
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

func bareFetch(b *testing.B, kc kafka.Config, n int) time.Duration {
	cl := kafkatest.Client(b, kc, append(kafka.ReaderOpts(kc, int(kc.Partitions)), kgo.ConsumeTopics(kc.Topic(schemas.TopicSignals)))...)
	defer cl.Close()
	before := process.CPU()
	for got := 0; got < n; {
		fs := cl.PollRecords(b.Context(), 10_000)
		if err := fs.Err(); err != nil {
			b.Fatal(err)
		}
		got += fs.NumRecords()
	}
	return process.CPU() - before
}

func wholeLoop(b *testing.B, kc kafka.Config, n int) (used, took time.Duration) {
	reg := prometheus.NewRegistry()
	cfg := process.DefaultConfig()
	c, err := process.NewCorrelator(cfg, kc, correlates{}, process.Deps{Log: kafkatest.Log(b), Registerer: reg})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	before, began := process.CPU(), time.Now()
	go func() { done <- c.Run(ctx) }()
	for handled(b, reg) < n {
		time.Sleep(5 * time.Millisecond)
	}
	used, took = process.CPU()-before, time.Since(began)
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return used, took
}

func handled(b *testing.B, reg *prometheus.Registry) int {
	ms, err := reg.Gather()
	if err != nil {
		b.Fatal(err)
	}
	total := 0.0
	for _, m := range ms {
		if m.GetName() == "pinkstar_process_records_total" {
			for _, x := range m.GetMetric() {
				total += x.GetCounter().GetValue()
			}
		}
	}
	return int(total)
}
