package correlate

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// shop sends what a service earns, five minutes at a time: a day's wave, growth,
// and noise of its seed.
type shop struct {
	t    *testing.T
	e    *Engine
	out  Output
	r    *rand.Rand
	from schemas.Time
	now  schemas.Time
	lost float64 // what the slots of incidents would have brought beyond what they did
}

const fiveMinutes = 5 * schemas.Minute

func newShop(t *testing.T, seed uint64) *shop {
	t.Helper()
	set, err := rules.Parse("f", []byte("impact: {figures: {bookings: {worth: 10}}}\nlifecycle: {reopen_window: 10m}\n"))
	if err != nil {
		t.Fatal(err)
	}
	from := schemas.Time(int64(t0) / schemas.Day * schemas.Day)
	return &shop{t: t, e: New(set, nil), r: rand.New(rand.NewPCG(seed, 3)), from: from, now: from}
}

// brings is what five minutes bring, but for chance.
func (s *shop) brings(at schemas.Time) float64 {
	day := float64(at.Sub(s.from)) / float64(schemas.Day)
	return (30 + 20*math.Sin(2*math.Pi*day)) * math.Pow(1.01, day/7)
}

// run brings the shop to a time; share of what it would bring is lost. Where silent,
// nobody tells.
func (s *shop) run(until schemas.Time, share float64, silent bool) (held []*schemas.Signal) {
	for ; s.now < until; s.now = s.now.Add(fiveMinutes) {
		v := max(0, math.Round(s.brings(s.now)+3*s.r.NormFloat64()))
		s.lost += 10 * v * share
		f := s.figure(s.now, v*(1-share))
		if silent {
			held = append(held, f)
			continue
		}
		s.step(f, s.now.Add(fiveMinutes))
	}
	return held
}

func (s *shop) figure(at schemas.Time, v float64) *schemas.Signal {
	return &schemas.Signal{Kind: schemas.KindImpact, Source: "bi", Service: "web", StartsAt: at, EndsAt: at.Add(fiveMinutes),
		Impact: &schemas.Impact{Figure: "bookings", Value: v}}
}

func (s *shop) step(x *schemas.Signal, at schemas.Time) {
	x.ReceivedAt = at
	s.e.Step(completed(x), at, &s.out)
}

func (s *shop) alert(name string, at, ends schemas.Time) {
	x := &schemas.Signal{Kind: schemas.KindAlert, Source: "am", Status: schemas.StatusFiring, StartsAt: at,
		Labels: schemas.LabelsOf(map[string]string{"alertname": name, "service": "web", "severity": "critical"})}
	if ends != 0 {
		x.Status, x.EndsAt = schemas.StatusResolved, ends
	}
	s.step(x, max(at, ends))
}

// latest is the newest record of each incident, main ones only.
func (s *shop) latest() []schemas.Incident {
	var out []schemas.Incident
	for _, inc := range s.out.Incidents {
		if i := slices.IndexFunc(out, func(x schemas.Incident) bool { return x.ID == inc.ID }); i >= 0 {
			out[i] = inc
		} else {
			out = append(out, inc)
		}
	}
	return slices.DeleteFunc(out, func(x schemas.Incident) bool { return x.ParentID != "" })
}

// Before there are weeks of figures, the configured model prices, and says so; then
// the figures do, with an interval that has the truth and a share of nothing else.
func TestLostRevenueIsMeasuredByFigures(t *testing.T) {
	s := newShop(t, 1)
	begin := s.from.Add(5*7*schemas.Day + 12*schemas.Hour)
	s.run(begin, 0, false)
	s.alert("Down", begin, 0)
	s.lost = 0
	s.run(begin.Add(2*schemas.Hour), 0.6, false)
	truth := s.lost
	s.alert("Down", begin, s.now)
	end := s.now
	s.run(end.Add(6*schemas.Hour+30*schemas.Minute), 0, false)
	all := s.latest()
	if len(all) != 1 {
		t.Fatalf("%d incidents", len(all))
	}
	i := all[0].Impact
	if i.Basis != schemas.BasisFigures || i.Figures == nil || !i.Figures.Final {
		t.Fatalf("%+v, figures %+v", i, i.Figures)
	}
	if i.LostRevenue.Low > truth || i.LostRevenue.High < truth || math.Abs(i.LostRevenue.Likely/truth-1) > 0.1 {
		t.Errorf("lost %+v, in truth %.0f", i.LostRevenue, truth)
	}
	if i.CaughtUp == nil || i.CaughtUp.Low > 0 || i.CaughtUp.High < 0 {
		t.Errorf("caught up %+v, and nobody came back", i.CaughtUp)
	}
	if f := i.Figures; f.Tried < 100 || f.Held*100 < f.Tried*80 {
		t.Errorf("%d of %d trials", f.Held, f.Tried)
	}
	if all[0].Status != schemas.IncidentClosed {
		t.Errorf("it is %s: the last revision comes after it closed", all[0].Status)
	}
}

// Two incidents that disturb the same service at the same time are charged with
// what was lost, and not with twice that.
func TestOverlappingIncidentsShareALoss(t *testing.T) {
	s := newShop(t, 2)
	begin := s.from.Add(4*7*schemas.Day + 9*schemas.Hour)
	s.run(begin, 0, false)
	s.lost = 0
	s.alert("Down", begin, 0)
	s.run(begin.Add(schemas.Hour), 0.5, false)
	s.alert("Lost", s.now, 0)
	s.run(begin.Add(3*schemas.Hour), 0.5, false)
	s.alert("Down", begin, s.now)
	s.alert("Lost", begin.Add(schemas.Hour), s.now)
	truth := s.lost
	s.run(s.now.Add(7*schemas.Hour), 0, false)
	all := s.latest()
	if len(all) != 2 {
		t.Fatalf("%d incidents", len(all))
	}
	sum := 0.0
	for _, inc := range all {
		if inc.Impact.Figures == nil || !inc.Impact.Figures.Shared {
			t.Fatalf("%s: %+v", inc.ID, inc.Impact)
		}
		sum += inc.Impact.Figures.Expected - inc.Impact.Figures.Actual
	}
	if math.Abs(sum/truth-1) > 0.1 {
		t.Errorf("together %.0f, lost in truth %.0f: %+v", sum, truth, all)
	}
}

// Figures that come late, when the incident has closed, revise what it lost; the
// revision before stands in the timeline.
func TestLateFiguresReviseALoss(t *testing.T) {
	s := newShop(t, 4)
	begin := s.from.Add(4*7*schemas.Day + 18*schemas.Hour)
	s.run(begin, 0, false)
	s.lost = 0
	s.alert("Down", begin, 0)
	held := s.run(begin.Add(schemas.Hour), 0.7, true) // nobody tells
	truth := s.lost
	s.alert("Down", begin, s.now)
	s.run(s.now.Add(2*schemas.Hour), 0, false)
	before := s.latest()[0]
	if before.Impact.Basis != schemas.BasisModel || before.Status != schemas.IncidentClosed {
		t.Fatalf("%s by %s before anything was told", before.Status, before.Impact.Basis)
	}
	for _, f := range held {
		s.step(f, s.now)
	}
	s.run(s.now.Add(10*schemas.Minute), 0, false)
	after := s.latest()[0]
	if i := after.Impact; i.Basis != schemas.BasisFigures || i.LostRevenue.Low > truth || i.LostRevenue.High < truth {
		t.Fatalf("%+v, in truth %.0f", i, truth)
	}
	if after.Revision <= before.Revision || after.Status != schemas.IncidentClosed || len(after.Members) != len(before.Members) {
		t.Errorf("revision %d after %d: %+v", after.Revision, before.Revision, after)
	}
	last := s.out.Timeline[len(s.out.Timeline)-1]
	if last.Type != "impact" || last.IncidentID != after.ID {
		t.Errorf("the timeline ends with %+v", last)
	}
	seen := map[string]bool{}
	for _, x := range s.out.Timeline {
		key := fmt.Sprint(x.IncidentID, x.Seq)
		if seen[key] {
			t.Errorf("two entries are %s", key)
		}
		seen[key] = true
	}
}

// A restart changes nothing of what is expected.
func TestFiguresSurviveARestart(t *testing.T) {
	s := newShop(t, 5)
	begin := s.from.Add(3*7*schemas.Day + 18*schemas.Hour)
	s.run(begin, 0, false)
	s.alert("Down", begin, 0)
	s.run(begin.Add(30*schemas.Minute), 0.5, false)
	back, err := Restore(bytes.NewReader(snapshotOf(t, s.e)))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(snapshotOf(t, s.e), snapshotOf(t, back)) {
		t.Fatal("the snapshot of what was restored is another")
	}
	twin := *s
	twin.e, twin.r = back, rand.New(rand.NewPCG(9, 9))
	s.r = rand.New(rand.NewPCG(9, 9))
	s.out, twin.out = Output{}, Output{}
	for _, x := range []*shop{s, &twin} {
		x.run(begin.Add(2*schemas.Hour), 0.5, false)
		x.alert("Down", begin, x.now)
		x.run(x.now.Add(8*schemas.Hour), 0, false)
	}
	if !bytes.Equal(bytesOf(t, &s.out), bytesOf(t, &twin.out)) {
		t.Error("the two went on differently")
	}
	if s.latest()[0].Impact.Basis != schemas.BasisFigures {
		t.Error("nothing was measured")
	}
}
