package operator

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// OnCommand carries out an order, or refuses it with the reason.
func (op *Operator) OnCommand(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	c := s.Command
	if c == nil {
		op.Refuse(r, s, "a command signal without command")
		return
	}
	if c.Action == schemas.ActionSolveProblem {
		op.solveProblem(sc, s, r)
		return
	}
	if c.Action == schemas.ActionMove {
		op.move(sc, s, r)
		return
	}
	if slices.Contains(schemas.ItemActions, c.Action) {
		op.onItem(sc, s, r)
		return
	}
	inc := sc.Incidents[c.IncidentID]
	if inc == nil {
		op.Refuse(r, s, "incident "+phrase.OrNone(c.IncidentID)+" is not open in scope "+sc.Name+": it has closed, or never was")
		return
	}
	said := inc.Talk
	op.wordOf(inc, c, s.Source)
	if why := op.carryOut(inc, c, r); why != "" {
		inc.Talk.By, inc.Talk.Via = said.By, said.Via
		op.Refuse(r, s, why)
		return
	}
	op.works(inc, c)
	op.EmitNow(inc)
	op.Count(inc)
	op.Decide(r, s, state.Placed, inc, &evidence.Reason{Text: string(c.Action) + " by " + phrase.OrNone(c.By)})
}

// works notes who works on inc: whoever acts on it, and whoever it is assigned to.
// That somebody says it is over is not work on it.
func (op *Operator) works(inc *state.Incident, c *schemas.Command) {
	switch c.Action {
	case schemas.ActionAcknowledge, schemas.ActionMitigate, schemas.ActionReopen, schemas.ActionNote, schemas.ActionSetSeverity,
		schemas.ActionStepDone, schemas.ActionLinkParent, schemas.ActionUnlinkParent:
		inc.Works(op.Strings.Of(c.By), op.Now)
	case schemas.ActionAssign:
		inc.Works(op.Strings.Of(c.To), op.Now)
	}
}

// wordOf notes whose word the next message about inc passes on, and by which
// system it came: that one knows.
func (op *Operator) wordOf(inc *state.Incident, c *schemas.Command, via string) {
	switch c.Action {
	case schemas.ActionAcknowledge, schemas.ActionAssign, schemas.ActionMitigate, schemas.ActionResolve, schemas.ActionReopen, schemas.ActionSetSeverity:
		inc.Talk.By, inc.Talk.Via = c.By, via
	}
}

// carryOut carries out a command on one incident. It returns why it can't.
func (op *Operator) carryOut(inc *state.Incident, c *schemas.Command, r *state.SeenSignal) string {
	note := ""
	if c.Note != "" {
		note = ": " + c.Note
	}
	switch c.Action {
	case schemas.ActionAcknowledge:
		return op.acknowledge(inc, c, note, r)
	case schemas.ActionAssign:
		if c.To == "" {
			return "assign needs \"to\""
		}
		inc.Pub.Assignee = c.To
		op.Timeline(inc, "assigned", 0, "assigned to "+c.To+note, r, c.By)
	case schemas.ActionMitigate:
		if inc.Over() {
			return "incident " + inc.Pub.ID + " is " + string(inc.Pub.Status) + " already"
		}
		inc.Pub.Status = schemas.IncidentMitigated
		inc.Pub.MitigatedAt = op.Now
		op.Timeline(inc, "mitigated", 0, "mitigated: the effect on users has ended"+note, r, c.By)
	case schemas.ActionResolve:
		if inc.Over() {
			return "incident " + inc.Pub.ID + " is " + string(inc.Pub.Status) + " already"
		}
		inc.ResolvedBy = true
		op.Resolve(inc, op.Now, "resolved by "+phrase.OrNone(c.By)+note, c.By)
	case schemas.ActionReopen:
		if !inc.Over() {
			return "incident " + inc.Pub.ID + " is " + string(inc.Pub.Status) + ", not resolved"
		}
		op.ReopenBy(inc, phrase.OrNone(c.By)+" says so"+note, c.By)
		op.WatchQuiet(inc)
	case schemas.ActionLinkParent:
		return op.linkByHand(inc, c)
	case schemas.ActionUnlinkParent:
		return op.unlinkByHand(inc, c, note)
	case schemas.ActionDeclareProblem:
		op.declareProblem(inc, c)
	case schemas.ActionNote:
		op.Timeline(inc, "note", 0, c.Note, r, c.By)
	case schemas.ActionSetSeverity:
		return op.setSeverity(inc, c, note, r)
	case schemas.ActionStepDone:
		return op.stepDone(inc, c, note, r)
	case schemas.ActionAnswerChange:
		return op.answerChange(inc, c, note, r)
	default:
		return "action " + string(c.Action) + " is not known"
	}
	return ""
}

func (op *Operator) acknowledge(inc *state.Incident, c *schemas.Command, note string, r *state.SeenSignal) string {
	if inc.Pub.Status != schemas.IncidentOpen {
		return "incident " + inc.Pub.ID + " is " + string(inc.Pub.Status) + ", not open"
	}
	op.Acknowledge(inc, c.By)
	main := inc.Main()
	rest := ""
	switch answers := op.Answered(inc, c.By); {
	case answers:
		op.Acknowledge(main, c.By)
		main.Talk.By, main.Talk.Via = inc.Talk.By, inc.Talk.Via
		op.Timeline(main, "acknowledged", 0, "acknowledged by "+phrase.OrNone(c.By)+" on "+inc.Pub.ID+", which is part of it: nobody else is called"+note, r, c.By)
		op.EmitNow(main)
	case op.Calls(main) && main != inc:
		rest = "; " + main.Pub.ID + ", of which it is part, still calls people: acknowledge that one"
		op.Timeline(main, "note", 0, inc.Pub.ID+", a part of it, was acknowledged by "+phrase.OrNone(c.By)+", who was not called for this one: the escalation goes on", r, c.By)
		op.EmitNow(main)
	}
	op.Timeline(inc, "acknowledged", 0, "acknowledged by "+phrase.OrNone(c.By)+rest+note, r, c.By)
	return ""
}

func (op *Operator) linkByHand(inc *state.Incident, c *schemas.Command) string {
	parent := inc.Scope.Incidents[c.ParentID]
	switch {
	case parent == nil:
		return "parent incident " + phrase.OrNone(c.ParentID) + " is not open in scope " + inc.Scope.Name
	case parent.Main() == inc:
		return "incident " + c.ParentID + " is itself part of " + inc.Pub.ID
	case parent.Main() == inc.Main():
		return "incident " + inc.Pub.ID + " is part of " + parent.Main().Pub.ID + " already"
	}
	if inc.Parent != nil { // only inc is meant, not everything it was part of
		op.Unlink(inc, "belongs to "+parent.Pub.ID+", says "+phrase.OrNone(c.By), c.By)
	}
	inc.Scope.Corrections.Relink(inc, parent)
	ev := []evidence.Item{{Kind: evidence.Operator, Points: op.Rules.Correlation.Weights.MentionKey, Other: parent.Pub.ID, Extra: inc.Pub.ID}}
	by := c.By
	if by == "" {
		by = "operator"
	}
	op.Link(parent, inc, scoring.Scored{Incident: parent, Score: ev[0].Points, Items: ev, Decisive: true}, "", by)
	return ""
}
