package coverage

import (
	"fmt"
	"strings"
)

// Found reports whether there is something to be done: alerts that are about nothing,
// severities that were not understood, or, where there are procedures, alerts without.
func (r *Report) Found() bool {
	return r.Lost > 0 || len(r.Unknown) > 0 || r.Procedures > 0 && r.Uncovered > 0
}

// advice is what to do about alerts that told nothing of a role, "" for nothing: an
// alert that names a service needs no host, instance or namespace.
func advice(x *Role, r *Report) string {
	if x.Nothing == 0 {
		return ""
	}
	switch x.Role {
	case "service":
		if r.Lost == 0 {
			return "these are about a host, an instance or a namespace, which may be right; else name the label in labels.service"
		}
		return "name the label in labels.service, or give the alerting rules one; a service of the topology is also known by its pods and hosts"
	case "team":
		return "name the label in labels.team; or procedures with an owner say whose it is"
	case "severity":
		if len(r.Unknown) > 0 {
			return "not understood: " + list(r.Unknown, 5) + "; write critical, major, warning or info, or what stands for them (page, p1-p5, sev1-sev5, ...)"
		}
		return "give the alerting rules a severity, or name its label in labels.severity"
	}
	return ""
}

// list names the most frequent of ways.
func list(ways []Way, most int) string {
	var out []string
	for i, w := range ways {
		if i == most {
			out = append(out, fmt.Sprintf("%d more", len(ways)-most))
			break
		}
		out = append(out, fmt.Sprintf("%s %d", w.By, w.Alerts))
	}
	return strings.Join(out, ", ")
}
