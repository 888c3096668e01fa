package operator

import (
	"slices"
	"strings"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// setSeverity takes a person's word for how bad inc is. The engine leaves it, and
// says whose it is, until the word is taken back.
func (op *Operator) setSeverity(inc *state.Incident, c *schemas.Command, note string, r *state.SeenSignal) string {
	if c.To == schemas.SeverityAuto {
		if inc.Pub.SeverityBy == "" {
			return "the severity of " + inc.Pub.ID + " is nobody's word"
		}
		inc.Pub.SeverityBy, inc.Pub.Severity = "", state.Severities[inc.Severity]
		op.Timeline(inc, "severity", 0, "severity is that of its alerts again, "+phrase.OrUnknown(string(inc.Pub.Severity))+note, r, c.By)
		return ""
	}
	to := schemas.Severity(c.To)
	if to.Rank() == 0 {
		return "set_severity: " + phrase.OrNone(c.To) + " is not one of critical, major, warning, info, " + schemas.SeverityAuto
	}
	inc.Pub.Severity, inc.Pub.SeverityBy = to, phrase.OrUnknown(c.By)
	op.Timeline(inc, "severity", 0, "severity is "+c.To+", says "+inc.Pub.SeverityBy+note, r, c.By)
	return ""
}

// stepDone notes who did a step of the procedure. That of a related incident
// counts where the named one has none.
func (op *Operator) stepDone(inc *state.Incident, c *schemas.Command, note string, r *state.SeenSignal) string {
	for _, x := range inc.Tree(nil) {
		p := x.Pub.Procedure
		if p == nil || len(p.Steps) == 0 {
			continue
		}
		if c.Step < 1 || c.Step > int64(len(p.Steps)) {
			return "the procedure " + p.Name + " has steps 1 to " + phrase.Itoa(int64(len(p.Steps))) + ", not " + phrase.Itoa(c.Step)
		}
		next := *p // the published one may still be in an Output
		next.Steps = slices.Clone(p.Steps)
		s := &next.Steps[c.Step-1]
		if s.DoneBy != "" {
			return "step " + phrase.Itoa(c.Step) + " was done by " + s.DoneBy + " already"
		}
		s.DoneBy, s.DoneAt = phrase.OrUnknown(c.By), op.Now
		x.Pub.Procedure = &next
		op.Timeline(inc, "step", 0, s.DoneBy+" did step "+phrase.Itoa(c.Step)+" of "+p.Name+": "+s.Text+note, r, c.By)
		if x != inc {
			op.EmitNow(x)
		}
		return ""
	}
	return "incident " + inc.Pub.ID + " has no procedure with steps"
}

// answerChange notes what a team that was asked to stop a change answered.
func (op *Operator) answerChange(inc *state.Incident, c *schemas.Command, note string, r *state.SeenSignal) string {
	if !slices.Contains(schemas.Answers, c.To) {
		return "answer_change: " + phrase.OrNone(c.To) + " is not one of " + strings.Join(schemas.Answers, ", ")
	}
	found := false
	for _, x := range inc.Main().Tree(nil) {
		i := slices.IndexFunc(x.Pub.Notices, func(n schemas.Notice) bool { return n.SignalID == c.SignalID })
		if i < 0 {
			continue
		}
		found = true
		x.Pub.Notices = slices.Clone(x.Pub.Notices) // the published ones may still be in an Output
		n := &x.Pub.Notices[i]
		n.Answer, n.By, n.AnswerAt = c.To, phrase.OrUnknown(c.By), op.Now
		x.Regroup()
		op.Timeline(x, "answer", 0, phrase.OrUnknown(n.Team)+" was asked to stop it and answers: "+strings.ReplaceAll(c.To, "_", " ")+note, r, c.By)
		op.EmitNow(x)
	}
	if !found {
		return "answer_change: nobody was asked to stop " + phrase.OrNone(c.SignalID) + " because of " + inc.Pub.ID
	}
	return ""
}
