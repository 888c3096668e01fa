package suggest

import (
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// recurring is a past of incidents of one alert each, half of which are of one service.
// acts says on which people did something.
func recurring(t *testing.T, seed uint64, severity schemas.Severity, acts func(p *past, service string) bool) *Report {
	t.Helper()
	p := newPast(t, seed)
	p.severity = severity
	for range 300 {
		service := []string{"batch", "batch", "batch", "web", "cart", "mail"}[p.r.IntN(6)]
		id, end := p.alert("Slow", map[string]string{"service": service})
		if acts(p, service) {
			p.step(schemas.Signal{Kind: schemas.KindCommand, Command: &schemas.Command{Action: schemas.ActionAcknowledge, By: "ona", IncidentID: p.in[id]}})
		}
		p.wait(5*schemas.Minute, 20*schemas.Minute)
		end()
		p.wait(3*schemas.Hour, 9*schemas.Hour)
	}
	return p.suggest(Default())
}

func TestWhatNobodyActsOnIsFound(t *testing.T) {
	t.Parallel()
	onOthers := func(p *past, service string) bool { return service != "batch" && p.r.IntN(3) > 0 }
	r := recurring(t, 1, "warning", onOthers)
	if len(r.Suggestions) != 1 {
		t.Fatalf("looked at %d:\n%s", r.Looked, said(r))
	}
	s := r.Suggestions[0]
	if s.From != FromUntouched || s.Rule.Action != rules.ActionSuppress || len(s.Rule.Match) != 2 || s.Rule.Match[1] != `service="batch"` || s.Precision.Low < 0.9 || s.Recall.Right != s.Precision.Right {
		t.Errorf("%+v\n%s", s, s.Text)
	}
	if _, err := rules.Parse("suggested", []byte("rules:\n"+s.Text)); err != nil {
		t.Errorf("it can't go into the rules file: %v\n%s", err, s.Text)
	}
	for why, r := range map[string]*Report{
		"it is grave":                        recurring(t, 1, "critical", onOthers),
		"nobody acts on anything":            recurring(t, 1, "warning", func(*past, string) bool { return false }),
		"people act on it once in ten times": recurring(t, 1, "warning", func(p *past, service string) bool { return onOthers(p, service) || p.r.IntN(10) == 0 }),
	} {
		if len(r.Suggestions) != 0 {
			t.Errorf("%s:\n%s", why, said(r))
		}
	}
}

// Where people act by chance, nothing is taken for noise.
func TestRandomActsSuppressNothing(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		for _, oneIn := range []int{3, 12} {
			if r := recurring(t, 50+seed, "warning", func(p *past, _ string) bool { return p.r.IntN(oneIn) == 0 }); len(r.Suggestions) != 0 {
				t.Errorf("seed %d, one in %d:\n%s", seed, oneIn, said(r))
			}
		}
	}
}
