package app

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/prometheus/client_golang/prometheus"
)

// described is what a process with every role offers at /metrics, by name, with
// the labels of each. Counters with labels are there before they count.
func described(reg *prometheus.Registry) map[string][]string {
	ch := make(chan *prometheus.Desc)
	go func() {
		defer close(ch)
		reg.Describe(ch)
	}()
	form := regexp.MustCompile(`^Desc\{fqName: "([^"]+)", .*constLabels: \{(.*?)\}, variableLabels: \{(.*?)\}\}$`)
	label := regexp.MustCompile(`[a-z_]+`)
	out := map[string][]string{}
	for d := range ch {
		m := form.FindStringSubmatch(d.String())
		if m == nil {
			continue
		}
		constant := regexp.MustCompile(`"[^"]*"`).ReplaceAllString(m[2], "")
		out[m[1]] = append(label.FindAllString(constant, -1), label.FindAllString(m[3], -1)...)
	}
	return out
}

var (
	metricName = regexp.MustCompile(`\b((?:pinkstar|process|go)_[a-z0-9_]+)\b`)
	grouped    = regexp.MustCompile(`\bby \(([a-z_, ]+)\)`)
	suffix     = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// strangers are the metrics and labels of a query that nobody offers. Prometheus
// itself adds the labels job and instance.
func strangers(query string, offered map[string][]string) (bad []string) {
	labels := []string{"job", "instance", "le"}
	names := metricName.FindAllString(query, -1)
	for _, n := range names {
		have, ok := offered[n]
		if !ok {
			have, ok = offered[suffix.ReplaceAllString(n, "")]
		}
		if !ok {
			bad = append(bad, n)
		}
		labels = append(labels, have...)
	}
	for _, m := range grouped.FindAllStringSubmatch(query, -1) {
		for l := range strings.SplitSeq(m[1], ",") {
			if l = strings.TrimSpace(l); !slices.Contains(labels, l) && len(names) > 0 {
				bad = append(bad, "by "+l)
			}
		}
	}
	return bad
}

// TestWhatWatchesPinkstarNamesMetricsThatThereAre: the alert rules and the
// dashboard of deploy/ ask for nothing that /metrics does not have.
func TestWhatWatchesPinkstarNamesMetricsThatThereAre(t *testing.T) {
	i := install(t)
	offered := described(i.reg)
	if len(strangers(`sum by (sauce) (rate(pinkstar_gateway_signals_totally[5m]))`, offered)) != 2 {
		t.Fatal("a metric and a label that nobody has are not seen")
	}
	const deploy = "../../../deploy/"
	queries := append(ruleQueries(t, deploy+"prometheus/pinkstar.rules.yaml"), dashboardQueries(t, deploy+"grafana/dashboards/pinkstar.json")...)
	if len(queries) < 30 {
		t.Fatalf("only %d queries were found", len(queries))
	}
	for _, q := range queries {
		if bad := strangers(q, offered); len(bad) > 0 {
			t.Errorf("%s: nobody offers %v", q, bad)
		}
	}
}

func ruleQueries(t *testing.T, file string) (queries []string) {
	t.Helper()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &rules); err != nil {
		t.Fatal(err)
	}
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			queries = append(queries, r.Expr)
			if r.Annotations["summary"] == "" || r.Annotations["description"] == "" || r.Labels["severity"] == "" {
				t.Errorf("%s does not say how bad it is and what to do", r.Alert)
			}
		}
	}
	return queries
}

func dashboardQueries(t *testing.T, file string) (queries []string) {
	t.Helper()
	var board struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, q := range p.Targets {
			queries = append(queries, q.Expr)
		}
	}
	return queries
}
