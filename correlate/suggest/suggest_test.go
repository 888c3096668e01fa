package suggest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/backtest"
	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// past is a log that is made while an engine reads it, so that an operator can correct
// what it does.
type past struct {
	t      *testing.T
	r      *rand.Rand
	log    history.Log
	engine *correlate.Engine
	out    correlate.Output
	at     schemas.Time
	in     map[string]string // incident of a signal

	severity schemas.Severity // of alerts
}

func newPast(t *testing.T, seed uint64) *past {
	return &past{t: t, r: rand.New(rand.NewPCG(seed, 9)), engine: correlate.New(rules.Default(), nil), at: 1_790_000_000_000, in: map[string]string{}, severity: "warning"}
}

func (p *past) step(s schemas.Signal) string {
	p.t.Helper()
	s.Source, s.ReceivedAt = "test", p.at
	n := schemas.DefaultNaming()
	if err := n.Complete(&s); err != nil {
		p.t.Fatal(err)
	}
	if err := p.log.Add(&s, p.at, 0); err != nil {
		p.t.Fatal(err)
	}
	p.engine.Step(&s, p.at, &p.out)
	for i := range p.out.Decisions {
		if d := &p.out.Decisions[i]; d.Kind == schemas.KindAlert {
			p.in[d.SignalID] = d.IncidentID
		}
	}
	p.out.Reset()
	return s.ID
}

func (p *past) alert(name string, labels map[string]string) (id string, end func()) {
	labels["run"] = fmt.Sprint(len(p.in)) // each is another alert
	s := schemas.Signal{Name: name, Kind: schemas.KindAlert, Status: schemas.StatusFiring, StartsAt: p.at, Severity: p.severity, Labels: schemas.LabelsOf(labels)}
	id = p.step(s)
	return id, func() {
		s.Status, s.EndsAt = schemas.StatusResolved, p.at
		p.step(s)
	}
}

func (p *past) move(signal, to string) {
	p.step(schemas.Signal{Kind: schemas.KindCommand, Command: &schemas.Command{Action: schemas.ActionMove, By: "ona", SignalID: signal, IncidentID: to}})
}

func (p *past) wait(from, to int64) { p.at = p.at.Add(from + p.r.Int64N(to-from+1)) }

// occasion is one on which alerts of different services share a pipeline, and what is
// unrelated fires besides. correct is what the operator does about it.
func (p *past) occasion(correct func(ids []string)) {
	pipeline := fmt.Sprint("p", p.r.IntN(8))
	var ids []string
	var ends []func()
	fire := func(labels map[string]string) string {
		labels["zone"], labels["service"] = fmt.Sprint("z", p.r.IntN(3)), fmt.Sprint("svc-", p.r.IntN(60))
		id, end := p.alert([]string{"Lag", "Errors", "Slow"}[p.r.IntN(3)], labels)
		ends = append(ends, end)
		p.wait(40*schemas.Second, 3*schemas.Minute)
		return id
	}
	for range 3 {
		ids = append(ids, fire(map[string]string{"pipeline": pipeline}))
		if p.r.IntN(2) == 0 {
			fire(map[string]string{"rack": fmt.Sprint("r", p.r.IntN(4))})
		}
	}
	correct(ids)
	for _, end := range ends {
		p.wait(schemas.Second, 20*schemas.Second)
		end()
	}
	p.wait(2*schemas.Hour, 5*schemas.Hour)
}

func (p *past) suggest(c Config) *Report {
	p.t.Helper()
	side := backtest.Side{Name: "now", Rules: rules.Default(), Topology: rules.EmptyTopology()}
	r, err := Suggest(p.t.Context(), &p.log, side, backtest.Options{}, c)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}

func said(r *Report) string {
	var b strings.Builder
	for _, list := range [][]Suggestion{r.Suggestions, r.Rejected} {
		for _, s := range list {
			fmt.Fprintf(&b, "%s\n  precision %+v recall %+v earlier %+v\n", s.Text, s.Precision, s.Recall, s.Earlier)
		}
		b.WriteString("--- rejected:\n")
	}
	return b.String()
}

// What an operator does by a rule of his own is found.
func TestAHiddenRuleIsFound(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		p := newPast(t, seed)
		for range 50 {
			p.occasion(func(ids []string) {
				for _, id := range ids[1:] {
					if p.in[id] != p.in[ids[0]] {
						p.move(id, p.in[ids[0]])
					}
				}
			})
		}
		r := p.suggest(Default())
		if len(r.Suggestions) != 1 {
			t.Fatalf("seed %d: %d rules, tried %d, %d and %d corrections:\n%s", seed, len(r.Suggestions), r.Tried, r.Earlier, r.Later, said(r))
		}
		s := r.Suggestions[0]
		if len(s.Rule.By) != 1 || s.Rule.By[0] != "pipeline" || s.Precision.Low < 0.7 || s.Recall.Low < 0.7 {
			t.Errorf("seed %d:\n%s", seed, said(r))
		}
		set, err := rules.Parse("suggested", []byte("rules:\n"+s.Text))
		if err != nil || len(set.Rules) != 1 {
			t.Errorf("seed %d: it can't go into the rules file: %v\n%s", seed, err, s.Text)
		}
	}
}

// What an operator takes out of incidents again and again is kept by itself.
func TestAHiddenSeparationIsFound(t *testing.T) {
	t.Parallel()
	p := newPast(t, 1)
	for range 50 {
		service := fmt.Sprint("svc-", p.r.IntN(60))
		var ends []func()
		for _, tier := range []string{"app", "app", "backup"} {
			id, end := p.alert([]string{"Lag", "Errors", "Slow"}[p.r.IntN(3)], map[string]string{"service": service, "tier": tier})
			ends = append(ends, end)
			p.wait(20*schemas.Second, 60*schemas.Second)
			if tier == "backup" {
				p.move(id, "")
			}
		}
		for _, end := range ends {
			end()
		}
		p.wait(2*schemas.Hour, 5*schemas.Hour)
	}
	r := p.suggest(Default())
	if len(r.Suggestions) != 1 || r.Suggestions[0].Rule.Action != rules.ActionSeparate || r.Suggestions[0].Rule.Match[0] != `tier="backup"` {
		t.Errorf("tried %d, %d and %d corrections:\n%s", r.Tried, r.Earlier, r.Later, said(r))
	}
}

// Corrections without any rule behind them suggest none.
func TestRandomCorrectionsSuggestNothing(t *testing.T) {
	t.Parallel()
	seeds := uint64(8)
	if testing.Short() {
		seeds = 2
	}
	proposed := 0
	for seed := range seeds {
		p := newPast(t, 100+seed)
		for range 50 {
			p.occasion(func(ids []string) {
				if a, b := ids[p.r.IntN(3)], ids[p.r.IntN(3)]; p.in[a] != p.in[b] && p.r.IntN(2) == 0 {
					p.move(a, p.in[b])
				} else if p.r.IntN(2) == 0 {
					p.move(b, "")
				}
			})
		}
		if r := p.suggest(Default()); len(r.Suggestions) != 0 {
			t.Errorf("seed %d, %d and %d corrections:\n%s", seed, r.Earlier, r.Later, said(r))
		}
		careless := Default()
		careless.Precision, careless.Support = 0.01, 1
		proposed += len(p.suggest(careless).Suggestions)
	}
	if proposed == 0 {
		t.Error("without the limit nothing is proposed either: this test shows nothing")
	}
}

// Wilson's interval, against figures of the literature: 10 of 100, and the ends.
func TestShare(t *testing.T) {
	for _, c := range []struct {
		right, n  int
		low, high float64
	}{{10, 100, 0.0552, 0.1744}, {0, 10, 0, 0.2775}, {10, 10, 0.7225, 1}, {0, 0, 0, 1}} {
		s := shareOf(c.right, c.n)
		if math.Abs(s.Low-c.low) > 1e-4 || math.Abs(s.High-c.high) > 1e-4 {
			t.Errorf("%d of %d: %+v", c.right, c.n, s)
		}
	}
}
