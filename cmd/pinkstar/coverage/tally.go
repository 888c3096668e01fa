package coverage

import (
	"cmp"
	"slices"
	"strings"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Ways in which something is told other than by a label.
const (
	bySender   = "(the sender)"
	byDefault  = "(default)"
	byPod      = "(the pod's name)"
	byTopology = "(the topology)"
	byExporter = "(instance, by correlation.machine_jobs)"
)

const (
	maxAlerts   = 2_000_000 // told apart
	maxGaps     = 10_000    // kinds of alerts without a procedure
	maxLabels   = 1_000     // names of labels of alerts that are about nothing
	maxExamples = 3
	maxServices = 100 // named of a kind without a procedure
)

// Way is how many alerts had something told by a label, or otherwise.
type Way struct {
	By     string `json:"by"`
	Alerts int    `json:"alerts"`
}

// Alert is one as an example.
type Alert struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels"`
}

// Role is what became of one role over all alerts.
type Role struct {
	Role     string  `json:"role"`
	Told     int     `json:"told"`
	Nothing  int     `json:"nothing"`
	By       []Way   `json:"by"`
	Examples []Alert `json:"examples,omitempty"` // that told nothing
	Advice   string  `json:"advice,omitempty"`
}

// Gap is a kind of alert that no procedure matches, for some of its alerts at least.
type Gap struct {
	Name     string           `json:"name"`
	Severity schemas.Severity `json:"severity"` // the worst of them
	Alerts   int              `json:"alerts"`
	Services []string         `json:"services"` // they are about, maxServices at most
	// Runbooks are how many of them bring a runbook of their own.
	Runbooks int `json:"with_runbook"`
}

// Report is what was found.
type Report struct {
	Alerts     int `json:"alerts"`     // different ones
	Deliveries int `json:"deliveries"` // of them, in all
	Others     int `json:"others"`     // signals that are no alerts
	Suppressed int `json:"suppressed"` // by a rule, and not judged
	Beyond     int `json:"beyond,omitempty"`
	// Lost are alerts that are about nothing: no service, host, instance or namespace.
	Lost       int     `json:"about_nothing"`
	LostLabels []Way   `json:"about_nothing_labels,omitempty"` // which they do have
	Examples   []Alert `json:"about_nothing_examples,omitempty"`
	Roles      []Role  `json:"roles"`
	Uncovered  int     `json:"without_procedure"`
	Gaps       []Gap   `json:"gaps"`
	Procedures int     `json:"procedures"` // configured
	// Unknown are severities that were not understood.
	Unknown []Way `json:"unknown_severities,omitempty"`
}

// Tally counts.
type Tally struct {
	set     *rules.Set
	naming  schemas.Naming
	engine  *correlate.Engine
	seen    map[string]struct{}
	r       Report
	roles   []roleCount
	labels  map[string]int
	unknown map[string]int
	gaps    map[string]*Gap
	matched []int32
}

type roleCount struct {
	by       map[string]int
	nothing  int
	examples []Alert
}

// New returns an empty tally of what this configuration makes of alerts.
func New(set *rules.Set, topo *rules.Topology, naming schemas.Naming) *Tally {
	t := &Tally{set: set, naming: naming, engine: correlate.New(set, topo), seen: map[string]struct{}{},
		labels: map[string]int{}, unknown: map[string]int{}, gaps: map[string]*Gap{}}
	t.r.Procedures = len(set.Procedures)
	t.roles = make([]roleCount, len(naming.Roles()))
	for i := range t.roles {
		t.roles[i].by = map[string]int{}
	}
	return t
}

// Add counts a complete signal.
func (t *Tally) Add(s *schemas.Signal) {
	if s.Control() {
		return
	}
	if s.Kind != schemas.KindAlert {
		t.r.Others++
		return
	}
	t.r.Deliveries++
	key := s.Scope + "\x00" + s.Source + "\x00" + s.Fingerprint
	if _, known := t.seen[key]; known {
		return
	}
	if len(t.seen) == maxAlerts {
		t.r.Beyond++
		return
	}
	t.seen[key] = struct{}{}
	t.r.Alerts++
	if t.suppressed(s) {
		t.r.Suppressed++
		return
	}
	t.names(s)
	if t.set.ProcedureFor(s) == nil {
		t.uncovered(s)
	}
}

func (t *Tally) suppressed(s *schemas.Signal) bool {
	t.matched = t.set.Matching(s, t.matched[:0])
	return slices.ContainsFunc(t.matched, func(i int32) bool { return t.set.Rules[i].Action == rules.ActionSuppress })
}

// names counts what names what in s.
func (t *Tally) names(s *schemas.Signal) {
	subject := false
	for i, role := range t.naming.Roles() {
		by := t.by(s, role)
		c := &t.roles[i]
		if by == "" {
			if c.nothing++; len(c.examples) < maxExamples {
				c.examples = append(c.examples, exampleOf(s))
			}
			continue
		}
		c.by[by]++
		subject = subject || i < subjects
	}
	if subject {
		return
	}
	t.r.Lost++
	if len(t.r.Examples) < maxExamples {
		t.r.Examples = append(t.r.Examples, exampleOf(s))
	}
	for _, l := range s.Labels {
		if _, known := t.labels[l.Name]; !known && len(t.labels) == maxLabels || l.Name == "alertname" || t.meant(l.Name) {
			continue
		}
		t.labels[l.Name]++
	}
}

// meant reports whether a label names something already.
func (t *Tally) meant(name string) bool {
	return slices.ContainsFunc(t.naming.Roles(), func(r schemas.Role) bool { return slices.Contains(r.Labels, name) })
}

// subjects are how many of the roles, the first ones, say what an alert is about.
const subjects = 4

// by is what told the role of s, "" when nothing did.
func (t *Tally) by(s *schemas.Signal, role schemas.Role) string {
	value, label := s.Labels.Named(role.Labels)
	switch role.Name {
	case "service":
		return t.service(s, role.Labels)
	case "host":
		if label == "" && s.Host == "" && s.Instance != "" && slices.Contains(t.set.Correlation.MachineJobs, s.Labels.Get("job")) {
			return byExporter
		}
		return cmp.Or(label, sender(s.Host))
	case "instance":
		return cmp.Or(label, sender(s.Instance))
	case "namespace":
		return label
	case "team":
		return cmp.Or(label, sender(s.Team))
	case "environment":
		return cmp.Or(label, settled(s.Environment, t.naming.EnvironmentOf("")))
	case "tenant":
		return cmp.Or(label, settled(s.Tenant, t.naming.DefaultTenant))
	default: // severity
		if s.Severity != schemas.SeverityUnknown {
			return cmp.Or(label, bySender)
		}
		if value != "" && (len(t.unknown) < maxLabels || t.unknown[value] > 0) {
			t.unknown[value]++
		}
		return ""
	}
}

// service says what named the service that the engine would take.
func (t *Tally) service(s *schemas.Signal, names []string) string {
	service := t.engine.ServiceOf(s)
	if service == "" {
		return ""
	}
	for _, l := range names {
		if strings.TrimSpace(s.Labels.Get(l)) == service {
			return l
		}
	}
	switch {
	case s.Service == service:
		return bySender
	case s.Instance != "" && strings.HasPrefix(s.Instance, service):
		return byPod
	}
	return byTopology
}

func sender(value string) string {
	if value == "" {
		return ""
	}
	return bySender
}

func settled(value, usual string) string {
	if value == usual {
		return byDefault
	}
	return bySender
}

func (t *Tally) uncovered(s *schemas.Signal) {
	t.r.Uncovered++
	g := t.gaps[s.Name]
	if g == nil {
		if len(t.gaps) == maxGaps {
			return
		}
		g = &Gap{Name: s.Name, Severity: s.Severity}
		t.gaps[s.Name] = g
	}
	if s.Severity.Rank() > g.Severity.Rank() {
		g.Severity = s.Severity
	}
	if service := t.engine.ServiceOf(s); service != "" && len(g.Services) < maxServices && !slices.Contains(g.Services, service) {
		g.Services = append(g.Services, service)
	}
	g.Alerts++
	if s.Runbook != "" {
		g.Runbooks++
	}
}

func exampleOf(s *schemas.Signal) Alert { return Alert{s.Name, s.Labels.Map()} }

// Report returns what was counted so far.
func (t *Tally) Report() *Report {
	r := t.r
	r.LostLabels, r.Unknown = waysOf(t.labels), waysOf(t.unknown)
	judged := r.Alerts - r.Suppressed
	for i, role := range t.naming.Roles() {
		c := &t.roles[i]
		x := Role{Role: role.Name, Nothing: c.nothing, Told: judged - c.nothing, By: waysOf(c.by), Examples: c.examples}
		x.Advice = advice(&x, &r)
		r.Roles = append(r.Roles, x)
	}
	r.Gaps = make([]Gap, 0, len(t.gaps))
	for _, g := range t.gaps {
		slices.Sort(g.Services)
		r.Gaps = append(r.Gaps, *g)
	}
	slices.SortFunc(r.Gaps, func(a, b Gap) int {
		return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), strings.Compare(a.Name, b.Name))
	})
	return &r
}

// waysOf are the most frequent first.
func waysOf(counts map[string]int) []Way {
	out := make([]Way, 0, len(counts))
	for by, n := range counts {
		out = append(out, Way{by, n})
	}
	slices.SortFunc(out, func(a, b Way) int {
		return cmp.Or(cmp.Compare(b.Alerts, a.Alerts), strings.Compare(a.By, b.By))
	})
	return out
}
