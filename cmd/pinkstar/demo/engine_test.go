package demo

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// offline plays the year and the story through the engine alone: what the demo
// expects must follow from the log, before any of the machinery around it.
type offline struct {
	t         *testing.T
	t0        time.Time
	engine    *correlate.Engine
	incidents map[string]schemas.Incident
	problems  map[string]schemas.Problem
	decisions map[string]schemas.Decision
	effects   []schemas.Effect
	main      string
}

func newOffline(t *testing.T, t0 time.Time) *offline {
	set, err := rules.Parse("rules.yaml", Rules)
	if err != nil {
		t.Fatal(err)
	}
	topo, err := rules.ParseTopology("topology.yaml", Topology)
	if err != nil {
		t.Fatal(err)
	}
	return &offline{t: t, t0: t0, engine: correlate.New(set, topo), incidents: map[string]schemas.Incident{},
		problems: map[string]schemas.Problem{}, decisions: map[string]schemas.Decision{}}
}

func (o *offline) step(s schemas.Signal) {
	var out correlate.Output
	id, err := schemas.ParseID(s.ID)
	if err != nil || !o.engine.Repeat(id, s.ReceivedAt, &out) {
		o.engine.Step(&s, s.ReceivedAt, &out)
	}
	for _, i := range out.Incidents {
		o.incidents[i.ID] = i
	}
	o.effects = append(o.effects, out.Effects...)
	for _, p := range out.Problems {
		o.problems[p.ID] = p
	}
	for _, d := range out.Decisions {
		o.decisions[d.SignalID] = d
	}
}

// pass lets log time come to at.
func (o *offline) pass(at time.Time) {
	o.step(schemas.Signal{Kind: schemas.KindTick, ReceivedAt: schemas.TimeOf(at)})
}

func (o *offline) year() {
	tr := ingest.NewTranslator(schemas.DefaultNaming(), ingest.DefaultLimits())
	for _, e := range History(o.t0) {
		got, err := tr.Recognise(schemas.TopicAlerts, nil, e.record(), 0)
		if err != nil {
			o.t.Fatal(err)
		}
		for _, s := range got {
			o.step(s)
		}
	}
	o.pass(o.t0.Add(storyBegins - time.Minute))
}

// attack plays the beats up to and with the one that looks for last.
func (o *offline) attack(last look) {
	for _, b := range storyOf(o.t0) {
		at := o.t0.Add(b.At)
		for _, d := range b.Sends {
			for _, s := range translated(o.t, d, at) {
				o.step(s)
			}
		}
		if b.Look == lookOpened {
			for _, i := range o.incidents {
				if slices.Contains(i.Services, "defence-dashboard") && i.DetectedAt == schemas.TimeOf(at) {
					o.main = i.ID
				}
			}
		}
		orders := b.Orders
		if b.Press != "" {
			orders = append([]schemas.Command{{Action: schemas.Action(b.Press), By: manager}}, orders...)
		}
		for n, c := range orders {
			c.IncidentID = o.main
			s := schemas.Signal{Kind: schemas.KindCommand, Source: "test", Name: string(c.Action), Fingerprint: o.main,
				Occurrence: b.Text + string(rune('a'+n)), ReceivedAt: schemas.TimeOf(at), StartsAt: schemas.TimeOf(at), Command: &c}
			naming := schemas.DefaultNaming()
			if err := naming.Complete(&s); err != nil {
				o.t.Fatal(err)
			}
			o.step(s)
		}
		o.pass(at.Add(15 * time.Second))
		if b.Look == last {
			return
		}
	}
}

func (o *offline) detail() *detail {
	d := &detail{Incident: o.incidents[o.main]}
	for _, i := range o.incidents {
		if i.ParentID == o.main {
			d.Children = append(d.Children, i)
		}
	}
	return d
}

// TestTheYearShowsTheCoresProblemAndNoOther holds whenever the demo is run:
// the days of the week and the hour move the schedules against the rest.
func TestTheYearShowsTheCoresProblemAndNoOther(t *testing.T) {
	offsets := []int{0, 7, 24 + 14, 48 + 20, 72 + 1, 96 + 11, 120 + 16, 144 + 23, 4000, 8000}
	if testing.Short() {
		offsets = offsets[:2]
	}
	for _, hours := range offsets {
		o := newOffline(t, storyTime.Add(time.Duration(hours)*time.Hour))
		o.year()
		for _, p := range o.problems {
			before := o.t0.Sub(p.FlaggedAt.Std())
			t.Logf("%s: %s, flagged %.0f days before; %s; lost %.0f, cost %.0f", o.t0, p.Title, before.Hours()/24,
				p.Evidence[0].Detail, p.Cost.LostRevenue.Likely, p.Cost.Cost.Likely)
			if p.Service != "core" {
				t.Errorf("%s: a problem of %s, which has none", o.t0, p.Service)
			}
			if before < 60*24*time.Hour {
				t.Errorf("%s: flagged only %s before the attack", o.t0, before)
			}
		}
		if len(o.problems) != 1 {
			t.Errorf("%s: %d problems, want the core's alone", o.t0, len(o.problems))
		}
		for _, i := range o.incidents {
			if i.Status != schemas.IncidentClosed {
				t.Errorf("%s: %s is still %s before the story", o.t0, i.ID, i.Status)
			}
		}
	}
}

func TestTheAttackIsOneIncident(t *testing.T) {
	o := newOffline(t, storyTime)
	o.year()
	o.attack(lookExpected)
	if n := len(slices.Collect(maps.Keys(o.incidents))); n == 0 {
		t.Fatal("no incident in the year")
	}
	expected := 0
	for _, d := range o.decisions {
		if d.Verdict == schemas.VerdictSuppressed {
			expected++
		}
	}
	if expected != 1 {
		t.Errorf("%d suppressed, want the emitter's alert", expected)
	}
	o = newOffline(t, storyTime)
	o.year()
	o.attack(lookCause)
	d := o.detail()
	if err := (&stage{}).causeOf(d); err != nil {
		t.Errorf("after the tickets: %v", err)
	}
	o = newOffline(t, storyTime)
	o.year()
	before := len(o.incidents)
	o.attack(lookWhole)
	d = o.detail()
	o.describe(d)
	if len(d.Children) < minChildren {
		t.Errorf("%d children", len(d.Children))
	}
	if got := len(o.incidents) - before; got != 1+len(d.Children) {
		t.Errorf("%d incidents came of the attack, %d of them together", got, 1+len(d.Children))
	}
}

func TestTheCoresPartIsTheKnownProblemAndAllEnds(t *testing.T) {
	o := newOffline(t, storyTime)
	o.year()
	o.attack(lookOver)
	o.pass(o.t0.Add(40 * time.Minute))
	d := o.detail()
	o.describe(d)
	known := false
	for _, i := range family(d) {
		if i.Status != schemas.IncidentResolved {
			t.Errorf("%s is %s", i.ID, i.Status)
		}
		known = known || o.problems[i.ProblemID].Service == "core"
	}
	if !known {
		t.Error("nothing of it is an occurrence of the core's problem")
	}
	if i := d.Incident.Impact; i.LostRevenue.Likely <= 0 || i.Cost.Likely <= 0 {
		t.Errorf("it cost nothing: %+v", i)
	}
	if i := d.Incident; i.Assignee != manager || i.AcknowledgedAt != schemas.TimeOf(storyTime.Add(2*time.Minute)) {
		t.Errorf("assigned to %q, acknowledged %s", i.Assignee, i.AcknowledgedAt)
	}
}

func (o *offline) describe(d *detail) {
	for _, i := range family(d) {
		o.t.Logf("%s parent %q %s %s %v root %v problem %q\n   %+v", i.ID, i.ParentID, i.Status, i.Title, i.Services, i.Roots, i.ProblemID, i.Impact)
		for _, x := range i.Tickets {
			o.t.Logf("    ticket %s %s: %s", x.Key, x.State, x.Reason)
		}
		for _, x := range i.Candidates {
			o.t.Logf("    candidate %s %s %s in progress %v: %s", x.Kind, x.Title, x.Status, x.InProgress, x.Reason)
		}
		for _, x := range i.Notices {
			o.t.Logf("    notice %s %s: %s", x.Team, x.Contact, x.Text)
		}
		for _, x := range i.Links {
			o.t.Logf("    link %s %s: %s", x.Relation, x.IncidentID, x.Reason)
		}
	}
}
