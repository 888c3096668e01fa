package correlate

import (
	"slices"

	"pinkstar/schemas"
)

// patterns are the signatures of past incidents of one scope: sets and counts,
// never members.
type patterns struct {
	list   []*pattern            // in order of first appearance
	byRoot map[string][]*pattern // the same, by suspected root
	starts []schemas.Time        // of every incident signed within the period, for the base rate
}

// pattern is one signature and what is known of its incidents.
type pattern struct {
	seq     int64
	root    string
	items   []alertType    // alerts by service and name, sorted
	starts  []schemas.Time // within the period, at most startsCap
	minutes float64
	cost    schemas.ImpactRange
	pub     schemas.Problem // ID "" while it is not flagged
	ids     []string        // incidents, newest last, at most idsCap
	count   int64
	first   schemas.Time
	last    schemas.Time
}

const (
	itemsCap      = 64
	startsCap     = 100
	idsCap        = 100
	patternStarts = 20_000 // of all incidents of a scope, for the base rate
)

func (p *pattern) flagged() bool { return p.pub.ID != "" }

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

func compareTypes(a, b alertType) int {
	if c := compareStrings(a.service, b.service); c != 0 {
		return c
	}
	return compareStrings(a.name, b.name)
}

// similarity is Jaccard's, in thousandths.
func similarity(a, b []alertType) int64 {
	both, i, j := int64(0), 0, 0
	for i < len(a) && j < len(b) {
		switch c := compareTypes(a[i], b[j]); {
		case c == 0:
			both++
			i++
			j++
		case c < 0:
			i++
		default:
			j++
		}
	}
	all := int64(len(a)+len(b)) - both
	if all == 0 {
		return 0
	}
	return both * 1000 / all
}

// match returns the most similar pattern with this root, the older on a tie.
func (ps *patterns) match(root string, items []alertType, least int64, flagged bool) *pattern {
	var best *pattern
	for _, p := range ps.byRoot[root] {
		if flagged && !p.flagged() {
			continue
		}
		if s := similarity(p.items, items); s >= least {
			best, least = p, s+1
		}
	}
	return best
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
	p.add(inc)
	text := "an occurrence of the known problem " + p.pub.ID + ", " + p.pub.Title
	if p.pub.Status == schemas.ProblemSolved {
		p.pub.Status = schemas.ProblemReturned
		p.pub.ReturnedAt = e.now
		text = "PROBLEM RETURNED: " + p.pub.ID + ", " + p.pub.Title + ", was declared solved at " + p.pub.SolvedAt.String() +
			" by " + orNone(p.pub.SolvedBy) + " and is back"
	}
	e.timeline(inc, "problem", 0, text, nil, "")
	e.emitProblem(p)
}

// add notes inc among the incidents of p, once.
func (p *pattern) add(inc *incident) {
	if slices.Contains(p.ids, inc.pub.ID) {
		return
	}
	if len(p.ids) >= idsCap {
		p.ids = slices.Delete(p.ids, 0, 1)
	}
	p.ids = append(p.ids, inc.pub.ID)
	if len(p.starts) >= startsCap {
		p.starts = slices.Delete(p.starts, 0, 1)
	}
	p.starts = append(p.starts, inc.pub.StartedAt)
	p.count++
	if p.first == 0 || inc.pub.StartedAt < p.first {
		p.first = inc.pub.StartedAt
	}
	p.last = max(p.last, inc.pub.StartedAt)
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
	p.add(inc)
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

// note counts an incident for the base rate.
func (ps *patterns) note(start schemas.Time, period int64) {
	i, _ := slices.BinarySearch(ps.starts, start)
	ps.starts = slices.Insert(ps.starts, i, start)
	newest := ps.starts[len(ps.starts)-1]
	old := 0
	for old < len(ps.starts) && (newest.Sub(ps.starts[old]) > period || len(ps.starts)-old > patternStarts) {
		old++
	}
	ps.starts = slices.Delete(ps.starts, 0, old)
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

func (ps *patterns) insert(p *pattern) {
	ps.list = append(ps.list, p)
	if ps.byRoot == nil {
		ps.byRoot = map[string][]*pattern{}
	}
	ps.byRoot[p.root] = append(ps.byRoot[p.root], p)
}

func (ps *patterns) remove(i int) {
	p := ps.list[i]
	ps.list = slices.Delete(ps.list, i, i+1)
	rest := slices.DeleteFunc(ps.byRoot[p.root], func(x *pattern) bool { return x == p })
	if len(rest) == 0 {
		delete(ps.byRoot, p.root)
		return
	}
	ps.byRoot[p.root] = rest
}

// charge adds what an incident cost.
func (p *pattern) charge(i schemas.ImpactRange) {
	p.minutes = cents(p.minutes + i.Minutes)
	p.cost.Currency = i.Currency
	addRange(&p.cost.LostRevenue, i.LostRevenue)
	addRange(&p.cost.Cost, i.Cost)
	p.cost.Minutes = p.minutes
}

func addRange(to *schemas.Range, r schemas.Range) {
	to.Low, to.Likely, to.High = cents(to.Low+r.Low), cents(to.Likely+r.Likely), cents(to.High+r.High)
}

// judge flags p when it recurs often enough, more often than chance has it,
// and not by the clock.
func (e *Engine) judge(inc *incident, p *pattern) {
	cfg := &e.set.Problems
	var recent []schemas.Time
	for _, t := range p.starts {
		if p.last.Sub(t) <= int64(cfg.Period) {
			recent = append(recent, t)
		}
	}
	slices.Sort(recent)
	if len(recent) < cfg.MinIncidents {
		return
	}
	if schedule := seasonal(recent, int64(cfg.SeasonalSlack), cfg.SeasonalShare); schedule != "" {
		e.timeline(inc, "pattern", 0, "the same pattern came "+itoa(int64(len(recent)))+" times, "+schedule+": taken for a scheduled job, not for a problem", nil, "")
		return
	}
	base := e.baseRate(inc.sc)
	if int64(len(recent))*1_000_000 < base*cfg.Significance {
		return
	}
	e.flag(inc, p, "", []schemas.Evidence{
		{Kind: "recurrence", Points: int64(len(recent)), Detail: plural(int64(len(recent)), "incident") + " with the same alerts and the same suspected root within " + cfg.Period.String() + ": " + datesText(recent)},
		{Kind: "interval", Detail: intervalsText(recent) + "; on no daily or weekly schedule"},
		{Kind: "base_rate", Points: int64(len(recent)) * 1_000_000 / max(base, 1), Detail: "chance would give this service " + thousandths(base) + " incidents in that time"},
	})
}

// baseRate is how many incidents a service has in the period when they fall
// evenly, in thousandths.
func (e *Engine) baseRate(sc *scope) int64 {
	services := max(len(e.topo.nodes), len(sc.patterns.byRoot), 10)
	return max(1, int64(len(sc.patterns.starts))*1000/int64(services))
}

func (e *Engine) flag(inc *incident, p *pattern, by string, evidence []schemas.Evidence) {
	sig := signatureText(p)
	p.pub = schemas.Problem{ID: schemas.ProblemID(inc.sc.name, p.root+"\x00"+sig+"\x00"+itoa(p.seq)), Scope: inc.sc.name, Signature: sig, Title: problemTitle(p),
		Status: schemas.ProblemOpen, Service: p.root, FlaggedAt: e.now, DeclaredBy: by, Evidence: evidence, Rules: e.versions.rules}
	if n := e.topo.exact(p.root); n >= 0 {
		p.pub.Owner = e.topo.nodes[n].svc.Team
	}
	inc.problem = p
	inc.pub.ProblemID = p.pub.ID
	e.timeline(inc, "problem", 0, "recurring: problem "+p.pub.ID+", "+p.pub.Title, nil, by)
	e.emitProblem(p)
}

func (e *Engine) emitProblem(p *pattern) {
	p.pub.Revision++
	p.pub.UpdatedAt = e.now
	p.pub.IncidentIDs = slices.Clone(p.ids)
	p.pub.Count = p.count
	p.pub.FirstSeenAt, p.pub.LastSeenAt = p.first, p.last
	p.pub.Cost, p.pub.Minutes = p.cost, p.minutes
	p.pub.Cost.Formula = "sum over its closed incidents"
	p.pub.Title = problemTitle(p)
	out := p.pub
	out.Evidence = slices.Clone(p.pub.Evidence)
	e.out.Problems = append(e.out.Problems, out)
}

func problemTitle(p *pattern) string {
	name := "Incidents"
	for _, it := range p.items {
		if it.service == p.root {
			name = it.name
			break
		}
	}
	return name + " on " + p.root + " keeps coming back (" + plural(p.count, "incident") + ")"
}

func signatureText(p *pattern) string {
	s := "root " + p.root + ": "
	for i, it := range p.items {
		if i == 8 {
			return s + " and " + itoa(int64(len(p.items)-8)) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += it.name
		if it.service != "" {
			s += " on " + it.service
		}
	}
	return s
}

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
	p.add(inc)
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
	p.pub.Status = schemas.ProblemSolved
	p.pub.SolvedAt, p.pub.SolvedBy, p.pub.ReturnedAt = e.now, c.By, 0
	e.emitProblem(p)
	e.decide(r, s, placed, nil, &why{text: "problem " + p.pub.ID + " declared solved by " + orNone(c.By) + noteText(c.Note)})
}
