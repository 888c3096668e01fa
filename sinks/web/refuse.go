package web

import (
	"fmt"

	"pinkstar/schemas"
)

// refusedNow says why the engine would refuse cmd as the incident stands in the
// live view, "" when nothing speaks against it. The view is moments behind, so
// the engine judges again; what it refuses then is in the command's decision. A
// command with an Idempotency-Key may be one that was carried out before and is
// sent again: only the engine can tell.
func refusedNow(inc *schemas.Incident, cmd *schemas.Command) string {
	over := inc.Status == schemas.IncidentResolved
	switch cmd.Action {
	case schemas.ActionAcknowledge:
		if inc.Status != schemas.IncidentOpen {
			return fmt.Sprintf("incident %s is %s, not open", inc.ID, inc.Status)
		}
	case schemas.ActionMitigate, schemas.ActionResolve:
		if over {
			return fmt.Sprintf("incident %s is %s already", inc.ID, inc.Status)
		}
	case schemas.ActionReopen:
		if !over {
			return fmt.Sprintf("incident %s is %s, not resolved", inc.ID, inc.Status)
		}
	case schemas.ActionUnlinkParent:
		if cmd.ParentID == "" && inc.ParentID == "" {
			return fmt.Sprintf("incident %s has no parent", inc.ID)
		}
	case schemas.ActionSetSeverity:
		if cmd.To == schemas.SeverityAuto && inc.SeverityBy == "" {
			return fmt.Sprintf("the severity of %s is nobody's word", inc.ID)
		}
	case schemas.ActionStepDone:
		return stepRefused(inc, cmd.Step)
	}
	return ""
}

// stepRefused judges a step of the incident's own procedure; where it has none,
// that of a related one may count.
func stepRefused(inc *schemas.Incident, step int64) string {
	p := inc.Procedure
	switch {
	case p == nil || len(p.Steps) == 0:
		if len(inc.Children) == 0 {
			return fmt.Sprintf("incident %s has no procedure with steps", inc.ID)
		}
	case step > int64(len(p.Steps)):
		return fmt.Sprintf("the procedure %s has steps 1 to %d, not %d", p.Name, len(p.Steps), step)
	case p.Steps[step-1].DoneBy != "":
		return fmt.Sprintf("step %d was done by %s already", step, p.Steps[step-1].DoneBy)
	}
	return ""
}
