package correlate_test

import (
	"bytes"
	"fmt"
	"runtime"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// sweepSlack is how many timers of what is gone may wait for the next sweep.
const sweepSlack = 1024

const (
	minuteMs = int64(60_000)

	dayMs = 24 * 60 * minuteMs
)

// feed drives an engine for a long time with little: one alert after the other,
// and ticks as an idle partition's owner writes them.
type feed struct {
	e   *correlate.Engine
	out correlate.Output
	at  schemas.Time
	n   int

	naming schemas.Naming
}

func newFeed(topo *rules.Topology) *feed {
	return &feed{e: correlate.New(nil, topo), at: schemas.Time(1_790_000_000_000), naming: schemas.DefaultNaming()}
}

// alert steps one alert on a service; it fires or recovers at the present.
func (f *feed) alert(environment, name, service string, status schemas.Status, start schemas.Time) {
	f.n++
	s := &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: status, StartsAt: start, ReceivedAt: f.at,
		Summary: "More than 5 % of the requests to " + service + " failed in the last 5 minutes",
		Labels: schemas.LabelsOf(map[string]string{"alertname": name, "service": service, "environment": environment,
			"instance": service + "-0:9100", "severity": "warning"})}
	if status == schemas.StatusResolved {
		s.EndsAt = f.at
	}
	if err := f.naming.Complete(s); err != nil {
		panic(err)
	}
	f.e.Step(s, f.at, &f.out)
	f.out.Reset()
}

// pass lets time pass as it does on an idle partition.
func (f *feed) pass(ms int64) {
	for end := f.at.Add(ms); f.at < end; {
		f.at = min(end, f.at.Add(minuteMs))
		f.e.Step(&schemas.Signal{Kind: schemas.KindTick, ReceivedAt: f.at}, f.at, &f.out)
		f.out.Reset()
	}
}

// isolated fires n alerts, each on a service of its own and a minute after the
// one before, so that each opens an incident.
func (f *feed) isolated(n int, status schemas.Status, every int64) {
	for i := range n {
		f.alert("production", "Down", fmt.Sprintf("service-%06d", f.n+i), status, f.at)
		f.at = f.at.Add(every)
	}
}

// outage fires and recovers n alerts, each on a service that never had one.
func (f *feed) outages(n int, every int64) {
	for range n {
		service := fmt.Sprintf("service-%07d", f.n)
		start := f.at
		f.alert("production", "Down", service, schemas.StatusFiring, start)
		f.at = f.at.Add(every / 2)
		f.alert("production", "Down", service, schemas.StatusResolved, start)
		f.at = f.at.Add(every / 2)
	}
}

func (f *feed) snapshotBytes(tb testing.TB) int {
	tb.Helper()
	var b bytes.Buffer
	if err := f.e.Snapshot(&b); err != nil {
		tb.Fatal(err)
	}
	return b.Len()
}

// heap is what the collector finds reachable.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// What is closed leaves: after a month of the same load the engine holds what it
// held after the first week, whatever came and went, and no timer waits for
// what is gone. Services change all the time, as names of pods and jobs do.
func TestAMonthOfTheSameLoadDoesNotGrow(t *testing.T) {
	perWeek := 7 * 24 * 12
	if testing.Short() {
		perWeek = 7 * 24 * 10
	}
	f := newFeed(nil)
	empty := f.snapshotBytes(t)
	var bytesAt, wakesAt, knownAt []int
	for range 4 {
		f.outages(perWeek, 7*dayMs/int64(perWeek))
		st := f.e.Stats()
		bytesAt, wakesAt, knownAt = append(bytesAt, f.snapshotBytes(t)), append(wakesAt, st.Wakes), append(knownAt, st.KnownSignals)
	}
	t.Log("snapshot bytes, timers and known signals after each week:", bytesAt, wakesAt, knownAt)
	for _, c := range [][]int{bytesAt, wakesAt, knownAt} {
		if c[3] > c[1]*11/10+sweepSlack {
			t.Errorf("it grows: %v", c)
		}
	}
	f.pass(2 * dayMs)
	st := f.e.Stats()
	if st.Wakes > sweepSlack+100 {
		t.Errorf("two days after the last signal %d timers wait for nothing", st.Wakes)
	}
	f.pass(8 * dayMs)
	st = f.e.Stats()
	if st.Incidents != 0 || st.Alerts != 0 || st.KnownSignals != 0 || st.Wakes > 10 {
		t.Errorf("a week after the last signal there are still %+v", st)
	}
	if n := f.snapshotBytes(t); n > empty+500 {
		t.Errorf("a week after the last signal a snapshot takes %d bytes, when the engine was new %d", n, empty)
	}
}

// What a storm held is let go when its incidents close, and not only when something
// else happens: the last incidents of a night wait for nothing.
func TestWhatAStormHeldIsLetGoWhenItCloses(t *testing.T) {
	const incidents, alerts, most = 1500, 8, 2500 // bytes an incident, which the problems' patterns take; all it had was kept
	before := heap()
	f := newFeed(nil)
	tell := func(status schemas.Status) {
		start := f.at
		for i := range incidents * alerts {
			f.alert("production", fmt.Sprint("Down", i%alerts), fmt.Sprintf("service-%06d", i/alerts), status, start)
			if i%alerts == 0 {
				f.at = f.at.Add(100)
			}
		}
	}
	tell(schemas.StatusFiring)
	held := (heap() - before) / incidents
	if n := f.e.Stats().Incidents; n < incidents/2 {
		t.Fatalf("%d incidents are open, the test means %d", n, incidents)
	}
	tell(schemas.StatusResolved)
	f.pass(dayMs / 12)
	if st := f.e.Stats(); st.Incidents != 0 || st.Wakes > incidents/2 {
		t.Errorf("%d timers still keep what has closed", st.Wakes)
	}
	f.pass(dayMs + dayMs/2)
	if st := f.e.Stats(); st.Incidents != 0 || st.KnownSignals != 0 {
		t.Fatalf("there are still %+v", st)
	}
	left := (heap() - before) / incidents
	t.Logf("%.0f bytes of an open incident, %.0f of a closed one", held, left)
	if left > most {
		t.Errorf("%.0f bytes are left of each closed incident", left)
	}
	runtime.KeepAlive(f)
}

// A scope full of label values that nobody has twice took 60 KB for each: what is
// kept of one must not depend on how many others there are.
func TestManyLabelValuesStaySmall(t *testing.T) {
	const most = 12 << 10 // bytes an alert; some 4 KB are usual
	n := 10_000
	if testing.Short() {
		n = 3_000
	}
	before := heap()
	f := newFeed(nil)
	var perAlert [2]float64
	for i := range perAlert {
		f.isolated(n, schemas.StatusFiring, 1000)
		perAlert[i] = (heap() - before) / float64((i+1)*n)
	}
	runtime.KeepAlive(f)
	t.Logf("%.0f bytes for each of %d, %.0f for each of %d", perAlert[0], n, perAlert[1], 2*n)
	if perAlert[0] > most || perAlert[1] > most || perAlert[1] > 2*perAlert[0] {
		t.Errorf("an alert with values of its own takes %.0f and then %.0f bytes", perAlert[0], perAlert[1])
	}
}

// BenchmarkMemory prints what the engine alone keeps, in bytes of the heap.
func BenchmarkMemory(b *testing.B) {
	measure := func(name, unit string, n int, load func(f *feed, n int)) {
		b.Run(name, func(b *testing.B) {
			for range b.N {
				before := heap()
				f := newFeed(nil)
				load(f, n)
				b.ReportMetric((heap()-before)/float64(n), unit)
				b.ReportMetric(float64(f.e.Stats().Wakes)/float64(n), "timers/"+unit[2:])
				b.ReportMetric(float64(f.snapshotBytes(b))/float64(n), "snapshot_"+unit)
				runtime.KeepAlive(f)
			}
		})
	}
	measure("isolated_active", "B/alert", 20_000, func(f *feed, n int) { f.isolated(n, schemas.StatusFiring, 1000) })
	measure("closed_after_a_day", "B/incident", 20_000, func(f *feed, n int) { f.outages(n, 2000); f.pass(dayMs + dayMs/2) })
	measure("closed_after_four_days", "B/incident", 20_000, func(f *feed, n int) { f.outages(n, 2000); f.pass(4 * dayMs) })
	measure("closed_after_eight_days", "B/incident", 20_000, func(f *feed, n int) { f.outages(n, 2000); f.pass(8 * dayMs) })
	measure("scopes", "B/scope", 20_000, func(f *feed, n int) {
		for i := range n {
			f.alert(fmt.Sprintf("env-%06d", i), "Down", "web", schemas.StatusFiring, f.at)
		}
	})
	b.Run("scopes_of_a_large_topology", func(b *testing.B) {
		const n = 2_000
		topo := &rules.Topology{Services: map[string]*rules.Service{}}
		for i := range 5_000 {
			topo.Services[fmt.Sprintf("service-%04d", i)] = &rules.Service{}
		}
		if err := topo.Seal(); err != nil {
			b.Fatal(err)
		}
		for range b.N {
			f := newFeed(topo)
			before := heap()
			for i := range n {
				f.alert(fmt.Sprintf("env-%06d", i), "Down", fmt.Sprintf("service-%04d", i), schemas.StatusFiring, f.at)
			}
			b.ReportMetric((heap()-before)/n, "B/scope")
			runtime.KeepAlive(f)
		}
	})
}
