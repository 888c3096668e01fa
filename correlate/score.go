package correlate

import (
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// scored is one candidate and what speaks for it.
type scored struct {
	inc      *incident
	score    int64
	evidence []evidence
	anchor   schemas.ID
	decisive bool // a rule's, an operator's or a key's word: no weighing
	ruled    bool
}

// tie is the strongest connection between a signal and one place of an
// incident, with its time.
type tie struct {
	ev     evidence
	gap    int64 // to the nearest end of what happened at place
	onset  int64 // to the first that happened there
	total  int64
	place  *place
	across bool // from one service to another
}

// score weighs inc for the signal of q. Points are thousandths of a natural
// log-odds; only evidence that can link (not time, not text) makes a score at
// all.
func (e *Engine) score(q *query, inc *incident) scored {
	w := &e.set.Correlation.Weights
	res := scored{inc: inc}
	start := len(e.scratch.evidence) // the candidates of one signal share the memory
	add := func(ev evidence) {
		e.scratch.evidence = append(e.scratch.evidence, ev)
		res.evidence = e.scratch.evidence[start:]
		res.score += ev.points
	}
	if q.sc.facts.together(q) == inc {
		add(evidence{kind: evOperator, points: w.MentionKey, other: inc.pub.ID})
		res.decisive = true
	}
	e.scoreRules(q, inc, &res, add)
	linked := len(res.evidence) > 0

	t := e.strongestTie(q, inc)
	if t.place != nil {
		linked = true
		res.anchor = t.place.lastID
		add(t.ev)
		e.scoreTime(&t, add)
		e.scoreSupport(q, inc, &t, add)
	}
	linked = e.scoreMentions(q, inc, &res, add, t.place != nil) || linked
	if q.last == inc && inc != nil {
		if q.refire {
			add(evidence{kind: evRefire, points: w.Refire, other: q.name})
		} else {
			linked = true
			add(evidence{kind: evSameAlert, points: w.SameAlert, other: q.name})
		}
	}
	if t.place == nil && !linked && e.stormy(q, inc) {
		linked = true
		gap := e.gapTo(q, inc, inc.pub.StartedAt, inc.lastStart)
		add(evidence{kind: evStorm, points: w.Storm})
		add(evidence{kind: evTime, points: e.pointsAt(e.set.Correlation.TimeAcross, gap), gap: gap})
	}
	linked = e.scoreLearnt(q, inc, add, t.place != nil) || linked
	if linked && inc.names[q.name] > 0 {
		add(evidence{kind: evTemplate, points: w.Template, other: q.name})
	}
	if linked && !res.decisive {
		e.scorePace(q, inc, t.across || t.place == nil, add)
	}
	if !linked {
		res.score = 0
	}
	if res.anchor.IsZero() {
		res.anchor = inc.lastID
	}
	res.evidence = slices.Clip(res.evidence)
	return res
}

func (e *Engine) scoreRules(q *query, inc *incident, res *scored, add func(evidence)) {
	for i := range q.groups {
		m := &q.groups[i]
		if m.g == nil || m.g.inc != inc || int(m.g.count)+1 < m.rule.Threshold {
			continue
		}
		if gap := spanBetween(q.start, m.g.first, m.g.last); gap > int64(m.rule.Window) {
			continue
		}
		add(evidence{kind: evRule, points: e.set.Correlation.Weights.Rule, other: m.rule.Name, n: m.g.count})
		res.ruled = true
	}
}

// strongestTie finds the place of inc that explains the signal best: its own
// service, one it calls or is called by, its host.
func (e *Engine) strongestTie(q *query, inc *incident) tie {
	c := &e.set.Correlation
	w := &c.Weights
	best := tie{}
	across := func(p *place, ev evidence) {
		t := tie{ev: ev, gap: e.gapTo(q, inc, p.first, p.last), onset: e.gapTo(q, inc, p.first, p.first), place: p, across: true}
		t.total = ev.points + e.pointsAt(c.TimeAcross, t.gap) + e.pointsAt(c.Onset, t.onset)
		if best.place == nil || t.total > best.total {
			best = t
		}
	}
	consider := func(p *place, ev evidence) {
		t := tie{ev: ev, gap: e.gapTo(q, inc, p.first, p.last), place: p}
		t.total = ev.points + e.pointsAt(c.Time, t.gap)
		if best.place == nil || t.total > best.total {
			best = t
		}
	}
	ent := q.sub.ent
	if ent != nil {
		if p := inc.places[ent]; p != nil {
			consider(p, e.sameEntity(ent, p))
		} else if ent.node >= 0 {
			e.topologyTies(q, inc, ent.node, across)
		}
		if ent.node >= 0 {
			e.machineTies(q, inc, ent.node, across)
		}
	}
	if h := q.sub.hostEnt; h != nil && h != ent {
		if p := inc.places[h]; p != nil {
			if p.primary {
				across(p, evidence{kind: evHostOf, points: w.HostOfService, other: h.key.name})
			} else {
				across(p, evidence{kind: evSameHost, points: w.SameHost, other: h.key.name})
			}
		}
	}
	for _, n := range q.sub.possible {
		if x := q.sc.nodes[n]; x != nil {
			if p := inc.places[x]; p != nil {
				across(p, evidence{kind: evHostOf, points: w.HostOfService, other: x.key.name})
			}
		}
	}
	return best
}

// machineTies: the incident is about a machine that the service runs on.
func (e *Engine) machineTies(q *query, inc *incident, x int32, across func(*place, evidence)) {
	for _, name := range e.topo.nodes[x].machines {
		h := q.sc.entities[entityHost][name]
		if h == nil {
			continue
		}
		if p := inc.places[h]; p != nil && p.primary {
			across(p, evidence{kind: evHostOf, points: e.set.Correlation.Weights.HostOfService, other: name})
		}
	}
}

func (e *Engine) sameEntity(ent *entity, p *place) evidence {
	w := &e.set.Correlation.Weights
	switch {
	case p.mentioned:
		return evidence{kind: evMention, points: w.Mention, other: ent.key.name}
	case ent.key.kind == entityInstance:
		return evidence{kind: evSameInstance, points: w.SameService, other: ent.key.name}
	case ent.key.kind == entityHost:
		return evidence{kind: evSameHost, points: w.SameService, other: ent.key.name}
	}
	return evidence{kind: evSameService, points: w.SameService, other: ent.key.name}
}

func (e *Engine) topologyTies(q *query, inc *incident, x int32, consider func(*place, evidence)) {
	v := e.topo.near(x)
	if len(v.order) < len(inc.services) {
		for _, n := range v.order {
			if y := q.sc.nodes[n]; y != nil {
				if p := inc.places[y]; p != nil {
					consider(p, e.related(q, v.of[n], p))
				}
			}
		}
		return
	}
	for _, p := range inc.services {
		if p.ent.node < 0 || p.ent.node == x {
			continue
		}
		if rel, ok := v.of[p.ent.node]; ok {
			consider(p, e.related(q, rel, p))
		}
	}
}

// related gives the points of a topology relation. Effects move from callee to
// caller: in that order it speaks for a link, against it less.
func (e *Engine) related(q *query, rel relation, p *place) evidence {
	c := &e.set.Correlation
	w := &c.Weights
	hop := [...]int64{0, w.DependsOn1, w.DependsOn2, w.DependsOn3}
	ev := evidence{kind: evSharedCaller, points: w.SharedCaller, other: p.ent.key.name}
	if rel.shared {
		ev = evidence{kind: evShared, points: w.SharedCallee, other: p.ent.key.name}
	}
	if rel.up > 0 {
		ev = evidence{kind: evDependsOn, points: hop[rel.up], hops: rel.up, other: p.ent.key.name}
		if p.first > q.start.Add(int64(c.OrderSlack)) {
			ev.points += w.WrongOrder
			ev.reversed = true
		}
	}
	if rel.down > 0 {
		d := evidence{kind: evCalledBy, points: hop[rel.down], hops: rel.down, other: p.ent.key.name}
		if q.start > p.first.Add(int64(c.OrderSlack)) {
			d.points += w.WrongOrder
			d.reversed = true
		}
		if rel.up == 0 || d.points > ev.points {
			ev = d
		}
	}
	return ev
}

// scoreSupport adds what may only support a tie.
func (e *Engine) scoreSupport(q *query, inc *incident, t *tie, add func(evidence)) {
	w := &e.set.Correlation.Weights
	if i := q.sub.instEnt; i != nil && i != t.place.ent && inc.at(i) != nil {
		add(evidence{kind: evSameInstance, points: w.SameInstance, other: i.key.name})
	}
	if h := q.sub.hostEnt; h != nil && h != t.place.ent && t.ev.kind != evSameHost && t.ev.kind != evHostOf && inc.at(h) != nil {
		add(evidence{kind: evSameHost, points: w.HostToo, other: h.key.name})
	}
	if len(inc.pub.Candidates) > 0 && q.sub.service != "" && inc.pub.Candidates[0].Service == q.sub.service {
		add(evidence{kind: evChange, points: w.Change, other: inc.pub.Candidates[0].Title})
	}
}

// unrelated reports whether the topology says nothing about what the alert of
// q is about, so that no evidence of structure can exist.
func (e *Engine) unrelated(q *query) bool {
	ent := q.sub.ent
	return q.kind == schemas.KindAlert && ent != nil && len(q.sub.possible) == 0 &&
		(ent.node < 0 || len(e.topo.near(ent.node).order) == 0)
}

// stormy: an alert on something the topology does not know, in the middle of a
// storm. Its place in time is all there is, and a storm is when that tells.
func (e *Engine) stormy(q *query, inc *incident) bool {
	return q.sc.storm == inc && inc.rate.now(e.now, incidentHalfLife) >= stormLevel && e.unrelated(q)
}

// scoreTime adds how close in time the tie is: to the nearest signal there and,
// from one service to another, to the first, since a fault arrives once.
func (e *Engine) scoreTime(t *tie, add func(evidence)) {
	c := &e.set.Correlation
	if !t.across {
		add(evidence{kind: evTime, points: e.pointsAt(c.Time, t.gap), gap: t.gap})
		return
	}
	add(evidence{kind: evTime, points: e.pointsAt(c.TimeAcross, t.gap), gap: t.gap})
	add(evidence{kind: evOnset, points: e.pointsAt(c.Onset, t.onset), gap: t.onset, other: t.place.ent.key.name})
}

// scorePace adds what the incident's size and pace say, against the pace at
// which unrelated ones open.
func (e *Engine) scorePace(q *query, inc *incident, across bool, add func(evidence)) {
	w := &e.set.Correlation.Weights
	p := e.paceWeighed(inc)
	if p.alerts == 0 { // what only people told of so far is as weak as one alert
		add(evidence{kind: evLone, points: w.LoneAcross})
		return
	}
	if q.kind == schemas.KindTicket {
		return // people write minutes later, whatever the pace
	}
	lone, pacePoints, quiet := w.Lone, w.Pace, w.Quiet
	if across {
		lone, pacePoints, quiet = w.LoneAcross, w.PaceAcross, w.QuietAcross
		if p.services > 1 {
			add(evidence{kind: evSpread, points: w.Spread, n: int32(p.services)})
		}
		if n := q.sc.opened.now(e.now, scopeHalfLife); n > 0 {
			add(evidence{kind: evBusy, points: w.Background * doublings(n) / 1000, n: int32(n)})
		}
	}
	if p.alerts == 1 {
		add(evidence{kind: evLone, points: lone})
	}
	if pts := pacePoints * doublings(p.level) / 1000; pts != 0 {
		add(evidence{kind: evPace, points: pts, n: int32(p.level)})
	}
	if p.alerts >= quietFrom && p.level < rateUnit {
		size := log2(int64(p.alerts)) // sixteen alerts count once, four a quarter, sixty-four twice
		halvings := log2(rateUnit) - log2(p.level+rateUnit/100)
		add(evidence{kind: evQuiet, points: quiet * halvings / 1000 * size * size / 16_000_000, n: int32(p.level)})
	}
	if p.active == 0 && p.alerts > 0 {
		add(evidence{kind: evRecovered, points: w.Recovered})
	}
}

// quietFrom is how many alerts an incident needs before its silence tells
// anything; the more it had, the more it tells.
const quietFrom = 4

// pointsAt reads a table, linear between its corners.
func (e *Engine) pointsAt(t []rules.TimePoint, gap int64) int64 {
	if gap <= int64(t[0].Gap) {
		return t[0].Points
	}
	for i := 1; i < len(t); i++ {
		if gap > int64(t[i].Gap) {
			continue
		}
		a, b := t[i-1], t[i]
		return a.Points + (b.Points-a.Points)*(gap-int64(a.Gap))/int64(b.Gap-a.Gap)
	}
	return t[len(t)-1].Points
}

// ticketPatience is how many times slower people write tickets than monitors
// fire.
const ticketPatience = 6

// gapTo is the time between the signal of q and what happened from first to
// last. A ticket comes late by nature, and any time while the incident goes on.
func (e *Engine) gapTo(q *query, inc *incident, first, last schemas.Time) int64 {
	gap := spanBetween(q.start, first, last)
	if q.kind == schemas.KindTicket {
		gap /= ticketPatience
	} else if len(inc.alerts) == 0 && len(inc.tickets) > 0 {
		gap /= ticketPatience
	}
	return gap
}

// spanBetween is the distance from t to the nearer end of an interval.
func spanBetween(t, first, last schemas.Time) int64 {
	switch {
	case t >= last:
		return t.Sub(last)
	case t <= first:
		return first.Sub(t)
	}
	return min(t.Sub(first), last.Sub(t))
}
