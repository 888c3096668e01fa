package sim

import (
	"fmt"
	"regexp"
	"strings"

	"pinkstar/schemas"
)

// style is how a team labels its alerts. Every combination here was seen in
// the wild; no team uses all of them.
type style struct {
	service   string // label that holds the service
	env       string // label that holds the environment, "" for none
	envValue  string
	exporter  bool   // job is the exporter's, not the service's
	pod       string // label for the pod
	podOnly   bool   // pod alerts carry no service
	probe     bool   // probes know nothing but a URL
	namespace bool
	team      bool
	severity  string // label that holds the severity
	words     [4]string
}

var severityWords = [][4]string{
	{"critical", "critical", "warning", "info"},
	{"critical", "major", "warning", "info"},
	{"page", "high", "warn", "notice"},
	{"P1", "P2", "P3", "P4"},
}

func newStyle(d dice) style {
	s := style{
		service:   d.pick("service", "service", "app", "app", "job", "service_name", "service_name", "app_kubernetes_io_name"),
		env:       d.pick("env", "env", "environment", "environment", ""),
		envValue:  d.pick("prod", "production", "prod", "live"),
		exporter:  d.chance(0.5),
		pod:       d.pick("pod", "pod", "pod_name"),
		podOnly:   d.chance(0.35),
		probe:     d.chance(0.5),
		namespace: d.chance(0.7),
		team:      d.chance(0.4),
		severity:  d.pick("severity", "severity", "severity", "priority"),
		words:     severityWords[d.IntN(len(severityWords))],
	}
	if s.service == "job" {
		s.exporter = false
	}
	return s
}

// rule is one alerting rule of the vocabulary.
type rule struct {
	class, name, severity, text string
	wait                        int64 // its for: clause, milliseconds
}

// subject is what an alert is about: a service, one of its instances, or a
// host.
type subject struct {
	service, instance, host int // -1: not
}

func ofService(i int) subject { return subject{i, -1, -1} }

// labelled writes an alert as the owning team would. from is the service that
// its trouble comes from, or nowhere.
func (e *estate) labelled(r rule, on subject, from int, d dice) schemas.Signal {
	m := map[string]string{"alertname": r.name}
	st := style{service: "service", severity: "severity", words: severityWords[0], pod: "pod"}
	if on.service >= 0 {
		s := e.services[on.service]
		st = s.style
		switch {
		case st.probe && strings.HasPrefix(r.name, "Blackbox"):
			m["job"], m["instance"] = "blackbox", "https://"+s.name+".example.com/healthz"
		case st.namespace && on.instance < 0 && d.chance(0.04): // a query that summed the service away
		default:
			e.serviceLabels(m, s, on, d)
		}
		if st.team {
			m["team"] = s.team
		}
		if st.namespace {
			m["namespace"] = s.family
		}
	} else {
		h := e.hosts[on.host]
		m["instance"] = h.name + ":9100"
		m["job"] = "node-exporter"
		m["region"] = h.region
		if d.chance(0.3) {
			m["node"] = h.name
		}
	}
	if st.env != "" {
		m[st.env] = st.envValue
	}
	m[st.severity] = st.words[severityRank(r.severity)]
	sig := schemas.Signal{Kind: schemas.KindAlert, Source: "alertmanager", Status: schemas.StatusFiring, Name: r.name}
	sig.Labels = schemas.LabelsOf(m)
	sig.Summary = e.text(r, on, from)
	sig.Annotations = schemas.LabelsOf(map[string]string{"summary": sig.Summary})
	return sig
}

// text is what the alert says. Where a rule speaks of a dependency, half of the
// services name it: the one the trouble comes from, or any, since one that is
// itself ill complains of others too.
func (e *estate) text(r rule, on subject, from int) string {
	if on.service < 0 {
		return r.text
	}
	s := e.services[on.service]
	odd := len(s.name) + len(r.name) // no die: it would make other worlds of all seeds
	if odd%2 == 1 || len(s.deps) == 0 {
		return r.text
	}
	if from < 0 {
		from = s.deps[odd/2%len(s.deps)]
	}
	return dependency.ReplaceAllLiteralString(r.text, e.services[from].name)
}

var dependency = regexp.MustCompile(`\b[Aa] dependency\b`)

// serviceLabels names the service, or only what the rule's own metrics have: a
// pod, or an exporter's target.
func (e *estate) serviceLabels(m map[string]string, s *service, on subject, d dice) {
	st := s.style
	if on.instance < 0 {
		m[st.service] = s.name
		if st.exporter && st.service != "job" {
			m["job"] = d.pick("blackbox", "kubernetes-pods", "otel-collector")
		}
		return
	}
	in := e.instances[on.instance]
	switch {
	case s.exporter != "" && st.exporter: // a database behind its exporter
		m["job"] = s.exporter
		m["instance"] = in.name + ":" + s.port
		if !st.podOnly {
			m[st.service] = s.name
		}
	case s.exporter != "":
		m[st.service] = s.name
		m["instance"] = in.addr
	default:
		m[st.pod] = in.name
		if !st.podOnly {
			m[st.service] = s.name
		} else if st.exporter {
			m["job"] = "kube-state-metrics"
		}
		if named := d.chance(0.3); named || e.placed {
			m["node"] = e.hosts[in.host].name
		}
	}
}

func severityRank(s string) int {
	switch s {
	case "critical":
		return 0
	case "major":
		return 1
	case "info":
		return 3
	default:
		return 2
	}
}

// vocabularyLine parses one line of the embedded rules.
func vocabularyLine(line string) (rule, error) {
	f := strings.Split(line, "\t")
	if len(f) != 5 {
		return rule{}, fmt.Errorf("vocabulary: %q has %d fields, want 5", line, len(f))
	}
	var secs int64
	if _, err := fmt.Sscan(f[3], &secs); err != nil {
		return rule{}, fmt.Errorf("vocabulary: %q: seconds: %w", line, err)
	}
	return rule{class: f[0], name: f[1], severity: f[2], wait: secs * schemas.Second, text: f[4]}, nil
}
