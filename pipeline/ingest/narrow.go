package ingest

import (
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"pinkstar/schemas"
)

// narrow has the labels of a window that suppresses, and names no matchers, say
// what it means: of its services only what does not contradict them, and without
// a service what has them all. A window for one cluster of a service is none for
// the others.
func narrow(n *schemas.Naming, s *schemas.Signal) {
	if s.Kind != schemas.KindMaintenance || s.Change == nil || !s.Change.Suppress || len(s.Change.Matchers) > 0 {
		return
	}
	services := slices.Concat([]string{s.Service}, s.Change.Services)
	services = slices.DeleteFunc(services, func(v string) bool { return v == "" })
	var matchers []string
	for name, value := range ownLabels(n, s) {
		expression := regexp.QuoteMeta(value)
		if name == "instance" || name == "host" { // without its port, which labels have
			expression += "(:[0-9]+)?"
		}
		if len(services) > 0 {
			expression += "|"
		}
		matchers = append(matchers, matcherName(name)+"=~"+quoteMatcher(expression))
	}
	if len(matchers) == 0 {
		return
	}
	slices.Sort(matchers)
	if len(services) > 0 {
		for i := range services {
			services[i] = regexp.QuoteMeta(services[i])
		}
		matchers = append([]string{"service=~" + quoteMatcher(strings.Join(services, "|"))}, matchers...)
	}
	s.Change.Matchers = matchers
}

// ownLabels are those of a window by which alerts are told apart: not those that
// say whose it is, how grave or which scope, which stand in fields of their own.
func ownLabels(n *schemas.Naming, s *schemas.Signal) map[string]string {
	fields := slices.Concat(n.Service, n.Environment, n.Tenant, n.Team, n.Severity, n.Instance, n.Host, n.Scope)
	out := map[string]string{}
	for _, l := range s.Labels {
		if l.Value != "" && !slices.Contains(fields, l.Name) {
			out[l.Name] = l.Value
		}
	}
	for name, value := range map[string]string{"instance": s.Instance, "host": s.Host} {
		if value != "" {
			out[name] = value
		}
	}
	return out
}

// matcherName is a label's name as it stands in a matcher: any UTF-8, quoted
// where the older form needs it.
func matcherName(name string) string {
	if model.LegacyValidation.IsValidLabelName(name) {
		return name
	}
	return quoteMatcher(name)
}
