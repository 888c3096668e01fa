package lifecycle

import (
	"strings"

	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// SetProcedure gives inc the procedure for s. One that is configured comes
// before the runbook that an alert names, whichever came first, and the runbook
// stands beside it. Of several of a kind the first stays.
func (lc *Lifecycle) SetProcedure(inc *state.Incident, s *schemas.Signal) {
	old := inc.Pub.Procedure
	if old != nil && !fromAlert(old) && (s.Runbook == "" || old.AlertRunbook != "") {
		return
	}
	next := schemas.Procedure{AlertRunbook: s.Runbook}
	if old != nil {
		next = *old // the published one may still be in an Output
		if next.AlertRunbook == "" {
			next.AlertRunbook = s.Runbook
		}
	}
	switch p := lc.Rules.ProcedureFor(s); {
	case old != nil && !fromAlert(old):
	case p != nil:
		if fromAlert(&next) {
			next.AlertRunbook = next.Runbook
		}
		runbook := next.AlertRunbook
		next = p.Published()
		next.AlertRunbook = runbook
		inc.Pub.Procedure = &next
		lc.Raise(inc, p.Severity.Rank(), s.Name, nil)
	case old != nil || s.Runbook == "":
		return
	default:
		next.Name, next.Owner, next.Runbook = fromAlertPrefix+s.Name, s.Team, s.Runbook
	}
	inc.Pub.Procedure = &next
	if old != nil {
		lc.EmitSoon(inc)
	}
}

// fromAlertPrefix begins the name of a procedure that is an alert's runbook.
const fromAlertPrefix = "runbook of "

// fromAlert reports whether p is no more than the runbook of an alert. Engines
// before format 4 did not note it beside.
func fromAlert(p *schemas.Procedure) bool {
	return strings.HasPrefix(p.Name, fromAlertPrefix) && (p.AlertRunbook == p.Runbook || p.AlertRunbook == "") && p.Runbook != ""
}
