package scoring

import (
	"slices"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Scored is one candidate and what speaks for it.
type Scored struct {
	Incident *state.Incident
	Score    int64
	Items    []evidence.Item
	anchor   schemas.ID
	Decisive bool // an operator's or a key's word: no weighing
	ruled    bool
	terms    []Term // for the policy
}

// sheet is where the points of one candidate are added up. Points are
// thousandths of a natural log-odds against opening an incident.
type sheet struct {
	wr    *Weigher
	res   Scored
	start int // the candidates of one signal share the engine's memory for evidence
}

func (s *sheet) add(ev evidence.Item) {
	wr := s.wr
	wr.scratch.evidence = append(wr.scratch.evidence, ev)
	s.res.Items = wr.scratch.evidence[s.start:]
	s.res.Score += ev.Points
}

// fixed adds evidence that is there or not.
func (s *sheet) fixed(points *int64, ev evidence.Item) {
	if *points == 0 && s.wr.Policy == nil {
		return
	}
	s.term(points, 1000)
	ev.Points = *points
	s.add(ev)
}

// read adds what a curve says of x. A flat or missing curve says nothing.
func (s *sheet) read(c []rules.Corner, x int64, ev evidence.Item) {
	if ev.Points = s.wr.pointsAt(c, x); ev.Points != 0 {
		s.add(ev)
	}
	s.termsAt(c, x)
}

// score weighs inc for the signal of q. Only evidence that can link (not time,
// not how busy it is) makes a score at all.
func (wr *Weigher) score(q *Query, inc *state.Incident) Scored {
	c := &wr.Rules.Correlation
	s := &sheet{wr: wr, res: Scored{Incident: inc}, start: len(wr.scratch.evidence)}
	if q.mustLinkTo() == inc {
		s.add(evidence.Item{Kind: evidence.Operator, Points: c.Weights.MentionKey, Other: inc.Pub.ID})
		s.res.Decisive = true
	}
	if m := q.keyOf(inc); m != nil {
		s.add(evidence.Item{Kind: evidence.MentionKey, Points: c.Weights.MentionKey, Other: m.Text})
		s.res.Decisive = true
	}
	wr.scoreRules(q, inc, s)
	t := wr.strongestRelation(q, inc)
	switch {
	case q.firesAgainIn(inc) && !s.res.Decisive && !s.res.ruled:
		wr.scoreRefire(q, inc, s)
	case t.at == nil && !t.alone:
		if len(s.res.Items) == 0 {
			s.res.Score = 0
		}
	case s.res.Decisive || s.res.ruled:
		if t.total > 0 {
			s.add(t.ev)
		}
	default:
		wr.scoreRelation(q, inc, &t, s)
	}
	if t.at != nil {
		s.res.anchor = t.at.LastID
	}
	if s.res.anchor.IsZero() {
		s.res.anchor = inc.LastID
	}
	s.res.Items = slices.Clip(s.res.Items)
	return s.res
}

func (wr *Weigher) scoreRules(q *Query, inc *state.Incident, s *sheet) {
	for i := range q.Groups {
		m := &q.Groups[i]
		if m.Group == nil || m.Group.Incident != inc || int(m.Group.Count)+1 < m.Rule.Threshold {
			continue
		}
		if gap := state.SpanBetween(q.Start, m.Group.First, m.Group.Last); gap > int64(m.Rule.Window) {
			continue
		}
		s.add(evidence.Item{Kind: evidence.Rule, Points: wr.Rules.Correlation.Weights.Rule, Other: m.Rule.Name, Count: m.Group.Count})
		s.res.ruled = true
	}
}

// scoreRelation adds the relation itself, its times, what besides it connects the two,
// and what the incident looks like at the moment.
func (wr *Weigher) scoreRelation(q *Query, inc *state.Incident, t *relation, s *sheet) {
	w := wr.tiesOf(q.scope)
	c := wr.curvesOf(q, inc, t.group)
	for _, p := range t.base {
		if p != nil {
			s.term(p, 1000)
		}
	}
	s.add(t.ev)
	if p := t.at; p != nil {
		s.read(c.Gap, t.gap, evidence.Item{Kind: evidence.Time, Gap: state.SpanBetween(q.Start, p.First, p.Last)})
		onset := q.Start.Sub(p.First)
		s.read(c.Onset, onset, evidence.Item{Kind: evidence.Onset, Gap: onset, Other: p.Entity.Key.Name})
		if len(inc.Alerts) > 0 {
			firing := inc.FiringAt(p)
			s.read(c.Firing, int64(firing)*state.RateUnit, evidence.Item{Kind: evidence.Firing, Count: firing, Other: p.Entity.Key.Name})
		}
	}
	if i := q.subject.InstanceEntity; i != nil && t.at != nil && i != t.at.Entity && inc.At(i) != nil {
		s.fixed(&w.InstanceToo, evidence.Item{Kind: evidence.SameInstance, Other: i.Key.Name})
	}
	if h := q.subject.HostEntity; h != nil && t.at != nil && h != t.at.Entity && t.ev.Kind != evidence.SameHost && t.ev.Kind != evidence.HostOf && inc.At(h) != nil {
		s.fixed(&w.HostToo, evidence.Item{Kind: evidence.SameHost, Other: h.Key.Name})
	}
	if m := q.namedIn(inc); m != nil && t.ev.Kind != evidence.Mention {
		s.fixed(&w.MentionToo, evidence.Item{Kind: evidence.Mention, Other: m.Text})
	}
	if len(inc.Pub.Candidates) > 0 && q.subject.Service != "" && inc.Pub.Candidates[0].Service == q.subject.Service {
		s.fixed(&w.Change, evidence.Item{Kind: evidence.Change, Other: inc.Pub.Candidates[0].Title})
	}
	if q.Last == inc && t.ev.Kind != evidence.SameAlert {
		if q.Refire {
			s.fixed(&w.Refire, evidence.Item{Kind: evidence.Refire, Other: q.name})
		} else {
			s.fixed(&w.SameAlert, evidence.Item{Kind: evidence.SameAlert, Other: q.name})
		}
	}
	if inc.Names[q.name] > 0 {
		s.fixed(&w.Template, evidence.Item{Kind: evidence.Template, Other: q.name})
	}
	if wr.Events(q.scope) {
		s.fixed(&w.Events, evidence.Item{Kind: evidence.Events})
	}
	wr.scoreState(q, inc, t, c, s)
}

// scoreState adds what the incident, with everything it is linked to, looks
// like at the moment, against how often unrelated ones open.
func (wr *Weigher) scoreState(q *Query, inc *state.Incident, t *relation, c *rules.Curves, s *sheet) {
	p := inc.PaceAt(wr.Now)
	idle := q.Start.Sub(inc.LastStart)
	s.read(c.Idle, idle, evidence.Item{Kind: evidence.Idle, Gap: idle})
	age := q.Start.Sub(inc.Pub.StartedAt)
	s.read(c.Age, age, evidence.Item{Kind: evidence.Age, Gap: age})
	if p.Alerts > 0 { // of tickets alone, it has no alerts to go by
		s.read(c.Alerts, int64(p.Alerts)*state.RateUnit, evidence.Item{Kind: evidence.Size, Count: int32(p.Alerts)})
		s.read(c.Services, int64(p.Services)*state.RateUnit, evidence.Item{Kind: evidence.Spread, Count: int32(p.Services)})
		s.read(c.Active, int64(p.Active)*state.RateUnit, evidence.Item{Kind: evidence.Active, Count: int32(p.Active)})
		s.read(c.Pace, p.Level, evidence.Item{Kind: evidence.Pace, Count: int32(p.Level)})
	}
	if wave := wr.waveBeside(q, inc, &p); wave > 0 {
		s.read(wr.Rules.Correlation.Refire.Others, wave, evidence.Item{Kind: evidence.Wave, Count: int32(wave)})
	}
	wr.scoreUsual(q, inc, t, c, s)
	if p.Alerts > 1 && q.kind == schemas.KindAlert {
		n := lull(q.Start, inc, &p)
		s.read(c.Lull, n, evidence.Item{Kind: evidence.Lull, Count: int32(n)})
	}
	busy := q.scope.Opened.Now(wr.Now, state.ScopeHalfLife)
	s.read(c.Busy, busy, evidence.Item{Kind: evidence.Busy, Count: int32(busy)})
}

// scoreUsual adds what the usual says of it: how many other incidents would have
// reached the service since inc was last heard of, and how many would have opened
// in the scope within the distance to what it is tied to. What comes seconds
// after another is no coincidence where something happens once a day, and may be
// one where it happens every minute.
func (wr *Weigher) scoreUsual(q *Query, inc *state.Incident, t *relation, c *rules.Curves, s *sheet) {
	idle := q.Start.Sub(inc.LastStart)
	if ent := q.subject.Entity; ent != nil && len(c.Since) > 0 {
		n := state.Expected(q.scope.Usual.Level(ent.Key, inc.Affected[ent] != nil, wr.Now), idle)
		s.read(c.Since, n, evidence.Item{Kind: evidence.Since, Count: int32(n), Other: ent.Key.Name})
	}
	if len(c.Chance) > 0 {
		gap := max(idle, 0)
		if t.at != nil {
			gap = state.SpanBetween(q.Start, t.at.First, t.at.Last)
		}
		n := q.scope.Opens(gap+schemas.Second, wr.Now)
		s.read(c.Chance, n, evidence.Item{Kind: evidence.Chance, Gap: gap, Count: int32(n)})
	}
}

// tiesOf are the weights of what comes to sc.
func (wr *Weigher) tiesOf(sc *state.Scope) *rules.Ties {
	if wr.Events(sc) {
		return &wr.Rules.Correlation.Events.Weights
	}
	return &wr.Rules.Correlation.Weights.Ties
}

// curvesOf are the curves for a signal of q that is related in the way of g.
func (wr *Weigher) curvesOf(q *Query, inc *state.Incident, g nearness) *rules.Curves {
	c := &wr.Rules.Correlation
	switch {
	case q.kind == schemas.KindTicket:
		return &c.Ticket
	case wr.Events(q.scope) && q.Refire && q.Last == inc:
		return &c.Events.Again
	case wr.Events(q.scope):
		return [...]*rules.Curves{&c.Events.Same, &c.Events.Across, &c.Events.Apart}[g]
	case q.Refire && q.Last == inc:
		return &c.Again
	}
	return [...]*rules.Curves{&c.Same, &c.Across, &c.Apart}[g]
}

// pointsAt reads a curve, linear between its corners. A missing one says
// nothing.
func (wr *Weigher) pointsAt(c []rules.Corner, x int64) int64 {
	if len(c) == 0 {
		return 0
	}
	i, share := corner1000(c, x)
	if share == 0 {
		return c[i].Points
	}
	return c[i].Points + (c[i+1].Points-c[i].Points)*share/1000
}

// corner1000 finds x on a curve: the corner at or before it, and how far it is
// towards the next, in thousandths.
func corner1000(c []rules.Corner, x int64) (corner int, share int64) {
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
// SpanBetween.
func (wr *Weigher) gapTo(q *Query, inc *state.Incident, first, last schemas.Time) int64 {
	gap := state.SpanBetween(q.Start, first, last)
	if len(inc.Alerts) == 0 && len(inc.Tickets) > 0 {
		gap /= ticketPatience
	}
	return gap
}

// ticketPatience is how many times slower people write tickets than monitors
// fire.
const ticketPatience = 6
