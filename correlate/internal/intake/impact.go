package intake

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// OnImpact takes figures that were reported.
func (in *Intake) OnImpact(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	if s.Impact == nil {
		in.Refuse(r, s, "an impact signal without impact")
		return
	}
	inc, w := in.impactTarget(sc, s)
	if inc == nil {
		in.Decide(r, s, state.Placed, nil, w)
		return
	}
	m := inc.Measured
	if m == nil {
		m = &state.Measured{}
		inc.Measured = m
	}
	i := s.Impact
	if i.LostRevenue > 0 {
		m.Revenue = i.LostRevenue
	}
	if i.Cost > 0 {
		m.Cost = i.Cost
	}
	m.Users = max(m.Users, i.Users)
	if i.Currency != "" {
		m.Currency = i.Currency
	}
	text := "impact reported: " + impactText(i)
	in.Timeline(inc, "impact", s.StartsAt, text, r, "")
	in.Count(inc)
	in.EmitNow(inc)
	in.Decide(r, s, state.Placed, inc, w)
}

func (in *Intake) impactTarget(sc *state.Scope, s *schemas.Signal) (*state.Incident, *evidence.Reason) {
	if id := s.Impact.IncidentID; id != "" {
		if inc := sc.Incidents[id]; inc != nil {
			return inc, &evidence.Reason{Text: "figures for " + id}
		}
		return nil, &evidence.Reason{Text: "recorded, changes nothing: incident " + id + " is not open in scope " + sc.Name}
	}
	sub := identity.About(in.State, sc, s)
	defer identity.Release(sc, &sub)
	in.Weigher.MatchNoRules()
	q := in.Weigher.Query(sc, s, &sub)
	p := in.Choose(q, s)
	if p.Incident == nil {
		p.Reason.Text = "recorded, changes nothing: no open incident fits its service and time"
	}
	return p.Incident, p.Reason
}

func impactText(i *schemas.Impact) string {
	text := ""
	add := func(s string) {
		if text != "" {
			text += ", "
		}
		text += s
	}
	if i.LostRevenue > 0 {
		add(money.Format(i.LostRevenue) + " " + i.Currency + " of revenue lost")
	}
	if i.Cost > 0 {
		add(money.Format(i.Cost) + " " + i.Currency + " of cost")
	}
	if i.Users > 0 {
		add(phrase.Itoa(i.Users) + " people affected")
	}
	if i.Note != "" {
		add(i.Note)
	}
	return text
}
