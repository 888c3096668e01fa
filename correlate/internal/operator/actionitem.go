package operator

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// onItem carries out an order about an action of a post-mortem. Those that are open
// are held; one that has ended is told for the last time and forgotten.
func (op *Operator) onItem(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	c := s.Command
	if c.Action == schemas.ActionAddItem {
		op.addItem(sc, s, r)
		return
	}
	i := slices.IndexFunc(sc.Actions, func(a *schemas.ActionItem) bool { return a.ID == c.ActionID })
	if i < 0 {
		op.Refuse(r, s, "action "+phrase.OrNone(c.ActionID)+" is not open in scope "+sc.Name+": it is done or dropped, or never was")
		return
	}
	a := sc.Actions[i]
	sc.Actions = slices.Delete(sc.Actions, i, i+1)
	a.Status = schemas.ActionDone
	if c.Action == schemas.ActionDropItem {
		a.Status = schemas.ActionDropped
	}
	a.EndedAt, a.EndedBy, a.Note = op.Now, c.By, c.Note
	op.tellItem(sc, a, r, string(a.Status), c.By)
	op.Decide(r, s, state.Placed, sc.Incidents[a.IncidentID], &evidence.Reason{Text: "action " + a.ID + " " + string(a.Status) + ", says " + phrase.OrNone(c.By) + noteText(c.Note)})
}

func (op *Operator) addItem(sc *state.Scope, s *schemas.Signal, r *state.SeenSignal) {
	c := s.Command
	switch {
	case c.Note == "":
		op.Refuse(r, s, "an action needs \"note\": what is to be done")
		return
	case len(sc.Actions) >= op.Rules.Limits.ActionsHeld():
		op.Stats.Limited++
		op.Refuse(r, s, "limits.actions: "+phrase.Itoa(int64(len(sc.Actions)))+" actions are open already")
		return
	}
	a := &schemas.ActionItem{ID: schemas.ActionItemID(sc.Name, r.ID), Scope: sc.Name, What: c.Note, Owner: c.To, DueAt: c.DueAt, Status: schemas.ActionOpen,
		IncidentID: c.IncidentID, ProblemID: c.ProblemID, CreatedAt: op.Now, CreatedBy: c.By}
	sc.Actions = append(sc.Actions, a)
	op.tellItem(sc, a, r, "to be done", c.By)
	op.Decide(r, s, state.Placed, sc.Incidents[a.IncidentID], &evidence.Reason{Text: "action " + a.ID + " added by " + phrase.OrNone(c.By)})
}

// tellItem writes an action, and a line in the story of its incident while that is
// here.
func (op *Operator) tellItem(sc *state.Scope, a *schemas.ActionItem, r *state.SeenSignal, how, by string) {
	a.Revision++
	a.UpdatedAt = op.Now
	op.EmitAction(a)
	inc := sc.Incidents[a.IncidentID]
	if inc == nil {
		return
	}
	text := "action " + a.ID + " " + how + ": " + a.What
	if a.Owner != "" {
		text += " (" + a.Owner + ")"
	}
	op.Timeline(inc, "action", 0, text, r, by)
	op.EmitNow(inc)
}
