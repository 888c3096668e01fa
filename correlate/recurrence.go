package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// signatureOf lists what fired where, over inc and everything below it.
func signatureOf(inc *incident) []alertType {
	seen := map[alertType]bool{} // only looked up
	var items []alertType
	for _, x := range inc.tree(nil) {
		for _, a := range x.alerts {
			t := alertType{a.name, a.service}
			if !seen[t] && len(seen) < 8*itemsCap {
				seen[t] = true
				items = append(items, t)
			}
		}
	}
	slices.SortFunc(items, compareTypes)
	return items[:min(len(items), itemsCap)]
}

func rootName(inc *incident) string {
	if len(inc.pub.Roots) == 0 {
		return ""
	}
	return inc.pub.Roots[0].Service
}

// checkProblems looks whether a main incident is an occurrence of a known
// problem, as soon as its members show it.
func (e *Engine) checkProblems(inc *incident) {
	ps := &inc.sc.patterns
	if inc.problem != nil || inc.parent != nil || len(ps.list) == 0 {
		return
	}
	if known := len(inc.services) + len(inc.order) + len(inc.children); known == inc.checked {
		return
	} else {
		inc.checked = known
	}
	root := rootName(inc)
	if !slices.ContainsFunc(ps.byRoot[root], (*pattern).flagged) {
		return
	}
	if p := ps.match(root, signatureOf(inc), e.set.Problems.Similarity, true); p != nil {
		e.occurrence(inc, p)
	}
}

// occurrence makes inc one of the incidents of problem p. One that was declared
// solved has returned, and everybody must know.
func (e *Engine) occurrence(inc *incident, p *pattern) {
	inc.problem = p
	inc.pub.ProblemID = p.pub.ID
	p.add(inc.pub.ID, inc.pub.StartedAt)
	text := "an occurrence of the known problem " + p.pub.ID + ", " + p.pub.Title
	if p.again(e.now) {
		text = "PROBLEM RETURNED: " + p.pub.ID + ", " + p.pub.Title + ", was declared solved at " + p.pub.SolvedAt.String() +
			" by " + orNone(p.pub.SolvedBy) + " and is back"
	}
	e.timeline(inc, "problem", 0, text, nil, "")
	e.emitProblem(p)
}

// signIncident counts an incident that leaves, and flags its pattern when it
// recurs.
func (e *Engine) signIncident(inc *incident) {
	if inc.parent != nil {
		return
	}
	alerts := int64(0)
	for _, x := range inc.tree(nil) {
		alerts += x.pub.AlertCount
	}
	inc.pub.Roots = e.roots(inc)
	root, ps := rootName(inc), &inc.sc.patterns
	if inc.problem == nil && (alerts < int64(e.set.Problems.MinSignals) || root == "") {
		return
	}
	ps.note(inc.pub.StartedAt, int64(e.set.Problems.Period))
	p := inc.problem
	if p == nil {
		items := signatureOf(inc)
		if p = ps.match(root, items, e.set.Problems.Similarity, false); p == nil {
			p = e.newPattern(inc.sc, root, items)
		}
	}
	p.add(inc.pub.ID, inc.pub.StartedAt)
	p.charge(e.impactOf(inc))
	if p.flagged() {
		if inc.problem == nil {
			e.occurrence(inc, p)
			return
		}
		e.emitProblem(p)
		return
	}
	e.judge(inc, p)
}

func (e *Engine) newPattern(sc *scope, root string, items []alertType) *pattern {
	ps := &sc.patterns
	if len(ps.list) >= e.set.Limits.Patterns {
		e.stats.Limited++
		i := max(0, slices.IndexFunc(ps.list, func(p *pattern) bool { return !p.flagged() }))
		ps.remove(i)
	}
	p := &pattern{seq: e.nextSeq(), root: root, items: items}
	ps.insert(p)
	return p
}

// judge flags the pattern of inc when it recurs.
func (e *Engine) judge(inc *incident, p *pattern) {
	v := inc.sc.patterns.judge(p, &e.set.Problems, len(e.topo.nodes))
	switch {
	case v.problem:
		e.flag(inc, p, "", v.evidence)
	case v.schedule != "":
		e.timeline(inc, "pattern", 0, "the same pattern came "+itoa(v.times)+" times, "+v.schedule+": taken for a scheduled job, not for a problem", nil, "")
	}
}

func (e *Engine) flag(inc *incident, p *pattern, by string, evidence []schemas.Evidence) {
	owner := ""
	if n := e.topo.exact(p.root); n >= 0 {
		owner = e.topo.nodes[n].svc.Team
	}
	p.flag(flagging{scope: inc.sc.name, owner: owner, rules: e.versions.rules, by: by, now: e.now, evidence: evidence})
	inc.problem = p
	inc.pub.ProblemID = p.pub.ID
	e.timeline(inc, "problem", 0, "recurring: problem "+p.pub.ID+", "+p.pub.Title, nil, by)
	e.emitProblem(p)
}

func (e *Engine) emitProblem(p *pattern) { e.out.Problems = append(e.out.Problems, p.publish(e.now)) }

// declareProblem makes the pattern of inc a problem on an operator's word.
func (e *Engine) declareProblem(inc *incident, c *schemas.Command) {
	if inc.problem != nil {
		e.timeline(inc, "problem", 0, "is problem "+inc.problem.pub.ID+" already", nil, c.By)
		return
	}
	inc.pub.Roots = e.roots(inc)
	root, items := rootName(inc), signatureOf(inc)
	p := inc.sc.patterns.match(root, items, e.set.Problems.Similarity, false)
	if p == nil {
		p = e.newPattern(inc.sc, root, items)
	}
	p.add(inc.pub.ID, inc.pub.StartedAt)
	if p.flagged() {
		e.occurrence(inc, p)
		return
	}
	e.flag(inc, p, c.By, []schemas.Evidence{{Kind: "operator", Detail: "declared by " + orNone(c.By) + noteText(c.Note)}})
}

func noteText(note string) string {
	if note == "" {
		return ""
	}
	return ": " + note
}

func (e *Engine) solveProblem(sc *scope, s *schemas.Signal, r *record) {
	c := s.Command
	i := slices.IndexFunc(sc.patterns.list, func(p *pattern) bool { return p.flagged() && p.pub.ID == c.ProblemID })
	if i < 0 {
		e.refuse(r, s, "problem "+orNone(c.ProblemID)+" is not known in scope "+sc.name)
		return
	}
	p := sc.patterns.list[i]
	p.solve(e.now, c.By)
	e.emitProblem(p)
	e.decide(r, s, placed, nil, &why{text: "problem " + p.pub.ID + " declared solved by " + orNone(c.By) + noteText(c.Note)})
}
