package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// afterJoin looks at what a signal that just joined inc tells about others.
func (e *Engine) afterJoin(inc *incident, sub *subject, q *query, p *placement) {
	if p.second.inc != nil && !p.second.inc.closed {
		e.consider(inc, p.second, sub.service)
	}
	if best := e.relative(inc, q); best.inc != nil {
		e.consider(inc, best, sub.service)
	}
}

// linksCap bounds the links an incident lists.
const linksCap = 50

// consider links inc and the second incident a signal fits, or says why not.
// service is where the signal or change that shows it is.
func (e *Engine) consider(inc *incident, second scored, service string) {
	a, b := inc.main(), second.inc.main()
	if a == b {
		return
	}
	older, younger := a, b
	if younger.seq < older.seq {
		older, younger = younger, older
	}
	if why := e.refusal(older, younger); why != "" {
		e.refuseLink(older, younger, &second, why, service)
		return
	}
	e.link(older, younger, second, service, "")
}

// refusal says why two incidents must not be linked: over-merging is worse
// than showing two.
func (e *Engine) refusal(older, younger *incident) string {
	cfg := &e.set.Correlation
	if older.sc.facts.unlinked(older, younger) {
		return "an operator separated them"
	}
	if older.separate || younger.separate {
		return "a rule keeps one of them separate"
	}
	if n := len(older.tree(nil)) + len(younger.tree(nil)); n > cfg.MaxChildren+1 {
		return "together they would be " + itoa(int64(n)) + " incidents (correlation.max_children)"
	}
	if gap := younger.pub.DetectedAt.Sub(older.pub.DetectedAt); gap > int64(cfg.MaxDuration) {
		return "the older one began more than " + cfg.MaxDuration.String() + " before (correlation.max_duration)"
	}
	return ""
}

func (e *Engine) refuseLink(older, younger *incident, c *scored, why, service string) {
	for i := range younger.pub.Links {
		if l := &younger.pub.Links[i]; l.IncidentID == older.pub.ID && l.Relation == "refused" {
			return // said before
		}
	}
	e.addLink(younger, older.pub.ID, "refused", c, why, service, "")
	e.changed(younger)
}

// link makes younger a child of older.
func (e *Engine) link(older, younger *incident, c scored, service, by string) {
	older, younger = older.main(), younger.main()
	if older == younger {
		return
	}
	younger.parent = older
	older.children = append(older.children, younger)
	reason := linkReason(&c, service, by)
	e.addLink(younger, older.pub.ID, "child_of", &c, reason, service, by)
	e.addLink(older, younger.pub.ID, "parent_of", &c, reason, service, by)
	e.timeline(younger, "linked", 0, "became part of "+older.pub.ID+": "+reason, nil, by)
	e.timeline(older, "linked", 0, "incident "+younger.pub.ID+" is part of this one: "+reason, nil, by)
	e.urge(older)
	for _, inc := range younger.tree(nil) {
		e.urge(inc)
	}
	if !younger.over() {
		e.reopen(older, "a related incident, "+younger.pub.ID+", is active")
	}
}

func linkReason(c *scored, service, by string) string {
	if by != "" {
		return by + " linked them"
	}
	var p prose
	for i := range c.evidence {
		ev := &c.evidence[i]
		if ev.kind.supportOnly() {
			continue
		}
		if len(p.b) > 0 {
			p.say("; ")
		}
		ev.tell(&p, service)
	}
	if len(p.b) == 0 {
		return "related"
	}
	return p.String()
}

// unlink makes child stand alone again.
func (e *Engine) unlink(child *incident, reason, by string) {
	parent := child.parent
	if parent == nil {
		return
	}
	child.parent = nil
	parent.children = slices.DeleteFunc(parent.children, func(c *incident) bool { return c == child })
	e.addLink(child, parent.pub.ID, "undone", nil, reason, "", by)
	e.addLink(parent, child.pub.ID, "undone", nil, reason, "", by)
	e.timeline(child, "unlinked", 0, "no longer part of "+parent.pub.ID+": "+reason, nil, by)
	e.timeline(parent, "unlinked", 0, child.pub.ID+" is no longer part of this one: "+reason, nil, by)
	e.urge(parent)
	for _, inc := range child.tree(nil) {
		e.urge(inc)
	}
	e.scheduleResolve(parent)
	if child.over() && child.closeAt == 0 {
		e.scheduleClose(child)
	}
}

// addLink notes a link; the oldest refused ones give way when there are many.
func (e *Engine) addLink(inc *incident, other, relation string, c *scored, reason, service, by string) {
	l := schemas.Link{IncidentID: other, Relation: relation, Reason: reason, At: e.now, By: by,
		Threshold: e.set.Correlation.Parent}
	if c != nil {
		l.Score = c.score
		l.Evidence = evidenceOf(c.evidence, service)
	}
	links := slices.Clone(inc.pub.Links) // the published one may still be in an Output
	if len(links) >= linksCap {
		i := slices.IndexFunc(links, func(l schemas.Link) bool { return l.Relation == "refused" || l.Relation == "undone" })
		links = slices.Delete(links, max(i, 0), max(i, 0)+1)
	}
	links = append(links, l)
	inc.pub.Links = links
}
