package scoring

import (
	"pinkstar/correlate/internal/evidence"
	"pinkstar/correlate/internal/identity"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Query is everything about a signal that is weighed.
type Query struct {
	scope    *state.Scope
	subject  *identity.Subject
	id       schemas.ID
	key      state.AlertKey // when there are corrections, which alone are found by it
	kind     schemas.Kind
	name     string
	Start    schemas.Time
	severity int
	Groups   []GroupMatch
	Last     *state.Incident // of the same alert's previous episode
	Refire   bool            // that episode had not ended
	Again    *state.Alert    // that episode, where it ended so lately that it may be going on
	refire   []evidence.Item // what was said of its going on
	Separate bool            // a rule wants an incident of its own for it
	Mentions []identity.Mention
	machines []*state.Entity // that its service runs on
	missing  []string        // rules that could not group it, and which label it lacks
}

// GroupMatch is a rule that groups the signal, with the group.
type GroupMatch struct {
	Rule  *rules.Rule
	Key   string
	Group *state.Group // nil: the first of its group
}

// mustLinkTo is the incident that an operator put such alerts into, nil for none.
func (q *Query) mustLinkTo() *state.Incident {
	return q.scope.Corrections.MustLinkTo(q.key, q.name, q.subject.Service)
}

// MatchNoRules has the next signal weighed without any.
func (wr *Weigher) MatchNoRules() { wr.scratch.rules = wr.scratch.rules[:0] }

// MatchRules finds the rules that match s, for the next Query too.
func (wr *Weigher) MatchRules(s *schemas.Signal) []int32 {
	wr.scratch.rules = wr.Rules.Matching(s, wr.scratch.rules[:0])
	return wr.scratch.rules
}

// Query prepares the weighing of an alert. MatchRules must have run.
func (wr *Weigher) Query(sc *state.Scope, s *schemas.Signal, sub *identity.Subject) *Query {
	id, _ := schemas.ParseID(s.ID)
	wr.scratch.evidence = wr.scratch.evidence[:0]
	q := &wr.scratch.query // one signal at a time is weighed
	*q = Query{
		scope: sc, subject: sub, id: id,
		kind:     s.Kind,
		name:     s.Name,
		Start:    s.StartsAt,
		severity: s.Severity.Rank(),
	}
	if sc.Corrections.N > 0 {
		q.key = state.KeyOf(s.Source, s.Fingerprint)
	}
	wr.matchGroups(q, s)
	if sub.Entity != nil {
		wr.scratch.machines = wr.Machines(sc, sub.Entity, wr.scratch.machines[:0])
		q.machines = wr.scratch.machines
	}
	q.Mentions = identity.MentionsOf(wr.State, sc, s, sub)
	return q
}

// matchGroups finds the rule groups of s. A missing label means no group: it
// must never put strangers together.
func (wr *Weigher) matchGroups(q *Query, s *schemas.Signal) {
	wr.scratch.groups = wr.scratch.groups[:0]
	for _, i := range wr.scratch.rules {
		q.Separate = q.Separate || wr.Rules.Rules[i].Action == rules.ActionSeparate
	}
	for _, i := range wr.scratch.rules {
		r := &wr.Rules.Rules[i]
		if r.Action == rules.ActionSuppress || q.Separate && r.Action != rules.ActionSeparate {
			continue // what is separate shares no group with others
		}
		k := wr.scratch.key[:0]
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
		wr.scratch.key = k
		if missing != "" {
			q.missing = append(q.missing, r.Name, missing)
			continue
		}
		m := GroupMatch{Rule: r, Group: q.scope.Groups[string(k)]}
		if m.Group == nil {
			m.Key = string(k)
		}
		wr.scratch.groups = append(wr.scratch.groups, m)
	}
	q.Groups = wr.scratch.groups
}
