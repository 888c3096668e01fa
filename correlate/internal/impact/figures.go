package impact

import (
	"pinkstar/correlate/internal/business"
	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Prices are what the rules say of business figures.
func Prices(st *state.State) *business.Prices {
	cfg := &st.Rules.Impact
	return &business.Prices{Worth: cfg.Worth, Zone: cfg.Zone, Offset: cfg.Offset(), CatchUp: cfg.CatchUpTime()}
}

// Claims are what a main incident disturbed for which there are figures, and its
// weight against others that disturbed the same: the share of revenue that its
// severity is likely to lose.
func Claims(st *state.State, inc *state.Incident) (claims []business.Claim, weight float64) {
	if loss := st.Rules.Impact.Loss[severityOf(inc)]; len(loss) == 3 {
		weight = loss[1]
	}
	for _, s := range spellsOf(st, inc, endOf(st, inc)) {
		if !inc.Scope.Business.Has(s.entity.Key.Name) {
			continue
		}
		c := business.Claim{Service: s.entity.Key.Name, From: s.from, To: s.to, Lasts: s.lasts}
		if c.Lasts {
			c.To = business.Ever // so that a claim does not change with the clock
		}
		claims = append(claims, c)
	}
	return claims, weight
}

// byFigures prices inc by business figures, where its services have any and enough
// is known of them. What is below a main incident has its part of the main one's.
func byFigures(st *state.State, inc *state.Incident, out *schemas.ImpactRange) bool {
	ledger := &inc.Scope.Business
	if len(ledger.Series) == 0 {
		return false
	}
	a := ledger.Account(inc.Main().Pub.ID)
	if a == nil {
		return false
	}
	if inc.Parent != nil {
		claims, _ := Claims(st, inc)
		if len(claims) == 0 {
			return false
		}
		a = &business.Account{Weight: a.Weight, Claims: claims}
	}
	found, ok := ledger.Assess(a, Prices(st))
	if ok {
		Measure(&found, out)
	}
	return ok
}

// Measure puts what figures show into out, with how it was found.
func Measure(found *business.Assessment, out *schemas.ImpactRange) {
	out.Basis = schemas.BasisFigures
	out.LostRevenue = cents(found.Lost)
	back := cents(found.CaughtUp)
	if out.CaughtUp = &back; back == (schemas.Range{}) {
		out.CaughtUp = nil
	}
	out.Figures = &schemas.FigureBasis{Expected: money.Cents(found.Expected), Actual: money.Cents(found.Actual), Known: int64(found.Known*1000 + 0.5),
		Placebos: int64(found.Placebos), Held: found.Held, Tried: found.Tried, Shared: found.Shared, Final: found.Ended}
	out.Formula = formula(found, out)
}

func cents(r schemas.Range) schemas.Range {
	return schemas.Range{Low: money.Cents(r.Low), Likely: money.Cents(r.Likely), High: money.Cents(r.High)}
}

func formula(found *business.Assessment, out *schemas.ImpactRange) string {
	f := "lost revenue = " + money.Format(out.Figures.Expected) + " expected from the same hours of the weeks before - " + money.Format(out.Figures.Actual) + " that came"
	if found.Shared {
		f += ", its share beside other incidents"
	}
	f += "; 90 % interval from " + phrase.Plural(int64(found.Placebos), "undisturbed window") + " as long"
	if found.Tried > 0 {
		f += " (such intervals held the truth in " + phrase.Itoa(found.Held) + " of " + phrase.Itoa(found.Tried) + " trials)"
	}
	if out.Figures.Known < 1000 {
		f += "; figures are known for " + phrase.Itoa(out.Figures.Known/10) + " % of it, the rest taken to be like them"
	}
	if c := out.CaughtUp; c != nil {
		f += "; in the hours after it " + money.Format(c.Likely) + " (" + money.Format(c.Low) + " to " + money.Format(c.High) + ") more came than expected, not deducted"
	}
	return f
}
