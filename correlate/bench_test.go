package correlate

import (
	"bytes"
	"fmt"
	"io"
	"runtime"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// newAlerts makes n different alerts over the services of a layered topology,
// in bursts: each fault hits a few neighbouring services.
func newAlerts(n, services int) []*schemas.Signal {
	naming := schemas.DefaultNaming()
	out := make([]*schemas.Signal, n)
	for i := range out {
		out[i] = alertAt(i, services, &naming)
	}
	return out
}

func alertAt(i, services int, naming *schemas.Naming) *schemas.Signal {
	fault := i / 20
	at := t0.Add(int64(i) * 5)
	svc := (fault*7 + i%3) % services
	s := &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: schemas.StatusFiring, StartsAt: at, ReceivedAt: at,
		Summary: "More than 5 % of the requests to " + serviceName(svc) + " failed in the last 5 minutes",
		Labels: schemas.LabelsOf(map[string]string{"alertname": "Alert" + fmt.Sprint(i%17), "service": serviceName(svc),
			"instance": fmt.Sprintf("10.0.%d.%d:9100", i/250%250, i%250), "severity": "warning", "run": fmt.Sprint(i)})}
	if err := naming.Complete(s); err != nil {
		panic(err)
	}
	return s
}

func serviceName(i int) string { return fmt.Sprintf("service-%04d", i) }

// layered is a topology in which each service depends on two of the layer
// below.
func layered(n int) *rules.Topology {
	t := &rules.Topology{Services: map[string]*rules.Service{}}
	for i := range n {
		s := &rules.Service{Team: fmt.Sprint("team-", i%10)}
		if i >= 50 {
			s.DependsOn = []string{serviceName(i - 50), serviceName((i*13)%(i-i%50) + 0)}
		}
		t.Services[serviceName(i)] = s
	}
	if err := t.Seal(); err != nil {
		panic(err)
	}
	return t
}

func BenchmarkRepeat(b *testing.B) {
	alerts := newAlerts(100_000, 500)
	e := New(nil, layered(500))
	var out Output
	ids := make([]schemas.ID, len(alerts))
	for i, s := range alerts {
		e.Step(s, s.ReceivedAt, &out)
		out.Reset()
		ids[i], _ = schemas.ParseID(s.ID)
	}
	at := e.Now()
	b.ReportAllocs()
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		if i%1000 == 0 {
			at++
		}
		if !e.Repeat(ids[i%len(ids)], at, &out) {
			b.Fatal("not known")
		}
		if len(out.Decisions) > 0 {
			out.Reset()
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signals/s")
}

func BenchmarkAllNew(b *testing.B) {
	for _, c := range []struct {
		name     string
		services int
	}{{"topology", 500}, {"no_topology", 0}} {
		b.Run(c.name, func(b *testing.B) {
			alerts := newAlerts(100_000, 500)
			topo := layered(c.services)
			var e *Engine
			var out Output
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				if i%len(alerts) == 0 {
					b.StopTimer()
					e = New(nil, topo)
					b.StartTimer()
				}
				s := alerts[i%len(alerts)]
				e.Step(s, s.ReceivedAt, &out)
				out.Reset()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "signals/s")
			b.ReportMetric(float64(e.Stats().Incidents), "incidents")
		})
	}
}

// The rule that matches is the last of 10,000.
func BenchmarkTenThousandRules(b *testing.B) {
	set := rules.Default()
	for i := range 10_000 {
		set.Rules = append(set.Rules, rules.Rule{Name: fmt.Sprint("rule-", i), Match: []string{fmt.Sprintf(`alertname="Name%d"`, i), `severity=~"warning|critical"`}, By: []string{"service"}})
	}
	if err := set.Seal(); err != nil {
		b.Fatal(err)
	}
	s := newAlerts(1, 1)[0]
	s.Labels = schemas.LabelsOf(map[string]string{"alertname": "Name9999", "severity": "warning", "service": "x"})
	var into []int32
	b.ReportAllocs()
	for b.Loop() {
		into = set.Matching(s, into[:0])
		if len(into) != 1 || into[0] != 9999 {
			b.Fatal(into)
		}
	}
}

// Bytes per active alert, everything included: what the heap holds after a
// collection because of the engine, divided by its alerts.
func BenchmarkActiveAlerts(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for range b.N {
				benchActive(b, n)
			}
		})
	}
}

func benchActive(b *testing.B, n int) {
	naming := schemas.DefaultNaming()
	set := rules.Default()
	set.Limits.Alerts, set.Limits.KnownSignals = max(set.Limits.Alerts, n), max(set.Limits.KnownSignals, n)
	topo := layered(500)
	without := heldBytes()
	e := New(set, topo)
	var out Output
	for i := range n { // one after the other: no signal is there at the end
		s := alertAt(i, 500, &naming)
		e.Step(s, s.ReceivedAt, &out)
		out.Reset()
	}
	if e.Stats().Alerts != n {
		b.Fatalf("%d alerts are held, not %d", e.Stats().Alerts, n)
	}
	out, e = Output{}, engineOf(e.st) // without the memory that is reused
	b.ReportMetric(float64(heldBytes()-without)/float64(n), "bytes/alert")
	b.ReportMetric(float64(e.Stats().Incidents), "incidents")
	runtime.KeepAlive(e)
}

// heldBytes is what is live.
func heldBytes() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkSnapshot(b *testing.B) {
	e := New(nil, layered(500))
	var out Output
	for _, s := range newAlerts(100_000, 500) {
		e.Step(s, s.ReceivedAt, &out)
		out.Reset()
	}
	b.ResetTimer()
	for range b.N {
		c := &counter{}
		if err := e.st.Snapshot(c); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(c.n)/100_000, "bytes/alert")
	}
}

// A restart: the snapshot of 100,000 active alerts read back.
func BenchmarkRestore(b *testing.B) {
	const n = 100_000
	e := New(nil, layered(500))
	var out Output
	for _, s := range newAlerts(n, 500) {
		e.Step(s, s.ReceivedAt, &out)
		out.Reset()
	}
	var snap bytes.Buffer
	if err := e.st.Snapshot(&snap); err != nil {
		b.Fatal(err)
	}
	e, out = nil, Output{}
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := Restore(bytes.NewReader(snap.Bytes())); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "alerts/s")
}

type counter struct{ n int }

func (c *counter) Write(p []byte) (int, error) { c.n += len(p); return len(p), nil }

var _ io.Writer = (*counter)(nil)
