package intake

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/impact"
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
	if s.Impact.Figure != "" {
		in.onFigure(sc, s, r)
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

// onFigure takes a business figure: what a service earned or sold in a time. It
// belongs to no incident; the losses of all that touch the service follow from it.
func (in *Intake) onFigure(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	i := s.Impact
	sub := identity.About(in.State, sc, s)
	defer identity.Release(sc, &sub)
	service := sub.Service
	start, end := s.StartsAt, max(s.EndsAt, s.StartsAt.Add(schemas.Minute))
	switch {
	case service == "" || start <= 0:
		in.Refuse(r, s, "a figure must name its service and the time it is of")
		return
	case i.Value < 0 || i.Value > maxFigure || i.Value != i.Value:
		in.Refuse(r, s, "the value of a figure must be from 0 to "+money.Format(maxFigure))
		return
	case end.Sub(start) > schemas.Day || end > in.Now.Add(5*schemas.Minute):
		in.Refuse(r, s, "a figure is of a day at most, and not of the future: tell it when its time is over")
		return
	}
	series := sc.Business.Of(service, i.Figure)
	if series == nil {
		if len(sc.Business.Series) >= in.Rules.Limits.FiguresHeld() {
			in.Stats.Limited++
			in.Refuse(r, s, "limits.figures: "+phrase.Itoa(int64(len(sc.Business.Series)))+" business figures are held already")
			return
		}
		series = sc.Business.Open(in.Strings.Of(service), in.Strings.Of(i.Figure))
	}
	told, due := sc.Business.Add(series, start, end, i.Value, impact.Prices(in.State))
	if due {
		in.ReviseSoon()
	}
	if told.Old {
		in.Decide(r, s, state.Late, nil, &evidence.Reason{Text: "some of it is too old to be held, or to replace what was told before (a minute can be told again for two days, five minutes that begin at a multiple of five for twelve weeks)"})
		return
	}
	in.Decide(r, s, state.Placed, nil, &evidence.Reason{Text: "a figure of " + service + ": what incidents lost is measured by it"})
}

// maxFigure bounds a figure, so that sums stay exact.
const maxFigure = 1e12
