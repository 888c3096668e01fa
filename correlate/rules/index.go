package rules

import (
	"slices"

	"github.com/prometheus/alertmanager/pkg/labels"

	"pinkstar/schemas"
)

// ruleIndex finds the rules that may match without trying them all: each rule
// hangs under the value of one of its equality matchers.
type ruleIndex struct {
	names []indexedName
	scan  []int32 // rules without an equality matcher
}

type indexedName struct {
	name  string
	rules map[string][]int32
}

func newRuleIndex(rs []Rule) ruleIndex {
	var ix ruleIndex
	for i := range rs {
		m := indexable(rs[i].matchers)
		if m == nil {
			ix.scan = append(ix.scan, int32(i))
			continue
		}
		n := slices.IndexFunc(ix.names, func(x indexedName) bool { return x.name == m.Name })
		if n < 0 {
			n = len(ix.names)
			ix.names = append(ix.names, indexedName{m.Name, map[string][]int32{}})
		}
		ix.names[n].rules[m.Value] = append(ix.names[n].rules[m.Value], int32(i))
	}
	return ix
}

// indexable picks the matcher to hang a rule under: the alert's name splits
// best, then anything but the environment, which splits hardly at all.
func indexable(ms labels.Matchers) *labels.Matcher {
	var best *labels.Matcher
	rank := func(m *labels.Matcher) int {
		switch m.Name {
		case "alertname", "name":
			return 3
		case "environment", "env", "tenant", "severity", "kind", "source":
			return 1
		}
		return 2
	}
	for _, m := range ms {
		if m.Type == labels.MatchEqual && m.Value != "" && (best == nil || rank(m) > rank(best)) {
			best = m
		}
	}
	return best
}

// Matching appends to into the indices of the rules that match s, in the order
// of the file.
func (s *Set) Matching(sig *schemas.Signal, into []int32) []int32 {
	start := len(into)
	for i := range s.index.names {
		n := &s.index.names[i]
		v := ValueOf(sig, n.name)
		if v == "" {
			continue
		}
		for _, r := range n.rules[v] {
			if matches(s.Rules[r].matchers, sig) {
				into = append(into, r)
			}
		}
	}
	for _, r := range s.index.scan {
		if matches(s.Rules[r].matchers, sig) {
			into = append(into, r)
		}
	}
	slices.Sort(into[start:])
	return into
}

// ProcedureFor returns the first procedure that matches s, or nil.
func (s *Set) ProcedureFor(sig *schemas.Signal) *Procedure {
	for i := range s.Procedures {
		if matches(s.Procedures[i].matchers, sig) {
			return &s.Procedures[i]
		}
	}
	return nil
}

func matches(ms labels.Matchers, s *schemas.Signal) bool {
	for _, m := range ms {
		if !m.Matches(ValueOf(s, m.Name)) {
			return false
		}
	}
	return true
}

// ValueOf returns what a matcher or a "by" list sees under name: the label, or
// the signal's own field where there is no such label.
func ValueOf(s *schemas.Signal, name string) string {
	if v := s.Labels.Get(name); v != "" {
		return v
	}
	switch name {
	case "alertname", "name":
		return s.Name
	case "kind":
		return string(s.Kind)
	case "source":
		return s.Source
	case "service":
		return s.Service
	case "instance":
		return s.Instance
	case "host":
		return s.Host
	case "severity":
		return string(s.Severity)
	case "team":
		return s.Team
	case "environment":
		return s.Environment
	case "tenant":
		return s.Tenant
	}
	return ""
}

// Matchers is a parsed list of matchers, for example of a maintenance window.
type Matchers struct{ ms labels.Matchers }

// ParseMatchers parses each text in Alertmanager's syntax.
func ParseMatchers(texts []string) (Matchers, error) {
	ms, err := parseMatchers(texts)
	return Matchers{ms}, err
}

// Match reports whether every matcher holds; an empty list never matches.
func (m Matchers) Match(s *schemas.Signal) bool {
	return len(m.ms) > 0 && matches(m.ms, s)
}

// Expressions are the regular expressions among the matchers.
func (m Matchers) Expressions() []string {
	var out []string
	for _, one := range m.ms {
		if one.Type == labels.MatchRegexp || one.Type == labels.MatchNotRegexp {
			out = append(out, one.Value)
		}
	}
	return out
}

// MatchLabels reports whether every matcher holds for the labels as they were
// sent, as Alertmanager sees them: nothing is derived or filled in.
func (m Matchers) MatchLabels(s *schemas.Signal) bool {
	for _, one := range m.ms {
		if !one.Matches(s.Labels.Get(one.Name)) {
			return false
		}
	}
	return len(m.ms) > 0
}
