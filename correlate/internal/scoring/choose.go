package scoring

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// Placement is the choice for a signal.
type Placement struct {
	Incident  *state.Incident // nil: open one
	Reason    *evidence.Reason
	Items     []evidence.Item // for inc; in memory that the next signal uses again
	Second    Scored          // another incident that an operator or a key names
	NotJoined string          // why none was chosen
	Full      []Full          // incidents that a limit kept it out of; in memory used again
}

// Choose weighs the candidates and picks one, or none.
func (wr *Weigher) Choose(q *Query, s *schemas.Signal) Placement {
	cands := wr.candidates(q)
	w := &wr.scratch.why
	*w = evidence.Reason{Service: q.subject.Service, Threshold: wr.Rules.Correlation.Join, Candidates: int32(len(cands))}
	p := Placement{Reason: w}
	wr.scratch.scored, wr.scratch.full = wr.scratch.scored[:0], wr.scratch.full[:0]
	var options []Option
	for _, inc := range cands {
		sc := wr.score(q, inc)
		if wr.Policy != nil && len(sc.Items) > 0 {
			options = append(options, Option{inc.Pub.ID, sc.Score, sc.terms})
		}
		if sc.Score > 0 || sc.Decisive {
			wr.scratch.scored = append(wr.scratch.scored, sc)
		}
	}
	all := wr.scratch.scored
	slices.SortStableFunc(all, compareScored)
	wr.pick(q, all, &p)
	if wr.Policy != nil {
		wr.byPolicy(q, s, options, &p)
	}
	w.Items = withMissing(p.Items, q.missing)
	return p
}

// withMissing is the evidence of a choice, with the rules that could not say
// anything: name and missing label, in turn.
func withMissing(evs []evidence.Item, missing []string) []evidence.Item {
	if len(missing) > 0 {
		evs = slices.Clip(evs) // what follows it is another candidate's
	}
	for i := 0; i+1 < len(missing); i += 2 {
		evs = append(evs, evidence.Item{Kind: evidence.RuleMissing, Other: missing[i], Extra: missing[i+1]})
	}
	return evs
}

func (wr *Weigher) pick(q *Query, all []Scored, p *Placement) {
	w := p.Reason
	join := wr.Rules.Correlation.Join
	var vetoed *Scored // the best of those that must not be joined
	var objected Objection
	for i := range all {
		c := &all[i]
		if c.Score < join && !c.Decisive {
			break
		}
		if o := wr.objection(q, c); o != noObjection {
			if o.limit() {
				wr.scratch.full = append(wr.scratch.full, Full{c.Incident, o})
				p.Full = wr.scratch.full
			}
			if vetoed == nil {
				vetoed, objected = c, o
			}
			continue
		}
		if p.Incident == nil {
			p.Incident = c.Incident
			w.Score, w.Anchor = c.Score, c.anchor
			p.Items = c.Items
			continue
		}
		if c.Decisive && c.Score >= wr.Rules.Correlation.Parent && p.Second.Incident == nil && c.Incident.Main() != p.Incident.Main() {
			p.Second = *c
			p.Second.Items = slices.Clone(c.Items)
		}
	}
	for i := range all {
		if all[i].Incident != p.Incident {
			w.RunnerUp, w.RunnerScore = all[i].Incident.Pub.ID, all[i].Score
			break
		}
	}
	if p.Incident == nil && vetoed == nil && q.Again != nil {
		p.NotJoined = q.newAgainText()
	}
	if p.Incident != nil || len(all) == 0 {
		return
	}
	w.Score = all[0].Score
	if vetoed != nil { // its own incident, and said so
		p.NotJoined = wr.vetoText(objected, vetoed.Incident)
		w.Text = "opened an incident of its own: " + p.NotJoined
	}
}

func compareScored(a, b Scored) int {
	switch {
	case a.Decisive != b.Decisive:
		if a.Decisive {
			return -1
		}
		return 1
	case a.Score != b.Score:
		if a.Score > b.Score {
			return -1
		}
		return 1
	case a.Incident.Seq != b.Incident.Seq:
		if a.Incident.Seq < b.Incident.Seq {
			return -1
		}
		return 1
	}
	return 0
}

// candidates gathers the incidents to weigh, newest first within each source.
func (wr *Weigher) candidates(q *Query) []*state.Incident {
	c := wr.scratch.candidates[:0]
	limit := wr.Rules.Correlation.Candidates
	stale := int64(wr.Rules.Correlation.Stale)
	add := func(inc *state.Incident) {
		if inc != nil && !inc.Closed && len(c) < limit && !slices.Contains(c, inc) {
			c = append(c, inc)
		}
	}
	addRecent := func(ent *state.Entity) {
		if ent == nil {
			return
		}
		for _, v := range slices.Backward(ent.Recent) {
			if wr.gapTo(q, v, v.LastStart, v.LastStart) <= stale {
				add(v)
			}
		}
	}
	add(q.mustLinkTo())
	for _, g := range q.Groups {
		if g.Group != nil {
			add(g.Group.Incident)
		}
	}
	add(q.Last)
	for i := range q.Mentions {
		add(q.Mentions[i].Incident)
	}
	addRecent(q.subject.Entity)
	addRecent(q.subject.InstanceEntity)
	addRecent(q.subject.HostEntity)
	addRecent(q.subject.NamespaceEntity)
	for _, h := range q.machines {
		addRecent(h)
	}
	for _, n := range q.subject.Possible {
		addRecent(q.scope.Nodes.At(n))
	}
	for i := range q.Mentions {
		addRecent(q.Mentions[i].Entity)
		for _, n := range q.Mentions[i].Like {
			addRecent(q.scope.Nodes.At(n))
		}
	}
	wr.recentOfLearnt(q, addRecent)
	if q.kind == schemas.KindAlert {
		add(q.scope.Storm)
	}
	wr.scratch.candidates = c
	return c
}
