package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
	"pinkstar/sinks/web"
)

// month is an installation in log time: an engine, and the live view of what it says.
type month struct {
	e      *correlate.Engine
	view   *web.View
	out    correlate.Output
	at     schemas.Time
	naming schemas.Naming
	n      int
}

// newMonth has limits that a few days reach: what is bounded grows until then.
func newMonth(perDay int) *month {
	set, shown := rules.Default(), web.DefaultConfig()
	set.Limits.Patterns, shown.KeepClosed = 2*perDay, 4*perDay
	return &month{e: correlate.New(set, nil), view: web.NewView(shown), at: 1_790_000_000_000, naming: schemas.DefaultNaming()}
}

func (m *month) step(s *schemas.Signal) {
	m.e.Step(s, m.at, &m.out)
	for i := range m.out.Incidents {
		inc := m.out.Incidents[i]
		m.view.PutIncident(&inc)
	}
	for i := range m.out.Problems {
		p := m.out.Problems[i]
		m.view.PutProblem(&p)
	}
	m.out.Reset()
}

func (m *month) pass(ms int64) {
	for end := m.at.Add(ms); m.at < end; {
		m.at = min(end, m.at.Add(5*schemas.Minute))
		m.step(&schemas.Signal{Kind: schemas.KindTick, ReceivedAt: m.at})
	}
}

// outage is one of a service that has others, on pods that never had one: some
// alerts, which recover after a while.
func (m *month) outage(service string, pods int, lasts int64) {
	start := m.at
	for _, status := range []schemas.Status{schemas.StatusFiring, schemas.StatusResolved} {
		for pod := range pods {
			s := &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: status, StartsAt: start, ReceivedAt: m.at,
				Summary: "More than 5 % of the requests to " + service + " failed in the last 5 minutes",
				Labels: schemas.LabelsOf(map[string]string{"alertname": fmt.Sprint("Errors", pod%3), "service": service, "environment": "production",
					"pod": fmt.Sprintf("%s-%06x-%d", service, m.n, pod), "severity": "warning"})}
			if status == schemas.StatusResolved {
				s.EndsAt = m.at
			}
			if err := m.naming.Complete(s); err != nil {
				panic(err)
			}
			m.step(s)
		}
		m.pass(lasts / 2)
	}
	m.n++
}

func (m *month) heap() int64 {
	var s runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&s)
	runtime.KeepAlive(m)
	return int64(s.HeapAlloc)
}

// A month of the same load leaves what five days of it left, in the engine and in the
// live view, on names of pods that are never the same. The slack is for the memory
// that equal strings share, which has its bound far above. PINKSTAR_MONTH says how many
// outages a day has, which is few otherwise.
func TestAMonthDoesNotGrow(t *testing.T) {
	const days, services = 30, 60
	perDay := 24
	if n, err := strconv.Atoi(os.Getenv("PINKSTAR_MONTH")); err == nil {
		perDay = n
	}
	slack := min(512<<10*int64(perDay)/24, 8<<20)
	m := newMonth(perDay)
	before := m.heap()
	var early, late int64
	for day := 1; day <= days; day++ {
		for i := range perDay {
			end := m.at.Add(schemas.Day / int64(perDay))
			m.outage(fmt.Sprint("service-", (day*7+i*11)%services), 5, 10*schemas.Minute)
			m.pass(max(0, end.Sub(m.at)))
		}
		switch day {
		case 5:
			early = m.heap() - before
		case days:
			late = m.heap() - before
		}
	}
	t.Logf("%d KB are held after 5 days, %d after %d", early>>10, late>>10, days)
	if st := m.e.Stats(); st.IncidentsOpened < int64(days*perDay/2) {
		t.Fatalf("%d incidents opened: the test means more", st.IncidentsOpened)
	}
	if late > early*11/10+slack {
		t.Errorf("%d KB are held after 5 days and %d after %d", early>>10, late>>10, days)
	}
}
