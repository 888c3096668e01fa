package correlate

import (
	"fmt"
	"slices"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// asEvents plays 40 alerts that recover the given spans after their starts, and
// says whether those of a second round are weighed like events.
func asEvents(t *testing.T, set *rules.Set, spans ...int64) bool {
	t.Helper()
	e := New(set, mustTopology("services:\n  web: {depends_on: [db]}\n  db: {}\n"))
	var out Output
	at, seen := t0, false
	for i := range 40 {
		name, service := fmt.Sprint("A", i%8), []string{"web", "db"}[i%2]
		at = at.Add(20 * schemas.Minute)
		for k := range int64(2) { // two, so that the second is weighed against the first
			start := at.Add(k * schemas.Second)
			out.Reset()
			e.Step(signal(fmt.Sprint(name, k), service, schemas.StatusFiring, start, start), start, &out)
		}
		seen = false
		for _, d := range out.Decisions {
			seen = seen || slices.ContainsFunc(d.Evidence, func(ev schemas.Evidence) bool { return ev.Kind == "events" })
		}
		for k := range int64(2) {
			start := at.Add(k * schemas.Second)
			end := start.Add(spans[i%len(spans)])
			r := signal(fmt.Sprint(name, k), service, schemas.StatusResolved, start, end)
			e.Step(r, end, &out)
		}
	}
	return seen
}

// Where every alert recovers the same time after its start, its recovery says
// nothing: it is weighed like an event. A monitor that sees alerts recover is
// believed, though it looks once a minute.
func TestRecoveriesByTimeoutAreNotBelieved(t *testing.T) {
	if !asEvents(t, nil, 5*schemas.Minute) {
		t.Error("all alerts recovered after 5 minutes to the second, and what fires is believed")
	}
	if asEvents(t, nil, schemas.Minute, 2*schemas.Minute, schemas.Minute, 4*schemas.Minute) {
		t.Error("alerts recover when they do, and are taken for events")
	}
	older := rules.Default()
	older.Correlation.TimeoutAfter = 0
	if asEvents(t, older, 5*schemas.Minute) {
		t.Error("a log from before timeouts were told apart goes on in another way")
	}
}
