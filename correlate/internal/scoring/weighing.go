package scoring

import (
	"slices"
	"strings"

	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/correlate/internal/state"
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
func (wr *Weigher) Weigh(s *schemas.Signal, incidentID string) (Weighing, bool) {
	sc := wr.Scopes[s.Scope]
	if sc == nil || sc.Incidents[incidentID] == nil {
		return Weighing{}, false
	}
	inc := sc.Incidents[incidentID]
	before := slices.Collect(sc.Nodes.All())
	sub := identity.About(wr.State, sc, s)
	defer func() {
		identity.Release(sc, &sub)
		for ent := range sc.Nodes.All() { // mentions name services nobody refers to
			if ent.Refs == 0 && !slices.Contains(before, ent) {
				sc.Drop(ent)
			}
		}
	}()
	wr.MatchRules(s)
	q := wr.Query(sc, s, &sub)
	if a := sc.Latest(state.AppendKey(nil, s.Source, s.Fingerprint)); a != nil {
		q.Last, q.Refire = a.Incident, a.Firing || wr.Events(sc)
		since := s.StartsAt
		if since <= a.EndsAt { // it fires again under its old start, or nearly so
			since = max(wr.At, a.EndsAt)
		}
		if !q.Refire && s.Status == schemas.StatusFiring && len(wr.Rules.Correlation.Refire.Gap) > 0 && wr.MayGoOn(a, since) {
			q.Again, q.Start = a, since
		}
	}
	c := wr.score(q, inc)
	w := Weighing{IncidentID: incidentID, Score: c.Score, Join: wr.Rules.Correlation.Join, Parent: wr.Rules.Correlation.Parent,
		Decisive: c.Decisive, Evidence: evidence.Written(c.Items, sub.Service), AnchorID: c.anchor.String()}
	w.Linked = slices.ContainsFunc(c.Items, func(ev evidence.Item) bool { return !ev.Kind.SupportOnly() })
	w.Veto = wr.ObjectionText(wr.objection(q, &c), inc)
	w.NotWeighed = !slices.Contains(wr.candidates(q), inc)
	w.Missing = wr.missing(q, inc, &w)
	return w, true
}

// missing lists what could have linked and does not.
func (wr *Weigher) missing(q *Query, inc *state.Incident, w *Weighing) []string {
	out := wr.missingRules(q, inc)
	for i := 0; i+1 < len(q.missing); i += 2 {
		out = append(out, "rule "+q.missing[i]+" matches but the label "+q.missing[i+1]+" is missing, so it groups nothing")
	}
	if w.Linked {
		return out
	}
	if q.subject.Entity == nil {
		return append(out, "the signal names no service, instance or host that the engine understands")
	}
	what := q.subject.Entity.Key.Name
	switch {
	case len(inc.Services) == 0:
		out = append(out, "the incident affects no known service")
	case q.subject.Entity.Node < 0:
		out = append(out, what+" is not in the topology, so nothing says how it relates to "+servicesText(inc)+", and the signal names none of these")
	default:
		out = append(out, "the topology knows no dependency within "+phrase.Plural(int64(wr.Rules.Correlation.Hops), "hop")+
			" between "+what+" and "+servicesText(inc)+", and the signal names none of these")
	}
	return out
}

// missingRules says which rules come close to grouping the signal with inc.
func (wr *Weigher) missingRules(q *Query, inc *state.Incident) []string {
	var out []string
	for i := range q.Groups {
		m := &q.Groups[i]
		if m.Group == nil || m.Group.Incident != inc {
			if slices.ContainsFunc(inc.Groups, func(g *state.Group) bool { return ruleOf(g) == m.Rule.Name }) {
				out = append(out, "rule "+m.Rule.Name+" keeps it in another group: the values of its labels differ"+byText(m.Rule))
			}
			continue
		}
		if n := int(m.Group.Count) + 1; n < m.Rule.Threshold {
			out = append(out, "rule "+m.Rule.Name+" needs "+phrase.Itoa(int64(m.Rule.Threshold))+" signals (threshold) and there would be "+phrase.Itoa(int64(n)))
		}
		if gap := state.SpanBetween(q.Start, m.Group.First, m.Group.Last); gap > int64(m.Rule.Window) {
			out = append(out, "rule "+m.Rule.Name+" groups within "+m.Rule.Window.String()+" (window), and the nearest signal of the group is "+phrase.Span(gap)+" away")
		}
	}
	return out
}

// ruleOf is the name of the rule that made a group: its key begins with it.
func ruleOf(g *state.Group) string {
	for i := range len(g.Key) {
		if g.Key[i] == 0 {
			return g.Key[:i]
		}
	}
	return g.Key
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
func servicesText(inc *state.Incident) string {
	const show = 3
	s := ""
	for i, p := range inc.Services {
		if i == show {
			return s + " and " + phrase.Itoa(int64(len(inc.Services)-show)) + " more"
		}
		if i > 0 {
			s += ", "
		}
		s += p.Entity.Key.Name
	}
	return s
}
