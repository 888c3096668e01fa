package effect

import (
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/state"
	"pinkstar/schemas"
)

// tree is a main incident and everything below it, added up.
type tree struct {
	all       []*state.Incident
	severity  schemas.Severity
	by        string // the person whose word the severity is
	signals   int64
	alerts    int64
	active    int64
	tickets   []*state.Ticket
	procedure *schemas.Procedure
	holder    *state.Incident // whose procedure it is
	verdict   *cause.Verdict  // once asked for
	looked    int64           // changes when names, teams, tickets or notices do
}

func treeOf(main *state.Incident) *tree {
	t := &tree{all: main.Tree(nil)}
	for _, x := range t.all {
		t.signals += x.Pub.SignalCount
		t.alerts += x.Pub.AlertCount
		t.active += int64(x.Active)
		t.tickets = append(t.tickets, x.Tickets...)
		t.severity = worse(t.severity, x.Pub.Severity)
		if p := x.Pub.Procedure; p != nil && (t.procedure == nil || !configured(t.procedure) && configured(p)) {
			t.procedure, t.holder = p, x
		}
	}
	if main.Pub.SeverityBy != "" {
		t.severity, t.by = main.Pub.Severity, main.Pub.SeverityBy
	}
	t.looked = looked(t.all)
	return t
}

// Escalating returns the incident of main's tree whose procedure says who is
// called for it, or nil.
func Escalating(main *state.Incident) *state.Incident { return treeOf(main).holder }

func worse(a, b schemas.Severity) schemas.Severity {
	if b.Rank() > a.Rank() {
		return b
	}
	return a
}

// configured reports whether p is one of the rule set, not an alert's runbook.
func configured(p *schemas.Procedure) bool {
	return p.Owner != "" || p.OnCall != "" || p.Emergency != "" || len(p.Steps)+len(p.Escalation) > 0 || p.AlertRunbook != p.Runbook
}

// looked sums what an incident may have gained or lost since it was last looked
// at, so that most of its writings need no comparison.
func looked(all []*state.Incident) int64 {
	var sum int64
	for _, x := range all {
		sum = sum*31 + x.Seq
		sum = sum*31 + int64(len(x.Order))
		sum = sum*31 + int64(len(x.Teams))
		sum = sum*31 + int64(len(x.Pub.Notices))
		for _, t := range x.Tickets {
			sum = sum*31 + t.Seq
		}
		if x.Pub.Procedure != nil {
			sum = sum*31 + int64(len(x.Pub.Procedure.Name))
		}
	}
	return sum
}

// typesCap is how many names of alerts are told apart.
const typesCap = 200

// types returns the names of alerts in order of appearance, at most typesCap.
func (t *tree) types() []string {
	var names []string
	seen := map[string]bool{}
	for _, x := range t.all {
		for _, n := range x.Order {
			if !seen[n] && len(names) < typesCap {
				seen[n] = true
				names = append(names, n)
			}
		}
	}
	return names
}

// teams returns the teams that it concerns, sorted.
func (t *tree) teams() []string {
	var teams []string
	for _, x := range t.all {
		teams = append(teams, x.Teams...)
	}
	if t.procedure != nil && t.procedure.Owner != "" {
		teams = append(teams, t.procedure.Owner)
	}
	slices.Sort(teams)
	return slices.Compact(teams)
}

// judged returns the suspected roots and the likely causes of the main incident.
// What it was last written with is in no snapshot.
func (t *tree) judged(st *state.State) *cause.Verdict {
	if t.verdict == nil {
		v := cause.Judge(st, t.all[0])
		t.verdict = &v
	}
	return t.verdict
}

// services returns the affected services, sorted.
func (t *tree) services() []string {
	var names []string
	for _, x := range t.all {
		names = append(names, x.ServiceNames()...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
