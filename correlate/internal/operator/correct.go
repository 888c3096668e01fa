package operator

import (
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// unlinkByHand makes an incident stand alone again. With an incident it is not
// part of, the order says that the two are not related and must stay apart.
func (op *Operator) unlinkByHand(inc *state.Incident, c *schemas.Command, note string) string {
	other := inc.Scope.Incidents[c.ParentID]
	switch {
	case c.ParentID != "" && other == nil:
		return "incident " + c.ParentID + " is not open in scope " + inc.Scope.Name
	case other == inc:
		return "an incident can't be kept apart from itself"
	case other != nil && other.Main() != inc.Main():
		op.KeepApart(inc.Scope, inc, other)
		text := " is not related, says " + phrase.OrNone(c.By) + note
		op.Timeline(inc, "separated", 0, other.Pub.ID+text, nil, c.By)
		op.Timeline(other, "separated", 0, inc.Pub.ID+text, nil, c.By)
		op.EmitNow(other)
		return ""
	case inc.Parent == nil:
		return "incident " + inc.Pub.ID + " has no parent"
	case other != nil && !other.Above(inc):
		return "incident " + inc.Pub.ID + " is not below " + other.Pub.ID
	}
	parent := inc.Parent
	op.Unlink(inc, "separated by "+phrase.OrNone(c.By)+note, c.By)
	op.KeepApart(inc.Scope, inc, parent)
	return ""
}
