package correlate

import (
	"testing"

	"pinkstar/schemas"
)

// The costs of an open incident are told at bounded intervals though nothing
// happens, wherever ticks fall, and no longer once it is over.
func TestCostsOfOpenIncidentsGoOn(t *testing.T) {
	e, out := New(nil, nil), Output{}
	s := completed(&schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: schemas.StatusFiring, ReceivedAt: t0, StartsAt: t0,
		Labels: schemas.LabelsOf(map[string]string{"alertname": "Down", "service": "db", "severity": "critical"})})
	e.Step(s, t0, &out)
	end := t0.Add(20 * schemas.Hour)
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, end, &out)
	last := out.Incidents[0]
	for _, inc := range out.Incidents[1:] {
		age := last.UpdatedAt.Sub(t0)
		if gap := inc.UpdatedAt.Sub(last.UpdatedAt); gap > max(schemas.Minute, min(age/10, schemas.Hour))+schemas.Second {
			t.Fatalf("told at %v and then only at %v", last.UpdatedAt, inc.UpdatedAt)
		}
		if inc.Impact.Cost.Likely < last.Impact.Cost.Likely || inc.Impact.Minutes <= last.Impact.Minutes && inc.UpdatedAt > last.UpdatedAt {
			t.Fatalf("costs do not grow: %+v after %+v", inc.Impact, last.Impact)
		}
		last = inc
	}
	if n := len(out.Incidents); n > 100 || end.Sub(last.UpdatedAt) > schemas.Hour {
		t.Fatalf("told %d times, last at %v", n, last.UpdatedAt)
	}
	r := *s
	r.Status, r.EndsAt, r.ReceivedAt, r.ID = schemas.StatusResolved, end, end, ""
	e.Step(completed(&r), end, &out)
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, end.Add(2*schemas.Minute), &out)
	out.Reset()
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, end.Add(10*schemas.Minute), &out)
	if len(out.Incidents) != 0 {
		t.Fatalf("told again although it is over: %+v", out.Incidents)
	}
}
