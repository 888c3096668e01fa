package process

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/twmb/franz-go/pkg/kgo"

	"pinkstar/correlate"
	"pinkstar/pipeline/kafka"
	"pinkstar/schemas"
)

type benched struct{ *correlate.Engine }

func (benched) Active(string) string { return "" }

// freshAlerts are the records of n alerts of which none was told before, with the
// labels and texts of a Kubernetes cluster's.
func freshAlerts(n int) []*kgo.Record {
	kc := kafka.DefaultConfig()
	naming := schemas.DefaultNaming()
	at := schemas.TimeOf(time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC))
	out := make([]*kgo.Record, n)
	for i := range out {
		service := fmt.Sprint("service-", i%300)
		s := schemas.Signal{
			Kind: schemas.KindAlert, Source: "alertmanager", Status: schemas.StatusFiring, StartsAt: at.Add(int64(i) / 100), ReceivedAt: at.Add(int64(i) / 100),
			Labels: schemas.LabelsOf(map[string]string{
				"alertname": "HighErrorRate", "severity": "critical", "cluster": "eu-1", "environment": fmt.Sprint("env", i%16), "namespace": "shop",
				"service": service, "pod": fmt.Sprintf("%s-%08x", service, i*2654435761), "team": "payments", "region": "eu-central-1", "prometheus": "monitoring/k8s",
			}),
			Annotations: schemas.LabelsOf(map[string]string{
				"summary":     "error rate of " + service + " is > 5 %",
				"description": "More than 5 % of the requests to " + service + " failed in the last ten minutes: customers can't pay.",
				"runbook_url": "https://runbooks.example/" + service,
			}),
			URL: "https://prometheus.example/graph?g0.expr=sum%28rate%28http_requests_total%7Bcode%3D~%225..%22%7D%5B5m%5D%29%29&g0.tab=1",
		}
		if err := naming.Complete(&s); err != nil {
			panic(err)
		}
		out[i] = kafka.SignalRecord(&kc, &s)
		out[i].Offset = int64(i)
	}
	return out
}

// BenchmarkPart is what the correlator adds to a fetch and to what the client
// takes to produce: a record is read, decided, and its outcomes are encoded.
func BenchmarkPart(b *testing.B) {
	records := freshAlerts(50_000)
	kc := kafka.DefaultConfig()
	met := newMetrics("bench", prometheus.NewRegistry())
	var p *part
	var said, bytes int
	to := func(r *kgo.Record) { said, bytes = said+1, bytes+len(r.Value) }
	b.ReportAllocs()
	b.ResetTimer()
	var used time.Duration
	for i := range b.N {
		if i%len(records) == 0 {
			b.StopTimer()
			p = &part{kafka: &kc, met: met, eng: benched{correlate.New(nil, nil)}}
			runtime.GC()
			b.StartTimer()
			used -= CPU()
		}
		if err := p.step(records[i%len(records)], schemas.TimeOf(records[i%len(records)].Timestamp), to); err != nil {
			b.Fatal(err)
		}
		if (i+1)%len(records) == 0 || i+1 == b.N {
			used += CPU()
		}
	}
	b.ReportMetric(float64(used)/float64(b.N), "cpu-ns/alert")
	b.ReportMetric(float64(said)/float64(b.N), "outcomes/alert")
	b.ReportMetric(float64(bytes)/float64(b.N), "said-bytes/alert")
}
