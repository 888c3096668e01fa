package lifecycle

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/scoring"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// AfterJoin looks at what a signal that just joined inc tells about others.
func (lc *Lifecycle) AfterJoin(inc *state.Incident, sub *identity.Subject, q *scoring.Query, p *scoring.Placement) {
	if p.Second.Incident != nil && !p.Second.Incident.Closed {
		lc.consider(inc, p.Second, sub.Service)
	}
	if best := lc.Weigher.Relative(inc, q); best.Incident != nil {
		lc.consider(inc, best, sub.Service)
	}
}

// linksCap bounds the links an incident lists besides those to its parent,
// childLinksCap those to its children: what links them is told once, by the child
// and in the timeline of both.
const (
	linksCap      = 20
	childLinksCap = 10
)

// consider links inc and the second incident a signal fits, or says why not.
// service is where the signal or change that shows it is.
func (lc *Lifecycle) consider(inc *state.Incident, second scoring.Scored, service string) {
	a, b := inc.Main(), second.Incident.Main()
	if a == b {
		return
	}
	older, younger := a, b
	if younger.Seq < older.Seq {
		older, younger = younger, older
	}
	if why := lc.refusal(older, younger); why != "" {
		lc.refuseLink(older, younger, &second, why, service)
		return
	}
	lc.Link(older, younger, second, service, "")
}

// refusal says why two incidents must not be linked: over-merging is worse
// than showing two.
func (lc *Lifecycle) refusal(older, younger *state.Incident) string {
	cfg := &lc.Rules.Correlation
	if older.Scope.Corrections.AreUnlinked(older, younger) {
		return "an operator separated them"
	}
	if older.Separate || younger.Separate {
		return "a rule keeps one of them separate"
	}
	if n := older.TreeSize() + younger.TreeSize(); n > cfg.MaxChildren+1 {
		return "together they would be " + phrase.Itoa(int64(n)) + " incidents (correlation.max_children)"
	}
	if gap := younger.Pub.DetectedAt.Sub(older.Pub.DetectedAt); gap > int64(cfg.MaxDuration) {
		return "the older one began more than " + cfg.MaxDuration.String() + " before (correlation.max_duration)"
	}
	return ""
}

func (lc *Lifecycle) refuseLink(older, younger *state.Incident, c *scoring.Scored, why, service string) {
	for i := range younger.Pub.Links {
		if l := &younger.Pub.Links[i]; l.IncidentID == older.Pub.ID && l.Relation == "refused" {
			return // said before
		}
	}
	lc.addLink(younger, older.Pub.ID, "refused", c, why, service, "")
	lc.EmitSoon(younger)
}

// Link makes younger a child of older.
func (lc *Lifecycle) Link(older, younger *state.Incident, c scoring.Scored, service, by string) {
	older, younger = older.Main(), younger.Main()
	if older == younger {
		return
	}
	whole := older.Lead().Severity
	worse := younger.Lead().Severity > whole
	joined := older.Adopt(younger, lc.Now)
	reason := linkReason(&c, service, by)
	lc.addLink(younger, older.Pub.ID, childOf, &c, reason, service, by)
	lc.addLink(older, younger.Pub.ID, parentOf, &c, reason, service, by)
	lc.Timeline(younger, "linked", 0, "became part of "+older.Pub.ID+": "+reason, nil, by)
	lc.Timeline(older, "linked", 0, "incident "+younger.Pub.ID+" is part of this one: "+reason, nil, by)
	for _, inc := range joined {
		lc.EmitNow(inc)
	}
	if worse {
		lc.Timeline(older, "severity", 0, "severity is now "+string(state.Severities[older.Lead().Severity])+" because of "+older.Lead().Worst+" in "+older.Lead().Pub.ID, nil, by)
		lc.EmitNow(older)
	}
	if !younger.Over() {
		lc.Reopen(older, "a related incident, "+younger.Pub.ID+", is active")
	}
}

func linkReason(c *scoring.Scored, service, by string) string {
	if by != "" {
		return by + " linked them"
	}
	var p phrase.Builder
	for i := range c.Items {
		ev := &c.Items[i]
		if ev.Kind.SupportOnly() {
			continue
		}
		if len(p.B) > 0 {
			p.Say("; ")
		}
		ev.Render(&p, service)
	}
	if len(p.B) == 0 {
		return "related"
	}
	return p.String()
}

// Unlink makes child stand alone again.
func (lc *Lifecycle) Unlink(child *state.Incident, reason, by string) {
	parent := child.Parent
	if parent == nil {
		return
	}
	left := child.Leave(lc.Now)
	lc.addLink(child, parent.Pub.ID, "undone", nil, reason, "", by)
	lc.addLink(parent, child.Pub.ID, "undone", nil, reason, "", by)
	lc.Timeline(child, "unlinked", 0, "no longer part of "+parent.Pub.ID+": "+reason, nil, by)
	lc.Timeline(parent, "unlinked", 0, child.Pub.ID+" is no longer part of this one: "+reason, nil, by)
	lc.EmitNow(parent)
	for _, inc := range left {
		lc.EmitNow(inc)
	}
	lc.ScheduleResolve(parent)
	if child.Over() && child.CloseAt == 0 {
		lc.scheduleClose(child)
	}
}

// addLink notes a link; the oldest give way when there are many.
func (lc *Lifecycle) addLink(inc *state.Incident, other, relation string, c *scoring.Scored, reason, service, by string) {
	l := schemas.Link{IncidentID: other, Relation: relation, Reason: reason, At: lc.Now, By: by,
		Threshold: lc.Rules.Correlation.Parent}
	if c != nil {
		l.Score = c.Score
		l.Evidence = evidence.Written(c.Items, service)
	}
	links := slices.Clone(inc.Pub.Links) // the published one may still be in an Output
	if relation == parentOf {
		l.Evidence = nil // it stands with the child
		links = dropOldest(links, childLinksCap, func(l *schemas.Link) bool { return l.Relation == parentOf })
	}
	if relation == childOf {
		links = dropOldest(links, childLinksCap, func(l *schemas.Link) bool { return l.Relation == childOf })
	}
	links = dropOldest(links, linksCap, func(l *schemas.Link) bool { return l.Relation != childOf })
	inc.Pub.LinksOmitted += int64(len(inc.Pub.Links) - len(links))
	links = append(links, l)
	inc.Pub.Links = links
}

const (
	childOf  = "child_of"
	parentOf = "parent_of"
)

// dropOldest makes room for one more among those of a kind.
func dropOldest(links []schemas.Link, room int, kind func(*schemas.Link) bool) []schemas.Link {
	oldest, n := 0, 0
	for i := range links {
		if kind(&links[i]) {
			if n == 0 {
				oldest = i
			}
			n++
		}
	}
	if n < room {
		return links
	}
	return slices.Delete(links, oldest, oldest+1)
}
