package correlate

import (
	"flag"
	"fmt"
	"slices"
	"testing"

	"pinkstar/schemas"
)

// The storm of a million takes minutes: go test ./correlate -run Storm -storm 1000000.
var stormAlerts = flag.Int("storm", 100_000, "alerts of the storm of which people hear; a tenth with -short")

// storm steps n alerts of a few types on a few services within minutes, each of a pod
// of its own: warnings first, then critical; some recover, and some of these fire
// again. each is given what came of every thousand.
func storm(e *Engine, n int, each func(*Output)) {
	naming := schemas.Naming{}
	at := t0
	var out Output
	told := make([]*schemas.Signal, 0, 64) // of late
	step := func(s *schemas.Signal) {
		if err := naming.Complete(s); err != nil {
			panic(err)
		}
		e.Step(s, at, &out)
	}
	for i := range n {
		if i%100 == 0 {
			at = at.Add(schemas.Second / 2)
		}
		severity := "warning"
		if i > n/10 {
			severity = "critical"
		}
		s := &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: schemas.StatusFiring, StartsAt: at, ReceivedAt: at, Environment: "prod",
			Labels: schemas.LabelsOf(map[string]string{"alertname": []string{"Down", "Slow", "Errors"}[i%3], "service": []string{"db", "api", "web"}[i/100%3],
				"pod": fmt.Sprint(i), "severity": severity, "cluster": "c1", "team": "ops"})}
		if i%7 == 6 { // one of late recovers, or fires again
			s = &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: schemas.StatusResolved, StartsAt: told[i%5].StartsAt, EndsAt: at, ReceivedAt: at,
				Environment: "prod", Labels: told[i%5].Labels}
			if i%21 == 20 {
				s.Status, s.StartsAt, s.EndsAt = schemas.StatusFiring, at, 0
			}
		}
		step(s)
		if told = append(told, s); len(told) > 50 {
			told = slices.Delete(told, 0, 25)
		}
		if i%1000 == 999 {
			each(&out)
			out = Output{}
		}
	}
	e.Step(&schemas.Signal{Kind: schemas.KindTick}, at.Add(schemas.Minute*5), &out)
	each(&out)
}

// messageFaults says which messages tell nothing that the one before of the same
// incident did not: people hear of changes of an incident, not of its alerts.
func messageFaults(effects []schemas.Effect) (faults []string) {
	type news struct {
		status                       schemas.IncidentStatus
		severity                     schemas.Severity
		severityBy, assignee, parent string
		types                        int64
		targets                      string
	}
	before := map[string]news{}
	for i := range effects {
		e := &effects[i]
		switch e.Kind {
		case schemas.EffectPage, schemas.EffectEscalated, schemas.EffectMailAnnounce, schemas.EffectMailClose, schemas.EffectTicketLink,
			schemas.EffectTicketUnlink, schemas.EffectChangeNotice, schemas.EffectWindowEnded:
			continue // once for each thing: see heardOf
		}
		h := &e.Head
		now := news{h.Status, h.Severity, h.SeverityBy, h.Assignee, h.ParentID, h.TypeCount, fmt.Sprint(e.To.Targets)}
		if before[e.IncidentID] == now {
			faults = append(faults, fmt.Sprintf("%s %s of %s at %v tells nothing new: %s", e.ID, e.Kind, e.IncidentID, e.At, e.Reason))
		}
		before[e.IncidentID] = now
	}
	return faults
}

// A storm is one message for each change of an incident, within the budget, and not
// for its alerts.
func TestStormIsFewMessages(t *testing.T) {
	n := *stormAlerts
	if testing.Short() {
		n /= 10
	}
	var effects []schemas.Effect
	mains := map[string]bool{}
	storm(New(testRules(), testTopology()), n, func(out *Output) {
		for i := range out.Incidents {
			if out.Incidents[i].ParentID == "" {
				mains[out.Incidents[i].ID] = true
			}
		}
		effects = append(effects, out.Effects...)
	})
	budget := testRules().Messages.PerIncident
	t.Logf("%d alerts, %d incidents that were main ones, %d effects", n, len(mains), len(effects))
	if len(effects) == 0 || len(effects) > budget*len(mains) {
		t.Errorf("%d effects for %d alerts in %d main incidents, each with a budget of %d", len(effects), n, len(mains), budget)
	}
	for _, f := range append(heardOf(testRules(), &Output{Effects: effects}), messageFaults(effects)...) {
		t.Error(f)
	}
	// The judge can fail: what is said twice in a row tells nothing new.
	if first := effects[0]; first.Kind != schemas.EffectOpened || len(messageFaults(append(effects, first, first))) == 0 {
		t.Errorf("%s said again is not found", first.Kind)
	}
}
