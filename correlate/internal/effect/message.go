package effect

import (
	"slices"
	"strings"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Speaker composes what is said of one incident at one moment.
type Speaker struct {
	st   *state.State
	inc  *state.Incident
	tr   *tree
	talk state.Talk
	out  []schemas.Effect
}

// Speak returns what is to be said of inc now, and what people have heard then.
func Speak(st *state.State, inc *state.Incident) ([]schemas.Effect, state.Talk) {
	s := &Speaker{st: st, inc: inc, tr: treeOf(inc), talk: inc.Talk.Clone()}
	if inc.Parent != nil {
		s.linked()
		return s.out, s.talk
	}
	if !s.talk.Opened && !worthy(st, inc, s.tr) {
		return nil, s.talk
	}
	s.message()
	s.talk.Looked = s.tr.looked
	if s.talk.Opened {
		s.escalation()
		s.beside()
	}
	s.talk.By, s.talk.Via = "", ""
	return s.out, s.talk
}

// change is one thing that people have not heard.
type change struct {
	kind schemas.EffectKind
	text string
}

// message says everything that changed in one, under the kind of what matters
// most.
func (s *Speaker) message() {
	changes := s.changes()
	to := channels(s.st, s.tr)
	fresh := slices.DeleteFunc(slices.Clone(to), func(name string) bool {
		_, heard := slices.BinarySearch(s.talk.Targets, name)
		return heard
	})
	if len(changes) == 0 {
		if len(fresh) == 0 || s.inc.Over() {
			return
		}
		changes, to = []change{{schemas.EffectOpened, "it now concerns others too"}}, fresh
	}
	may, last := allowed(s.st, &s.talk, changes[0].kind)
	if !may {
		return
	}
	texts := make([]string, len(changes))
	for i, c := range changes {
		texts[i] = c.text
	}
	text := strings.Join(texts, "; ")
	if last {
		text += "; nothing more is said of it but its end, until " + s.talk.Since.Add(int64(s.st.Rules.Messages.Period)).String() + " (messages.per_incident)"
	}
	what := ""
	if s.talk.Said > 0 && s.talk.LastAt == s.st.Now { // another one at this moment is told apart
		what = phrase.Itoa(s.talk.Said)
	}
	s.talk.Opened = true
	s.talk.Count++
	s.talk.Said++
	s.talk.LastAt = s.st.Now
	s.told(fresh)
	e := s.effect(changes[0].kind, what, text)
	e.To.Targets, e.Coalesce = to, "message"
	e.By, e.Via = s.talk.By, s.talk.Via
	s.say(e)
}

// told notes what people know from here on.
func (s *Speaker) told(fresh []string) {
	t, p := &s.talk, &s.inc.Pub
	t.Status, t.Severity, t.SeverityBy, t.Assignee, t.Parent = statusOf(s.inc), s.tr.severity, s.tr.by, p.Assignee, ""
	t.Types = s.tr.types()
	slices.Sort(t.Types)
	t.Targets = append(t.Targets, fresh...)
	slices.Sort(t.Targets)
}

// changes lists what people have not heard, the most important first.
func (s *Speaker) changes() []change {
	t, p, status := &s.talk, &s.inc.Pub, statusOf(s.inc)
	if !t.Opened {
		return []change{{schemas.EffectOpened, "new incident: " + p.Title}}
	}
	var cs []change
	add := func(when bool, kind schemas.EffectKind, text string) {
		if when {
			cs = append(cs, change{kind, text})
		}
	}
	again := over(t.Status) && !over(status) || status == schemas.IncidentOpen && t.Status != status
	add(again, schemas.EffectReopened, "it is active again")
	add(!over(t.Status) && over(status), s.endKind(), s.endText())
	add(t.Parent != "", schemas.EffectUnlinked, "it is no longer part of "+t.Parent)
	add(status == schemas.IncidentMitigated && t.Status != status, schemas.EffectMitigated, "the effect on users has ended")
	add(s.tr.severity != t.Severity || s.tr.by != t.SeverityBy, schemas.EffectSeverity, s.severityText())
	acknowledged := status == schemas.IncidentAcknowledged && t.Status != status
	add(acknowledged || p.Assignee != t.Assignee, schemas.EffectOwner, s.ownerText(acknowledged))
	if fresh := s.newTypes(); len(fresh) > 0 && !over(status) {
		add(true, schemas.EffectAlertType, typesText(fresh))
	}
	return cs
}

func (s *Speaker) endKind() schemas.EffectKind {
	if s.talk.Expired {
		return schemas.EffectExpired
	}
	return schemas.EffectResolved
}

func (s *Speaker) endText() string {
	if s.talk.Expired {
		return "a limit ended it: " + s.inc.Pub.Limited
	}
	return "resolved after " + phrase.Span(max(0, s.inc.Pub.ResolvedAt.Sub(s.inc.Pub.StartedAt)))
}

func (s *Speaker) severityText() string {
	text := "severity is now " + phrase.OrUnknown(string(s.tr.severity))
	if s.talk.Severity != "" {
		text += ", was " + string(s.talk.Severity)
	}
	if s.tr.by != "" {
		text += ", says " + s.tr.by
	}
	return text
}

func (s *Speaker) ownerText(acknowledged bool) string {
	who := s.inc.Pub.Assignee
	switch {
	case acknowledged && who != "":
		return "acknowledged, " + who + " is in charge"
	case acknowledged:
		return "acknowledged"
	case who == "":
		return "nobody is in charge"
	}
	return who + " is in charge"
}

func (s *Speaker) newTypes() []string {
	return slices.DeleteFunc(s.tr.types(), func(name string) bool {
		_, known := slices.BinarySearch(s.talk.Types, name)
		return known
	})
}

func typesText(fresh []string) string {
	const shown = 3
	text := "new kind of alert: "
	if len(fresh) > 1 {
		text = "new kinds of alerts: "
	}
	text += strings.Join(fresh[:min(len(fresh), shown)], ", ")
	if more := len(fresh) - shown; more > 0 {
		text += " and " + phrase.Itoa(int64(more)) + " more"
	}
	return text
}

// linked: what was a main incident is part of another one now.
func (s *Speaker) linked() {
	above := s.inc.Main().Pub.ID
	if !s.talk.Opened || s.talk.Parent == above {
		return
	}
	s.talk.Step, s.talk.StepAt = 0, 0
	if may, _ := allowed(s.st, &s.talk, schemas.EffectLinked); !may {
		return
	}
	s.talk.Parent = above
	s.talk.Count++
	s.talk.Said++
	s.talk.LastAt = s.st.Now
	e := s.effect(schemas.EffectLinked, above, "it is part of "+above+" now: what comes is said there")
	e.To.Targets, e.Coalesce = slices.Clone(s.talk.Targets), "message"
	s.say(e)
}

// effect is one of kind about what.
func (s *Speaker) effect(kind schemas.EffectKind, what, reason string) *schemas.Effect {
	s.talk.Seq++
	return &schemas.Effect{
		ID: schemas.EffectID(s.inc.Pub.ID, kind, what, s.st.Now), IncidentID: s.inc.Pub.ID, Seq: s.talk.Seq,
		Scope: s.inc.Scope.Name, Kind: kind, At: s.st.Now, Reason: reason, Severity: s.tr.severity,
		To: schemas.Audience{Team: s.tr.team(s.st)}, Rules: s.st.Versions.Rules,
	}
}

// say adds e, with the incident as it looks once it is said.
func (s *Speaker) say(e *schemas.Effect) {
	e.Head = head(s.st, s.inc, s.tr, &s.talk)
	s.out = append(s.out, *e)
}
