package correlate

import (
	"slices"
	"strings"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Weighing is what speaks for and against putting a signal into one live
// incident, at this point of the log.
type Weighing struct {
	IncidentID string             `json:"incident_id"`
	Score      int64              `json:"score"`  // 0 when nothing links them, whatever supports it
	Join       int64              `json:"join"`   // what joining takes
	Parent     int64              `json:"parent"` // what linking the two incidents takes
	Decisive   bool               `json:"decisive,omitempty"`
	Linked     bool               `json:"linked"` // something connects them that is more than support
	Evidence   []schemas.Evidence `json:"evidence"`
	AnchorID   string             `json:"anchor_id,omitempty"`
	Veto       string             `json:"veto,omitempty"` // why it may not join all the same
	// NotWeighed: the engine would not even have come to weigh this incident.
	NotWeighed bool     `json:"not_weighed,omitempty"`
	Missing    []string `json:"missing,omitempty"` // what could have linked them, and why it does not
}

// Weigh says what the engine would make of s and a live incident if s arrived
// now, whether or not it would choose it. It changes nothing that can be seen.
// It returns false when the incident is not live in the scope of s.
func (e *Engine) Weigh(s *schemas.Signal, incidentID string) (Weighing, bool) {
	sc := e.scopes[s.Scope]
	if sc == nil || sc.incidents[incidentID] == nil {
		return Weighing{}, false
	}
	inc := sc.incidents[incidentID]
	nodes := slices.Clone(sc.nodes)
	sub := e.about(sc, s)
	defer func() {
		sc.release(&sub)
		for n, before := range nodes { // mentions name services nobody refers to
			if before == nil && sc.nodes[n] != nil && sc.nodes[n].refs == 0 {
				sc.nodes[n] = nil
			}
		}
	}()
	e.matchRules(s)
	q := e.query(sc, s, &sub)
	if a := sc.latest(appendKey(nil, s.Source, s.Fingerprint)); a != nil {
		q.last, q.refire = a.inc, a.firing
	}
	c := e.score(q, inc)
	w := Weighing{IncidentID: incidentID, Score: c.score, Join: e.set.Correlation.Join, Parent: e.set.Correlation.Parent,
		Decisive: c.decisive, Evidence: evidenceOf(c.evidence, sub.service), AnchorID: c.anchor.String()}
	w.Linked = slices.ContainsFunc(c.evidence, func(ev evidence) bool { return !ev.kind.supportOnly() })
	w.Veto = e.objectionText(e.objection(q, &c), inc)
	w.NotWeighed = !slices.Contains(e.candidates(q), inc)
	w.Missing = e.missing(q, inc, &w)
	return w, true
}

// LiveIncident returns the incident that a known signal is placed in, "" when
// the signal is not known or in none.
func (e *Engine) LiveIncident(id schemas.ID) string {
	if r := e.find(id); r != nil && r.sc.incidents[r.incidentID()] != nil {
		return r.incidentID()
	}
	return ""
}

// missing lists what could have linked and does not.
func (e *Engine) missing(q *query, inc *incident, w *Weighing) []string {
	out := e.missingRules(q, inc)
	for i := 0; i+1 < len(q.missing); i += 2 {
		out = append(out, "rule "+q.missing[i]+" matches but the label "+q.missing[i+1]+" is missing, so it groups nothing")
	}
	if w.Linked {
		return out
	}
	if q.sub.ent == nil {
		return append(out, "the signal names no service, instance or host that the engine understands")
	}
	what := q.sub.ent.key.name
	switch {
	case len(inc.services) == 0:
		out = append(out, "the incident affects no known service")
	case q.sub.ent.node < 0:
		out = append(out, what+" is not in the topology, so nothing says how it relates to "+servicesText(inc)+", and the signal names none of these")
	default:
		out = append(out, "the topology knows no dependency within "+plural(int64(e.set.Correlation.Hops), "hop")+
			" between "+what+" and "+servicesText(inc)+", and the signal names none of these")
	}
	return out
}

// missingRules says which rules come close to grouping the signal with inc.
func (e *Engine) missingRules(q *query, inc *incident) []string {
	var out []string
	for i := range q.groups {
		m := &q.groups[i]
		if m.g == nil || m.g.inc != inc {
			if slices.ContainsFunc(inc.groups, func(g *group) bool { return ruleOf(g) == m.rule.Name }) {
				out = append(out, "rule "+m.rule.Name+" keeps it in another group: the values of its labels differ"+byText(m.rule))
			}
			continue
		}
		if n := int(m.g.count) + 1; n < m.rule.Threshold {
			out = append(out, "rule "+m.rule.Name+" needs "+itoa(int64(m.rule.Threshold))+" signals (threshold) and there would be "+itoa(int64(n)))
		}
		if gap := spanBetween(q.start, m.g.first, m.g.last); gap > int64(m.rule.Window) {
			out = append(out, "rule "+m.rule.Name+" groups within "+m.rule.Window.String()+" (window), and the nearest signal of the group is "+spanText(gap)+" away")
		}
	}
	return out
}

// ruleOf is the name of the rule that made a group: its key begins with it.
func ruleOf(g *group) string {
	for i := range len(g.key) {
		if g.key[i] == 0 {
			return g.key[:i]
		}
	}
	return g.key
}

func byText(r *rules.Rule) string {
	var s strings.Builder
	for i, by := range r.By {
		if i > 0 {
			s.WriteString(", ")
		}
		s.WriteString(by)
	}
	if s.String() == "" {
		return ""
	}
	return " (by " + s.String() + ")"
}

// servicesText names some of what inc affects.
func servicesText(inc *incident) string {
	const show = 3
	s := ""
	for i, p := range inc.services {
		if i == show {
			return s + " and " + itoa(int64(len(inc.services)-show)) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += p.ent.key.name
	}
	return s
}
