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
	decisive bool // an operator's or a key's word: no weighing
	ruled    bool
	terms    []Term // for the guide
}

// sheet is where the points of one candidate are added up. Points are
// thousandths of a natural log-odds against opening an incident.
type sheet struct {
	e     *Engine
	res   scored
	start int // the candidates of one signal share the engine's memory for evidence
}

func (s *sheet) add(ev evidence) {
	e := s.e
	e.scratch.evidence = append(e.scratch.evidence, ev)
	s.res.evidence = e.scratch.evidence[s.start:]
	s.res.score += ev.points
}

// fixed adds evidence that is there or not.
func (s *sheet) fixed(points *int64, ev evidence) {
	if *points == 0 && s.e.guide == nil {
		return
	}
	s.term(points, 1000)
	ev.points = *points
	s.add(ev)
}

// read adds what a curve says of x. A flat or missing curve says nothing.
func (s *sheet) read(c []rules.Corner, x int64, ev evidence) {
	if ev.points = s.e.pointsAt(c, x); ev.points != 0 {
		s.add(ev)
	}
	s.termsAt(c, x)
}

// score weighs inc for the signal of q. Only evidence that can link (not time,
// not how busy it is) makes a score at all.
func (e *Engine) score(q *query, inc *incident) scored {
	c := &e.set.Correlation
	w := &c.Weights
	s := &sheet{e: e, res: scored{inc: inc}, start: len(e.scratch.evidence)}
	if q.together() == inc {
		s.add(evidence{kind: evOperator, points: w.MentionKey, other: inc.pub.ID})
		s.res.decisive = true
	}
	if m := q.keyOf(inc); m != nil {
		s.add(evidence{kind: evMentionKey, points: w.MentionKey, other: m.text})
		s.res.decisive = true
	}
	e.scoreRules(q, inc, s)
	t := e.strongestTie(q, inc)
	switch {
	case t.place == nil && !t.alone:
		if len(s.res.evidence) == 0 {
			s.res.score = 0
		}
	case s.res.decisive || s.res.ruled:
		if t.total > 0 {
			s.add(t.ev)
		}
	default:
		e.scoreTie(q, inc, &t, s)
	}
	if t.place != nil {
		s.res.anchor = t.place.lastID
	}
	if s.res.anchor.IsZero() {
		s.res.anchor = inc.lastID
	}
	s.res.evidence = slices.Clip(s.res.evidence)
	return s.res
}

func (e *Engine) scoreRules(q *query, inc *incident, s *sheet) {
	for i := range q.groups {
		m := &q.groups[i]
		if m.g == nil || m.g.inc != inc || int(m.g.count)+1 < m.rule.Threshold {
			continue
		}
		if gap := spanBetween(q.start, m.g.first, m.g.last); gap > int64(m.rule.Window) {
			continue
		}
		s.add(evidence{kind: evRule, points: e.set.Correlation.Weights.Rule, other: m.rule.Name, n: m.g.count})
		s.res.ruled = true
	}
}

// scoreTie adds the tie itself, its times, what besides it connects the two,
// and what the incident looks like at the moment.
func (e *Engine) scoreTie(q *query, inc *incident, t *tie, s *sheet) {
	w := &e.set.Correlation.Weights
	c := e.curvesOf(q, inc, t.group)
	for _, p := range t.base {
		if p != nil {
			s.term(p, 1000)
		}
	}
	s.add(t.ev)
	if p := t.place; p != nil {
		s.read(c.Gap, t.gap, evidence{kind: evTime, gap: spanBetween(q.start, p.first, p.last)})
		onset := q.start.Sub(p.first)
		s.read(c.Onset, onset, evidence{kind: evOnset, gap: onset, other: p.ent.key.name})
		if len(inc.alerts) > 0 {
			firing := inc.firingAt(p)
			s.read(c.Firing, int64(firing)*rateUnit, evidence{kind: evFiring, n: firing, other: p.ent.key.name})
		}
	}
	if i := q.sub.instEnt; i != nil && t.place != nil && i != t.place.ent && inc.at(i) != nil {
		s.fixed(&w.InstanceToo, evidence{kind: evSameInstance, other: i.key.name})
	}
	if h := q.sub.hostEnt; h != nil && t.place != nil && h != t.place.ent && t.ev.kind != evSameHost && t.ev.kind != evHostOf && inc.at(h) != nil {
		s.fixed(&w.HostToo, evidence{kind: evSameHost, other: h.key.name})
	}
	if m := q.namedIn(inc); m != nil && t.ev.kind != evMention {
		s.fixed(&w.MentionToo, evidence{kind: evMention, other: m.text})
	}
	if len(inc.pub.Candidates) > 0 && q.sub.service != "" && inc.pub.Candidates[0].Service == q.sub.service {
		s.fixed(&w.Change, evidence{kind: evChange, other: inc.pub.Candidates[0].Title})
	}
	if q.last == inc && t.ev.kind != evSameAlert {
		if q.refire {
			s.fixed(&w.Refire, evidence{kind: evRefire, other: q.name})
		} else {
			s.fixed(&w.SameAlert, evidence{kind: evSameAlert, other: q.name})
		}
	}
	if inc.names[q.name] > 0 {
		s.fixed(&w.Template, evidence{kind: evTemplate, other: q.name})
	}
	if q.sc.events() {
		s.fixed(&w.Events, evidence{kind: evEvents})
	}
	e.scoreState(q, inc, c, s)
}

// scoreState adds what the incident, with everything it is linked to, looks
// like at the moment, against how often unrelated ones open.
func (e *Engine) scoreState(q *query, inc *incident, c *rules.Curves, s *sheet) {
	p := e.paceWeighed(inc)
	idle := q.start.Sub(inc.lastStart)
	s.read(c.Idle, idle, evidence{kind: evIdle, gap: idle})
	age := q.start.Sub(inc.pub.StartedAt)
	s.read(c.Age, age, evidence{kind: evAge, gap: age})
	if p.alerts > 0 { // of tickets alone, it has no alerts to go by
		s.read(c.Alerts, int64(p.alerts)*rateUnit, evidence{kind: evSize, n: int32(p.alerts)})
		s.read(c.Services, int64(p.services)*rateUnit, evidence{kind: evSpread, n: int32(p.services)})
		s.read(c.Active, int64(p.active)*rateUnit, evidence{kind: evActive, n: int32(p.active)})
		s.read(c.Pace, p.level, evidence{kind: evPace, n: int32(p.level)})
	}
	busy := q.sc.opened.now(e.now, scopeHalfLife)
	s.read(c.Busy, busy, evidence{kind: evBusy, n: int32(busy)})
}

// curvesOf are the curves for a signal of q that is tied in the way of g.
func (e *Engine) curvesOf(q *query, inc *incident, g tieGroup) *rules.Curves {
	c := &e.set.Correlation
	switch {
	case q.kind == schemas.KindTicket:
		return &c.Ticket
	case q.sc.events() && q.refire && q.last == inc:
		return &c.Events.Again
	case q.sc.events():
		return [...]*rules.Curves{&c.Events.Same, &c.Events.Across, &c.Events.Apart}[g]
	case q.refire && q.last == inc:
		return &c.Again
	}
	return [...]*rules.Curves{&c.Same, &c.Across, &c.Apart}[g]
}

// pointsAt reads a curve, linear between its corners. A missing one says
// nothing.
func (e *Engine) pointsAt(c []rules.Corner, x int64) int64 {
	if len(c) == 0 {
		return 0
	}
	i, share := place1000(c, x)
	if share == 0 {
		return c[i].Points
	}
	return c[i].Points + (c[i+1].Points-c[i].Points)*share/1000
}

// place1000 finds x on a curve: the corner at or before it, and how far it is
// towards the next, in thousandths.
func place1000(c []rules.Corner, x int64) (corner int, share int64) {
	if x <= c[0].At {
		return 0, 0
	}
	for i := 1; i < len(c); i++ {
		if x < c[i].At {
			return i - 1, (x - c[i-1].At) * 1000 / (c[i].At - c[i-1].At)
		}
	}
	return len(c) - 1, 0
}

// gapTo is the time between the signal of q and what happened from first to
// last, as it is weighed: with patience for tickets. What people are told is
// spanBetween.
func (e *Engine) gapTo(q *query, inc *incident, first, last schemas.Time) int64 {
	gap := spanBetween(q.start, first, last)
	if len(inc.alerts) == 0 && len(inc.tickets) > 0 {
		gap /= ticketPatience
	}
	return gap
}

// ticketPatience is how many times slower people write tickets than monitors
// fire.
const ticketPatience = 6

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
