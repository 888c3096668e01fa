package impact

import (
	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Of estimates what inc has cost so far: lost revenue, the time of the people who
// work on it, and what else was paid. A main incident holds the revenue of its
// children; the same people work on all of it.
//
// Lost revenue is what was reported for inc; or else what business figures show
// (see figures.go); or else the model: the configured revenue of its services for
// as long as it lasted, times the share lost by severity.
func Of(st *state.State, inc *state.Incident) schemas.ImpactRange {
	cfg := &st.Rules.Impact
	end := endOf(st, inc)
	ms := max(0, min(end.Sub(inc.Pub.StartedAt), costSpan))
	name := severityOf(inc)
	out := schemas.ImpactRange{Currency: cfg.Currency, Minutes: minutes(ms), Basis: schemas.BasisModel}
	work := staffOf(st, inc, end, minutes(ms), name, &out)
	if !byFigures(st, inc, &out) {
		byModel(st, inc, end, name, &out)
	}
	out.Formula += "; " + work
	addTickets(inc, &out)
	replaceMeasured(inc, &out)
	return out
}

func severityOf(inc *state.Incident) string {
	if name := string(state.Severities[inc.Lead().Severity]); name != "" {
		return name
	}
	return "unknown"
}

// byModel prices inc by the configured revenue of its services.
func byModel(st *state.State, inc *state.Incident, end schemas.Time, name string, out *schemas.ImpactRange) {
	revenue, priced := revenueOf(st, inc, end)
	if priced == 0 {
		out.Formula = "no revenue known for its services"
		return
	}
	loss := st.Rules.Impact.Loss[name]
	if len(loss) != 3 {
		loss = []float64{0, 0, 0}
	}
	out.LostRevenue = schemas.Range{Low: money.Cents(revenue * loss[0]), Likely: money.Cents(revenue * loss[1]), High: money.Cents(revenue * loss[2])}
	out.Formula = "lost revenue by the configured model = " + money.Format(revenue) + " earned by " + phrase.Plural(int64(priced), "service") +
		" in that time x share lost (" + name + ") " + money.Format(loss[0]) + " / " + money.Format(loss[1]) + " / " + money.Format(loss[2])
}

// staffOf prices the time of people: of those who are known to have acted, from
// their first act to the end; where nobody is, of as many as are configured. It
// returns how that was worked out.
func staffOf(st *state.State, inc *state.Incident, end schemas.Time, lasted float64, name string, out *schemas.ImpactRange) string {
	cfg := &st.Rules.Impact
	model := lasted / 60 * cfg.People[name] * cfg.StaffCostPerHour
	people, worked := respondersOf(inc, end)
	if worked == 0 {
		out.Cost = schemas.Range{Low: money.Cents(model * 0.5), Likely: money.Cents(model), High: money.Cents(model * 2)}
		return "cost = " + money.Format(lasted) + " min x " + money.Format(cfg.People[name]) + " people (" + name + ") x " + money.Format(cfg.StaffCostPerHour) + "/h, half to double"
	}
	work := worked / 60 * cfg.StaffCostPerHour
	out.Cost = schemas.Range{Low: money.Cents(work * 0.5), Likely: money.Cents(work), High: money.Cents(max(work, model) * 2)}
	return "cost = " + money.Format(worked) + " min of " + phrase.Plural(int64(people), "responder") + ", each from the first act to the end, x " +
		money.Format(cfg.StaffCostPerHour) + "/h; half of it to double, of " + money.Format(cfg.People[name]) + " people (" + name + ") if that is more"
}

// respondersOf counts who acted on inc or on what is below it, and their minutes.
func respondersOf(inc *state.Incident, end schemas.Time) (people int, worked float64) {
	since := map[string]schemas.Time{}
	var names []string
	for _, x := range inc.Tree(nil) {
		for _, r := range x.Responders {
			at, ok := since[r.Name]
			if !ok {
				names = append(names, r.Name)
			}
			if !ok || r.Since < at {
				since[r.Name] = r.Since
			}
		}
	}
	ms := int64(0)
	for _, name := range names {
		ms += max(0, end.Sub(since[name]))
	}
	return len(names), minutes(ms)
}

// costSpan bounds for how long an incident is held to have cost anything: what a
// sender dates centuries back must not cost them.
const costSpan = 365 * schemas.Day

// addTickets adds what the tickets of inc, and of what is below it, say was paid.
func addTickets(inc *state.Incident, out *schemas.ImpactRange) {
	paid, tickets, other := 0.0, 0, 0
	for _, x := range inc.Tree(nil) {
		for _, t := range x.Tickets {
			out.Users = max(out.Users, t.Users)
			switch {
			case t.Cost <= 0:
			case t.Currency != "" && t.Currency != out.Currency:
				other++
			default:
				paid, tickets = float64(paid+t.Cost), tickets+1
			}
		}
	}
	if other > 0 {
		out.Formula += "; not counted: " + phrase.Plural(int64(other), "ticket") + " with costs in another currency"
	}
	if tickets == 0 {
		return
	}
	out.DirectCost = money.Cents(paid)
	money.Add(&out.Cost, schemas.Range{Low: paid, Likely: paid, High: paid})
	out.Formula += "; and " + money.Format(paid) + " paid, by " + phrase.Plural(int64(tickets), "ticket")
}

func replaceMeasured(inc *state.Incident, out *schemas.ImpactRange) {
	m := inc.Measured
	if m == nil {
		return
	}
	out.Users = max(out.Users, m.Users)
	if m.Revenue > 0 {
		out.LostRevenue = schemas.Range{Low: m.Revenue, Likely: m.Revenue, High: m.Revenue}
		out.Measured, out.Basis, out.CaughtUp, out.Figures = true, schemas.BasisReported, nil, nil
		out.Formula += "; lost revenue as reported"
	}
	if m.Cost > 0 {
		out.Cost = schemas.Range{Low: m.Cost, Likely: m.Cost, High: m.Cost}
		out.Measured, out.DirectCost = true, 0
		out.Formula += "; cost as reported"
	}
	if m.Currency != "" {
		out.Currency = m.Currency
	}
}

func minutes(ms int64) float64 { return float64(ms/600) / 100 }

// endOf is when the disruption by inc ended, or now.
func endOf(st *state.State, inc *state.Incident) schemas.Time {
	end := st.Now
	switch {
	case inc.Pub.MitigatedAt != 0 && !inc.Over():
		end = inc.Pub.MitigatedAt
	case inc.Pub.ResolvedAt != 0:
		end = inc.Pub.ResolvedAt
		if inc.Pub.MitigatedAt != 0 {
			end = min(end, inc.Pub.MitigatedAt)
		}
	}
	return end
}

// spell is that a service of an incident was disturbed for a time.
type spell struct {
	entity   *state.Entity
	from, to schemas.Time
	lasts    bool
}

// spellsOf are the services of inc and of the incidents below it, with the times
// of each. A service in several of them is there several times.
func spellsOf(st *state.State, inc *state.Incident, end schemas.Time) []spell {
	var out []spell
	for _, x := range inc.Tree(nil) {
		own := endOf(st, x)
		until := min(end, own)
		for _, p := range x.Services {
			if p.Entity.Key.Kind != state.EntityService || p.Mentioned && len(x.Alerts) > 0 {
				continue
			}
			from := max(p.First, x.Pub.StartedAt, until.Add(-costSpan))
			out = append(out, spell{p.Entity, from, until, until == st.Now && !x.Over() && x.Pub.MitigatedAt == 0})
		}
	}
	return out
}

// revenueOf is what the services of inc and of the incidents below it earn
// while these last, and how many of them have a price. A service in several of
// them counts once: figures of main incidents can be added up.
func revenueOf(st *state.State, inc *state.Incident, end schemas.Time) (float64, int) {
	total, priced := 0.0, 0
	if !st.Topology.Priced && len(st.Rules.Impact.Services) == 0 {
		return 0, 0
	}
	seen := map[*state.Entity]bool{} // only looked up
	for _, s := range spellsOf(st, inc, end) {
		if seen[s.entity] {
			continue
		}
		seen[s.entity] = true
		if v, ok := revenue(st, s.entity, s.from, s.to); ok {
			priced++
			total = float64(total + v)
		}
	}
	return total, priced
}

// revenue is what one service earns from start to end, hour by hour. Zones are
// apart by whole quarters of hours.
func revenue(st *state.State, ent *state.Entity, start, end schemas.Time) (float64, bool) {
	flat := 0.0
	if ent.Node >= 0 {
		flat = st.Topology.Nodes[ent.Node].Service.RevenuePerMinute
	}
	_, byHour := st.Rules.Impact.Services[ent.Key.Name]
	if !byHour {
		return float64(flat * minutes(max(0, end.Sub(start)))), flat > 0
	}
	const quarter = 15 * schemas.Minute
	total := 0.0
	for at := start; at < end; {
		next := min(end, schemas.Time((int64(at)/quarter+1)*quarter))
		v, _ := st.Rules.Impact.PerMinute(ent.Key.Name, at)
		total = float64(total + float64(v*minutes(next.Sub(at))))
		at = next
	}
	return total, true
}
