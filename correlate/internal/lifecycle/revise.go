package lifecycle

import (
	"pinkstar/correlate/internal/business"
	"pinkstar/correlate/internal/impact"
	"pinkstar/correlate/internal/money"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// revised is for how long after an incident closed its losses are still revised.
const revised = 14 * schemas.Day

// claim brings the account of the main incident of inc up to date. Others that
// share the loss are told anew.
func (lc *Lifecycle) claim(inc *state.Incident) {
	ledger := &inc.Scope.Business
	if len(ledger.Series) == 0 {
		return
	}
	if inc.Parent != nil {
		ledger.Remove(inc.Pub.ID)
	}
	main := inc.Main()
	claims, weight := impact.Claims(lc.State, main)
	if a, changed := ledger.Claim(main.Pub.ID, weight, claims); changed && a != nil {
		a.Final = false
		for _, b := range ledger.Overlapping(a, lc.Rules.Impact.CatchUpTime()) {
			b.Due = true
			lc.ReviseSoon()
		}
	}
}

// keepAccount has the losses of a main incident that leaves revised for a while.
func (lc *Lifecycle) keepAccount(inc *state.Incident, last *schemas.Incident) {
	ledger := &inc.Scope.Business
	a := ledger.Account(inc.Pub.ID)
	if a == nil {
		return
	}
	closed := *last
	a.Closed, a.KeptUntil = &closed, lc.Now.Add(revised)
	lc.retire(ledger)
}

// retire drops the accounts whose time is over, and the oldest where there are too
// many.
func (lc *Lifecycle) retire(ledger *business.Ledger) {
	prices := impact.Prices(lc.State)
	for i := 0; i < len(ledger.Accounts); {
		a := ledger.Accounts[i]
		if a.Closed == nil || a.KeptUntil > lc.Now && len(ledger.Accounts) <= lc.Rules.Limits.AccountsHeld() {
			i++
			continue
		}
		ledger.Retire(a, prices)
	}
}

// ReviseSoon has the losses that figures changed told anew, together.
func (lc *Lifecycle) ReviseSoon() {
	if lc.ReviseAt == 0 {
		lc.ReviseAt = lc.Now.Add(int64(lc.Rules.Lifecycle.FlushCosts))
		lc.SetTimer(lc.ReviseAt, state.ReviseDue, nil, nil)
	}
}

// OnReviseDue tells anew what incidents lost that late figures changed.
func (lc *Lifecycle) OnReviseDue() {
	lc.ReviseAt = 0
	for _, sc := range lc.Order {
		lc.retire(&sc.Business)
		for _, a := range sc.Business.Accounts {
			if !a.Due {
				continue
			}
			a.Due = false
			if inc := sc.Incidents[a.ID]; inc != nil {
				lc.EmitNow(inc)
				continue
			}
			if a.Closed != nil {
				lc.revise(sc, a)
			}
		}
	}
}

// revise tells of a closed incident what it lost, if that is something else now.
func (lc *Lifecycle) revise(sc *state.Scope, a *business.Account) {
	found, ok := sc.Business.Assess(a, impact.Prices(lc.State))
	if !ok || a.Closed.Impact.Basis == schemas.BasisReported {
		return
	}
	before := a.Closed.Impact
	now := before
	impact.Measure(&found, &now)
	a.Final = found.Ended
	if before.Figures != nil && before.LostRevenue == now.LostRevenue && before.Figures.Final == found.Ended {
		return
	}
	inc := *a.Closed
	inc.Impact = now
	inc.Revision++
	inc.UpdatedAt = lc.Now
	inc.TimelineOmitted++ // it stands in the timeline only
	a.Closed = &inc
	lc.out.Timeline = append(lc.out.Timeline, schemas.TimelineEntry{IncidentID: inc.ID, Scope: sc.Name, At: lc.Now, Type: "impact",
		Seq:  inc.TimelineOmitted + int64(len(inc.Timeline)),
		Text: "lost revenue revised: " + amounts(now.LostRevenue, now.Currency) + " by the figures; told before: " + amounts(before.LostRevenue, before.Currency)})
	lc.out.Incidents = append(lc.out.Incidents, inc)
}

func amounts(r schemas.Range, currency string) string {
	return money.Format(r.Likely) + " (" + money.Format(r.Low) + " to " + money.Format(r.High) + ") " + currency
}
