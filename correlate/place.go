package correlate

import (
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// query is everything about a signal that is weighed.
type query struct {
	sc       *scope
	sub      *subject
	id       schemas.ID
	key      alertKey // when there are facts, which alone are found by it
	kind     schemas.Kind
	name     string
	start    schemas.Time
	severity int
	groups   []groupMatch
	last     *incident // of the same alert's previous episode
	refire   bool      // that episode had not ended
	separate bool      // a rule wants an incident of its own for it
	mentions []mention
	missing  []string // rules that could not group it, and which label it lacks
}

type groupMatch struct {
	rule *rules.Rule
	key  string
	g    *group // nil: the first of its group
}

// group is what a rule has grouped under one set of values.
type group struct {
	key     string
	seq     int64
	inc     *incident
	pending []*incident // opened by its signals before the threshold was reached
	first   schemas.Time
	last    schemas.Time // start of the latest signal
	count   int32
}

// placement is the choice for a signal.
type placement struct {
	inc      *incident // nil: open one
	why      *why
	evidence []evidence // for inc; in memory that the next signal uses again
	second   scored     // another incident that an operator or a key names
	open     string     // why none was chosen
	full     []full     // incidents that a limit kept it out of; in memory used again
}

// full is an incident that a limit keeps a signal out of.
type full struct {
	inc *incident
	by  objection
}

// scratch is memory reused from input to input.
type scratch struct {
	candidates []*incident
	scored     []scored
	full       []full
	rules      []int32
	groups     []groupMatch
	key        []byte
	evidence   []evidence
	unpacked   []evidence
	paces      []knownPace
	shown      []*alert
	listed     []listed
	why        why
	prose      prose
	query      query
	subject    subject
}

// together is the incident that an operator put such alerts into, nil for none.
func (q *query) together() *incident {
	return q.sc.facts.together(q.key, q.name, q.sub.service)
}

// matchNoRules has the next signal weighed without any.
func (e *Engine) matchNoRules() { e.scratch.rules = e.scratch.rules[:0] }

func (e *Engine) matchRules(s *schemas.Signal) []int32 {
	e.scratch.rules = e.set.Matching(s, e.scratch.rules[:0])
	return e.scratch.rules
}

// query prepares the weighing of an alert. matchRules must have run.
func (e *Engine) query(sc *scope, s *schemas.Signal, sub *subject) *query {
	id, _ := schemas.ParseID(s.ID)
	e.scratch.evidence, e.scratch.paces = e.scratch.evidence[:0], e.scratch.paces[:0]
	q := &e.scratch.query // one signal at a time is weighed
	*q = query{
		sc: sc, sub: sub, id: id,
		kind:     s.Kind,
		name:     s.Name,
		start:    s.StartsAt,
		severity: s.Severity.Rank(),
	}
	if len(sc.facts.list) > 0 {
		q.key = keyOf(s.Source, s.Fingerprint)
	}
	e.matchGroups(q, s)
	q.mentions = e.mentionsOf(sc, s, sub)
	return q
}

// matchGroups finds the rule groups of s. A missing label means no group: it
// must never put strangers together.
func (e *Engine) matchGroups(q *query, s *schemas.Signal) {
	e.scratch.groups = e.scratch.groups[:0]
	for _, i := range e.scratch.rules {
		q.separate = q.separate || e.set.Rules[i].Action == rules.ActionSeparate
	}
	for _, i := range e.scratch.rules {
		r := &e.set.Rules[i]
		if r.Action == rules.ActionSuppress || q.separate && r.Action != rules.ActionSeparate {
			continue // what is separate shares no group with others
		}
		k := e.scratch.key[:0]
		k = append(k, r.Name...)
		missing := ""
		for _, by := range r.By {
			v := rules.ValueOf(s, by)
			if v == "" {
				missing = by
				break
			}
			k = append(append(k, 0), v...)
		}
		e.scratch.key = k
		if missing != "" {
			q.missing = append(q.missing, r.Name, missing)
			continue
		}
		m := groupMatch{rule: r, g: q.sc.groups[string(k)]}
		if m.g == nil {
			m.key = string(k)
		}
		e.scratch.groups = append(e.scratch.groups, m)
	}
	q.groups = e.scratch.groups
}

// choose weighs the candidates and picks one, or none.
func (e *Engine) choose(q *query, s *schemas.Signal) placement {
	cands := e.candidates(q)
	w := &e.scratch.why
	*w = why{service: q.sub.service, threshold: e.set.Correlation.Join, candidates: int32(len(cands))}
	p := placement{why: w}
	e.scratch.scored, e.scratch.full = e.scratch.scored[:0], e.scratch.full[:0]
	var options []Option
	for _, inc := range cands {
		sc := e.score(q, inc)
		if e.guide != nil && len(sc.evidence) > 0 {
			options = append(options, Option{inc.pub.ID, sc.score, sc.terms})
		}
		if sc.score > 0 || sc.decisive {
			e.scratch.scored = append(e.scratch.scored, sc)
		}
	}
	all := e.scratch.scored
	slices.SortStableFunc(all, compareScored)
	e.pick(q, all, &p)
	if e.guide != nil {
		e.guided(q, s, options, &p)
	}
	w.evidence = withMissing(p.evidence, q.missing)
	return p
}

// withMissing is the evidence of a choice, with the rules that could not say
// anything: name and missing label, in turn.
func withMissing(evs []evidence, missing []string) []evidence {
	if len(missing) > 0 {
		evs = slices.Clip(evs) // what follows it is another candidate's
	}
	for i := 0; i+1 < len(missing); i += 2 {
		evs = append(evs, evidence{kind: evRuleMissing, other: missing[i], extra: missing[i+1]})
	}
	return evs
}

func (e *Engine) pick(q *query, all []scored, p *placement) {
	w := p.why
	join := e.set.Correlation.Join
	var vetoed *scored // the best of those that must not be joined
	var objected objection
	for i := range all {
		c := &all[i]
		if c.score < join && !c.decisive {
			break
		}
		if o := e.objection(q, c); o != noObjection {
			if o.limit() {
				e.scratch.full = append(e.scratch.full, full{c.inc, o})
				p.full = e.scratch.full
			}
			if vetoed == nil {
				vetoed, objected = c, o
			}
			continue
		}
		if p.inc == nil {
			p.inc = c.inc
			w.score, w.anchor = c.score, c.anchor
			p.evidence = c.evidence
			continue
		}
		if c.decisive && c.score >= e.set.Correlation.Parent && p.second.inc == nil && c.inc.main() != p.inc.main() {
			p.second = *c
			p.second.evidence = slices.Clone(c.evidence)
		}
	}
	for i := range all {
		if all[i].inc != p.inc {
			w.runnerUp, w.runnerScore = all[i].inc.pub.ID, all[i].score
			break
		}
	}
	if p.inc != nil || len(all) == 0 {
		return
	}
	w.score = all[0].score
	if vetoed != nil { // its own incident, and said so
		p.open = e.vetoText(objected, vetoed.inc)
		w.text = "opened an incident of its own: " + p.open
	}
}

func compareScored(a, b scored) int {
	switch {
	case a.decisive != b.decisive:
		if a.decisive {
			return -1
		}
		return 1
	case a.score != b.score:
		if a.score > b.score {
			return -1
		}
		return 1
	case a.inc.seq != b.inc.seq:
		if a.inc.seq < b.inc.seq {
			return -1
		}
		return 1
	}
	return 0
}

// objection is why a signal must not join an incident although the evidence
// suffices.
type objection uint8

const (
	noObjection objection = iota
	movedAway
	keptSeparate
	wantsOwn
	// From here on: limits.
	tooManySignals
	tooLong
	tooManyServices
	tooFast
)

func (o objection) limit() bool { return o >= tooManySignals }

func (e *Engine) objection(q *query, c *scored) objection {
	cfg, inc := &e.set.Correlation, c.inc
	switch {
	case c.decisive:
		return noObjection
	case q.sc.facts.apart(q.key, q.name, q.sub.service, inc):
		return movedAway
	case inc.separate && !c.ruled:
		return keptSeparate
	case q.separate && !c.ruled:
		return wantsOwn
	case len(inc.alerts) >= cfg.MaxSignals:
		return tooManySignals
	case e.now.Sub(inc.pub.DetectedAt) > int64(cfg.MaxDuration):
		return tooLong
	case len(inc.services) >= cfg.MaxServices && inc.places[q.sub.ent] == nil:
		return tooManyServices
	case e.joiningTooFast(inc):
		return tooFast
	}
	return noObjection
}

// vetoText says so in the words of a decision.
func (e *Engine) vetoText(o objection, inc *incident) string {
	if o.limit() {
		return inc.pub.ID + " would fit, but " + e.objectionText(o, inc)
	}
	return e.objectionText(o, inc)
}

func (e *Engine) objectionText(o objection, inc *incident) string {
	cfg := &e.set.Correlation
	switch o {
	case movedAway:
		return "an operator moved this alert away from " + inc.main().pub.ID
	case wantsOwn:
		return "a rule keeps it separate"
	case keptSeparate:
		return inc.pub.ID + " is kept separate by a rule"
	case tooManySignals:
		return "it has " + itoa(int64(len(inc.alerts))) + " alerts (correlation.max_signals)"
	case tooLong:
		return "it is open for more than " + cfg.MaxDuration.String() + " (correlation.max_duration)"
	case tooManyServices:
		return "it spans " + itoa(int64(len(inc.services))) + " services (correlation.max_services)"
	case tooFast:
		return "more than " + itoa(int64(e.set.Limits.JoiningPerMinute)) + " signals joined it within a minute (limits.joining_per_minute)"
	}
	return ""
}

func (e *Engine) joiningTooFast(inc *incident) bool {
	return inc.minute == int64(e.now)/schemas.Minute && int(inc.joined) >= e.set.Limits.JoiningPerMinute
}

// candidates gathers the incidents to weigh, newest first within each source.
func (e *Engine) candidates(q *query) []*incident {
	c := e.scratch.candidates[:0]
	limit := e.set.Correlation.Candidates
	stale := int64(e.set.Correlation.Stale)
	add := func(inc *incident) {
		if inc != nil && !inc.closed && len(c) < limit && !slices.Contains(c, inc) {
			c = append(c, inc)
		}
	}
	addRing := func(ent *entity) {
		if ent == nil {
			return
		}
		for _, v := range slices.Backward(ent.ring) {
			if e.gapTo(q, v, v.lastStart, v.lastStart) <= stale {
				add(v)
			}
		}
	}
	add(q.together())
	for _, g := range q.groups {
		if g.g != nil {
			add(g.g.inc)
		}
	}
	add(q.last)
	for i := range q.mentions {
		add(q.mentions[i].inc)
	}
	addRing(q.sub.ent)
	addRing(q.sub.instEnt)
	addRing(q.sub.hostEnt)
	addRing(q.sub.nsEnt)
	for _, n := range q.sub.possible {
		addRing(q.sc.nodes[n])
	}
	for i := range q.mentions {
		addRing(q.mentions[i].ent)
		for _, n := range q.mentions[i].like {
			addRing(q.sc.nodes[n])
		}
	}
	e.learntRings(q, addRing)
	if q.kind == schemas.KindAlert {
		add(q.sc.storm)
	}
	e.scratch.candidates = c
	return c
}
