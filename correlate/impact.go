package correlate

import "pinkstar/schemas"

// measured is what impact signals reported for an incident. It replaces the
// model's figures where it is above 0.
type measured struct {
	revenue  float64
	cost     float64
	users    int64
	currency string
}

func (e *Engine) onImpact(sc *scope, s *schemas.Signal, r *record) {
	if s.Impact == nil {
		e.refuse(r, s, "an impact signal without impact")
		return
	}
	inc, w := e.impactTarget(sc, s)
	if inc == nil {
		e.decide(r, s, placed, nil, w)
		return
	}
	m := inc.measured
	if m == nil {
		m = &measured{}
		inc.measured = m
	}
	i := s.Impact
	if i.LostRevenue > 0 {
		m.revenue = i.LostRevenue
	}
	if i.Cost > 0 {
		m.cost = i.Cost
	}
	m.users = max(m.users, i.Users)
	if i.Currency != "" {
		m.currency = i.Currency
	}
	text := "impact reported: " + impactText(i)
	e.timeline(inc, "impact", s.StartsAt, text, r, "")
	e.count(inc)
	e.urge(inc)
	e.decide(r, s, placed, inc, w)
}

func (e *Engine) impactTarget(sc *scope, s *schemas.Signal) (*incident, *why) {
	if id := s.Impact.IncidentID; id != "" {
		if inc := sc.incidents[id]; inc != nil {
			return inc, &why{text: "figures for " + id}
		}
		return nil, &why{text: "recorded, changes nothing: incident " + id + " is not open in scope " + sc.name}
	}
	sub := e.about(sc, s)
	defer sc.release(&sub)
	e.matchNoRules()
	q := e.query(sc, s, &sub)
	p := e.choosePlace(q, s)
	if p.inc == nil {
		p.why.text = "recorded, changes nothing: no open incident fits its service and time"
	}
	return p.inc, p.why
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
		add(money(i.LostRevenue) + " " + i.Currency + " of revenue lost")
	}
	if i.Cost > 0 {
		add(money(i.Cost) + " " + i.Currency + " of cost")
	}
	if i.Users > 0 {
		add(itoa(i.Users) + " people affected")
	}
	if i.Note != "" {
		add(i.Note)
	}
	return text
}

// impactOf estimates what inc has cost so far: the revenue of its services for
// as long as it lasted, times the share lost by severity, plus the time of the
// people who work on it. A main incident holds the revenue of its children; the
// same people work on all of it.
func (e *Engine) impactOf(inc *incident) schemas.ImpactRange {
	cfg := &e.set.Impact
	end := e.endOf(inc)
	ms := max(0, min(end.Sub(inc.pub.StartedAt), costSpan))
	name := string(severities[inc.severity])
	if name == "" {
		name = "unknown"
	}
	out := schemas.ImpactRange{Currency: cfg.Currency, Minutes: minutes(ms)}
	revenue, priced := e.revenueOf(inc, end)
	loss := cfg.Loss[name]
	if len(loss) != 3 {
		loss = []float64{0, 0, 0}
	}
	out.LostRevenue = schemas.Range{Low: cents(revenue * loss[0]), Likely: cents(revenue * loss[1]), High: cents(revenue * loss[2])}
	work := minutes(ms) / 60 * cfg.People[name] * cfg.StaffCostPerHour
	out.Cost = schemas.Range{Low: cents(work * 0.5), Likely: cents(work), High: cents(work * 2)}
	out.Formula = formula(&out, revenue, priced, loss, cfg.People[name], cfg.StaffCostPerHour, name)
	e.replaceMeasured(inc, &out)
	return out
}

// costSpan bounds for how long an incident is held to have cost anything: what a
// sender dates centuries back must not cost them.
const costSpan = 365 * schemas.Day

func (e *Engine) replaceMeasured(inc *incident, out *schemas.ImpactRange) {
	m := inc.measured
	if m == nil {
		return
	}
	if m.revenue > 0 {
		out.LostRevenue = schemas.Range{Low: m.revenue, Likely: m.revenue, High: m.revenue}
		out.Measured = true
		out.Formula += "; lost revenue as reported"
	}
	if m.cost > 0 {
		out.Cost = schemas.Range{Low: m.cost, Likely: m.cost, High: m.cost}
		out.Measured = true
		out.Formula += "; cost as reported"
	}
	if m.currency != "" {
		out.Currency = m.currency
	}
}

func minutes(ms int64) float64 { return float64(ms/600) / 100 }

// endOf is when the disruption by inc ended, or now.
func (e *Engine) endOf(inc *incident) schemas.Time {
	end := e.now
	switch {
	case inc.pub.MitigatedAt != 0 && !inc.over():
		end = inc.pub.MitigatedAt
	case inc.pub.ResolvedAt != 0:
		end = inc.pub.ResolvedAt
		if inc.pub.MitigatedAt != 0 {
			end = min(end, inc.pub.MitigatedAt)
		}
	}
	return end
}

// revenueOf is what the services of inc and of the incidents below it earn
// while these last, and how many of them have a price. A service in several of
// them counts once: figures of main incidents can be added up.
func (e *Engine) revenueOf(inc *incident, end schemas.Time) (float64, int) {
	total, priced := 0.0, 0
	if !e.topo.priced && len(e.set.Impact.Services) == 0 {
		return 0, 0
	}
	seen := map[*entity]bool{} // only looked up
	for _, x := range inc.tree(nil) {
		until := min(end, e.endOf(x))
		for _, p := range x.services {
			if p.ent.key.kind != entityService || p.mentioned && len(x.alerts) > 0 || seen[p.ent] {
				continue
			}
			seen[p.ent] = true
			if v, ok := e.revenue(p.ent, max(p.first, x.pub.StartedAt, until.Add(-costSpan)), until); ok {
				priced++
				total = float64(total + v)
			}
		}
	}
	return total, priced
}

// revenue is what one service earns from start to end, hour by hour.
func (e *Engine) revenue(ent *entity, start, end schemas.Time) (float64, bool) {
	flat := 0.0
	if ent.node >= 0 {
		flat = e.topo.nodes[ent.node].svc.RevenuePerMinute
	}
	_, byHour := e.set.Impact.Services[ent.key.name]
	if !byHour {
		return float64(flat * minutes(max(0, end.Sub(start)))), flat > 0
	}
	total := 0.0
	for at := start; at < end; {
		next := min(end, schemas.Time((int64(at)/schemas.Hour+1)*schemas.Hour))
		hour := int((int64(at)/schemas.Hour + 4*24) % (7 * 24)) // the epoch was a Thursday
		v, _ := e.set.Impact.PerMinute(ent.key.name, hour)
		total = float64(total + float64(v*minutes(next.Sub(at))))
		at = next
	}
	return total, true
}

func formula(r *schemas.ImpactRange, revenue float64, priced int, loss []float64, people, rate float64, severity string) string {
	f := "cost = " + money(r.Minutes) + " min x " + money(people) + " people (" + severity + ") x " + money(rate) + "/h, half to double"
	if priced == 0 {
		return "no revenue known for its services; " + f
	}
	return "lost revenue = " + money(revenue) + " earned by " + plural(int64(priced), "service") + " in that time x share lost (" +
		severity + ") " + money(loss[0]) + " / " + money(loss[1]) + " / " + money(loss[2]) + "; " + f
}
