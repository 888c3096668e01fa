package web

import (
	"github.com/prometheus/client_golang/prometheus"

	"pinkstar/schemas"
)

// viewMetrics reports the live view when it is scraped.
type viewMetrics struct{ view *View }

var (
	descStanding  = prometheus.NewDesc("pinkstar_incidents", "Incidents that are not closed, in the live view, by status and severity.", []string{"status", "severity"}, nil)
	descIncidents = prometheus.NewDesc("pinkstar_web_view_incidents", "Incidents in the live view.", []string{"state"}, nil)
	descProblems  = prometheus.NewDesc("pinkstar_web_view_problems", "Problems in the live view.", nil, nil)
	descDropped   = prometheus.NewDesc("pinkstar_web_view_dropped_total", "Revisions that the live view had no room for (web.max_open, web.max_problems).", nil, nil)
)

// Describe names what there is.
func (m *viewMetrics) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descStanding, descIncidents, descProblems, descDropped} {
		ch <- d
	}
}

// Collect counts.
func (m *viewMetrics) Collect(ch chan<- prometheus.Metric) {
	open, closed, problems, dropped := m.view.Size()
	ch <- prometheus.MustNewConstMetric(descIncidents, prometheus.GaugeValue, float64(open), "open")
	ch <- prometheus.MustNewConstMetric(descIncidents, prometheus.GaugeValue, float64(closed), "closed")
	ch <- prometheus.MustNewConstMetric(descProblems, prometheus.GaugeValue, float64(problems))
	ch <- prometheus.MustNewConstMetric(descDropped, prometheus.CounterValue, float64(dropped))
	for s, n := range m.view.standings() {
		severity := string(s.severity)
		if s.severity == schemas.SeverityUnknown {
			severity = "unknown"
		}
		ch <- prometheus.MustNewConstMetric(descStanding, prometheus.GaugeValue, float64(n), string(s.status), severity)
	}
}

// standing is where an incident stands and how bad it is.
type standing struct {
	status   schemas.IncidentStatus
	severity schemas.Severity
}

// standings counts the incidents that are not closed. Every combination is there,
// if with 0, so that a rule need not tell none from unknown.
func (v *View) standings() map[standing]int {
	out := map[standing]int{}
	for _, st := range []schemas.IncidentStatus{schemas.IncidentOpen, schemas.IncidentAcknowledged, schemas.IncidentMitigated, schemas.IncidentResolved} {
		for _, sev := range []schemas.Severity{schemas.SeverityCritical, schemas.SeverityMajor, schemas.SeverityWarning, schemas.SeverityInfo, schemas.SeverityUnknown} {
			out[standing{st, sev}] = 0
		}
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	for inc := range v.incidents.All() {
		if inc.Status != schemas.IncidentClosed {
			out[standing{inc.Status, inc.Severity}]++
		}
	}
	return out
}
