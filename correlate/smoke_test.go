package correlate

import (
	"fmt"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

const t0 = schemas.Time(1_795_000_000_000)

// signal builds a complete alert signal.
func signal(name, service string, status schemas.Status, starts, received schemas.Time) *schemas.Signal {
	s := &schemas.Signal{Kind: schemas.KindAlert, Source: "test", Name: name, Status: status, Severity: "critical",
		StartsAt: starts, ReceivedAt: received,
		Labels: schemas.LabelsOf(map[string]string{"alertname": name, "service": service})}
	if status == schemas.StatusResolved {
		s.EndsAt = received
	}
	n := schemas.DefaultNaming()
	if err := n.Complete(s); err != nil {
		panic(err)
	}
	return s
}

func mustTopology(text string) *rules.Topology {
	t, err := rules.ParseTopology("test", []byte(text))
	if err != nil {
		panic(err)
	}
	return t
}

func TestChainIsOneIncident(t *testing.T) {
	topo := mustTopology("services:\n  web: {depends_on: [api]}\n  api: {depends_on: [db]}\n  db: {}\n  other: {}\n")
	e := New(nil, topo)
	var out Output
	for i, svc := range []string{"db", "api", "web", "other"} {
		at := t0.Add(int64(i) * 20 * schemas.Second)
		e.Step(signal("Down", svc, schemas.StatusFiring, at, at), at, &out)
	}
	got := ""
	for _, d := range out.Decisions {
		got += fmt.Sprintln(d.Verdict, d.IncidentID == out.Decisions[0].IncidentID, d.Reason)
	}
	if s := e.Stats(); s.Incidents != 2 {
		t.Fatalf("%d incidents, want 2\n%s", s.Incidents, got)
	}
	t.Log("\n" + got)
}
