package impact

import (
	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Of estimates what inc has cost so far: the revenue of its services for
// as long as it lasted, times the share lost by severity, plus the time of the
// people who work on it. A main incident holds the revenue of its children; the
// same people work on all of it.
func Of(st *state.State, inc *state.Incident) schemas.ImpactRange {
	cfg := &st.Rules.Impact
	end := endOf(st, inc)
	ms := max(0, min(end.Sub(inc.Pub.StartedAt), costSpan))
	name := string(state.Severities[inc.Lead().Severity])
	if name == "" {
		name = "unknown"
	}
	out := schemas.ImpactRange{Currency: cfg.Currency, Minutes: minutes(ms)}
	revenue, priced := revenueOf(st, inc, end)
	loss := cfg.Loss[name]
	if len(loss) != 3 {
		loss = []float64{0, 0, 0}
	}
	out.LostRevenue = schemas.Range{Low: money.Cents(revenue * loss[0]), Likely: money.Cents(revenue * loss[1]), High: money.Cents(revenue * loss[2])}
	work := minutes(ms) / 60 * cfg.People[name] * cfg.StaffCostPerHour
	out.Cost = schemas.Range{Low: money.Cents(work * 0.5), Likely: money.Cents(work), High: money.Cents(work * 2)}
	out.Formula = formula(&out, revenue, priced, loss, cfg.People[name], cfg.StaffCostPerHour, name)
	replaceMeasured(inc, &out)
	return out
}

// costSpan bounds for how long an incident is held to have cost anything: what a
// sender dates centuries back must not cost them.
const costSpan = 365 * schemas.Day

func replaceMeasured(inc *state.Incident, out *schemas.ImpactRange) {
	m := inc.Measured
	if m == nil {
		return
	}
	if m.Revenue > 0 {
		out.LostRevenue = schemas.Range{Low: m.Revenue, Likely: m.Revenue, High: m.Revenue}
		out.Measured = true
		out.Formula += "; lost revenue as reported"
	}
	if m.Cost > 0 {
		out.Cost = schemas.Range{Low: m.Cost, Likely: m.Cost, High: m.Cost}
		out.Measured = true
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

// revenueOf is what the services of inc and of the incidents below it earn
// while these last, and how many of them have a price. A service in several of
// them counts once: figures of main incidents can be added up.
func revenueOf(st *state.State, inc *state.Incident, end schemas.Time) (float64, int) {
	total, priced := 0.0, 0
	if !st.Topology.Priced && len(st.Rules.Impact.Services) == 0 {
		return 0, 0
	}
	seen := map[*state.Entity]bool{} // only looked up
	for _, x := range inc.Tree(nil) {
		until := min(end, endOf(st, x))
		for _, p := range x.Services {
			if p.Entity.Key.Kind != state.EntityService || p.Mentioned && len(x.Alerts) > 0 || seen[p.Entity] {
				continue
			}
			seen[p.Entity] = true
			if v, ok := revenue(st, p.Entity, max(p.First, x.Pub.StartedAt, until.Add(-costSpan)), until); ok {
				priced++
				total = float64(total + v)
			}
		}
	}
	return total, priced
}

// revenue is what one service earns from start to end, hour by hour.
func revenue(st *state.State, ent *state.Entity, start, end schemas.Time) (float64, bool) {
	flat := 0.0
	if ent.Node >= 0 {
		flat = st.Topology.Nodes[ent.Node].Service.RevenuePerMinute
	}
	_, byHour := st.Rules.Impact.Services[ent.Key.Name]
	if !byHour {
		return float64(flat * minutes(max(0, end.Sub(start)))), flat > 0
	}
	total := 0.0
	for at := start; at < end; {
		next := min(end, schemas.Time((int64(at)/schemas.Hour+1)*schemas.Hour))
		hour := int((int64(at)/schemas.Hour + 4*24) % (7 * 24)) // the epoch was a Thursday
		v, _ := st.Rules.Impact.PerMinute(ent.Key.Name, hour)
		total = float64(total + float64(v*minutes(next.Sub(at))))
		at = next
	}
	return total, true
}

func formula(r *schemas.ImpactRange, revenue float64, priced int, loss []float64, people, rate float64, severity string) string {
	f := "cost = " + money.Format(r.Minutes) + " min x " + money.Format(people) + " people (" + severity + ") x " + money.Format(rate) + "/h, half to double"
	if priced == 0 {
		return "no revenue known for its services; " + f
	}
	return "lost revenue = " + money.Format(revenue) + " earned by " + phrase.Plural(int64(priced), "service") + " in that time x share lost (" +
		severity + ") " + money.Format(loss[0]) + " / " + money.Format(loss[1]) + " / " + money.Format(loss[2]) + "; " + f
}
