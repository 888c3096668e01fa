package coverage

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

func tally(t *testing.T, text, topology string, naming schemas.Naming, alerts ...map[string]string) *Report {
	t.Helper()
	set, err := rules.Parse("rules", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if set, _, err = set.Named(&naming); err != nil {
		t.Fatal(err)
	}
	topo, err := rules.ParseTopology("topology", []byte(topology))
	if err != nil {
		t.Fatal(err)
	}
	c := New(set, topo, naming)
	for _, labels := range alerts {
		s := schemas.Signal{Source: "alertmanager", ReceivedAt: 1_790_000_000_000, Labels: schemas.LabelsOf(labels)}
		if err := naming.Complete(&s); err != nil {
			t.Fatal(err)
		}
		c.Add(&s)
	}
	return c.Report()
}

func (r *Report) role(name string) Role {
	for _, x := range r.Roles {
		if x.Role == name {
			return x
		}
	}
	return Role{}
}

func TestWhatNamesWhat(t *testing.T) {
	naming := schemas.DefaultNaming()
	alerts := []map[string]string{
		{"alertname": "A", "app": "web", "job": "ksm", "severity": "page", "team": "t"},
		{"alertname": "A", "app": "web", "job": "ksm", "severity": "page", "team": "t"}, // told again
		{"alertname": "B", "pod": "cart-6d5f7c9b8d-x2x7q", "job": "ksm", "severity": "warning"},
		{"alertname": "C", "instance": "10.0.0.1:9100", "job": "node-exporter", "severity": "warning"},
		{"alertname": "D", "instance": "db-1", "severity": "purple", "env": "stage"},
		{"alertname": "E", "queue": "mails", "severity": "info", "tenant": "acme"},
		{"alertname": "Watchdog"},
	}
	text := `
rules: [{name: signs of life, match: ['alertname="Watchdog"'], action: suppress}]
procedures: [{name: p, match: ['service="web"'], owner: web}]
`
	r := tally(t, text, "services: {orders: {instances: [db-1]}}", naming, alerts...)
	if r.Alerts != 6 || r.Deliveries != 7 || r.Suppressed != 1 || r.Lost != 1 || r.Uncovered != 4 || !r.Found() {
		t.Errorf("%+v", r)
	}
	for role, want := range map[string]string{
		"service": "3 [{(the pod's name) 1} {(the topology) 1} {app 1}]", "host": "1 [{" + byExporter + " 1}]", "instance": "3 [{instance 2} {pod 1}]",
		"environment": "5 [{(default) 4} {env 1}]", "tenant": "5 [{(default) 4} {tenant 1}]", "team": "1 [{team 1}]", "severity": "4 [{severity 4}]",
	} {
		if x := r.role(role); fmt.Sprint(x.Told, " ", x.By) != want || x.Told+x.Nothing != 5 {
			t.Errorf("%s: %d %v and nothing %d, want %s", role, x.Told, x.By, x.Nothing, want)
		}
	}
	var b strings.Builder
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"6 alerts, told 7 times", "not understood: purple 1", `E {queue="mails", severity="info", tenant="acme"}`,
		"no meaning yet: queue 1", "NO PROCEDURE: 4 alerts, matched by none of 1", "suppressed by a rule, and not judged: 1"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not said:\n%s", want, b.String())
		}
	}

	naming.Service = append(naming.Service, "queue")
	if r := tally(t, text, "", naming, alerts...); r.Lost != 0 || r.role("service").By[0].By == "" {
		t.Errorf("with the label named there are still %d about nothing", r.Lost)
	}
}

// The exit code is that of what has to be done, and of nothing else.
func TestFound(t *testing.T) {
	naming := schemas.DefaultNaming()
	whole := map[string]string{"alertname": "A", "service": "web", "severity": "page"}
	for _, c := range []struct {
		text   string
		labels map[string]string
		want   bool
	}{
		{"", whole, false},
		{"procedures: [{name: p, match: ['alertname=\"A\"'], owner: web}]", whole, false},
		{"procedures: [{name: p, match: ['alertname=\"B\"'], owner: web}]", whole, true},
		{"", map[string]string{"alertname": "A", "severity": "page"}, true},
		{"", map[string]string{"alertname": "A", "service": "web", "severity": "dire"}, true},
		{"", map[string]string{"alertname": "A", "host": "m1"}, false},
	} {
		if r := tally(t, c.text, "", naming, c.labels); r.Found() != c.want {
			t.Errorf("%q with %v: found %t", c.labels, c.text, r.Found())
		}
	}
}

// Every alert is told or tells nothing, for each role; and who names a service to the
// engine is in the table.
func TestCountsReconcile(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	naming := schemas.DefaultNaming()
	names := []string{"service", "app", "job", "pod", "instance", "node", "container", "namespace", "severity", "team", "env", "queue"}
	values := []string{"web", "cart-6d5f7c9b8d-x2x7q", "node-exporter", "critical", "m1:9100", " ", "x"}
	for range 30 {
		var alerts []map[string]string
		for i := range r.IntN(50) {
			a := map[string]string{"alertname": fmt.Sprint("A", i%7)}
			for range r.IntN(6) {
				a[names[r.IntN(len(names))]] = values[r.IntN(len(values))]
			}
			alerts = append(alerts, a)
		}
		got := tally(t, "", "", naming, alerts...)
		uncovered := 0
		for _, g := range got.Gaps {
			uncovered += g.Alerts
		}
		if uncovered != got.Uncovered || got.Alerts > got.Deliveries || got.Deliveries != len(alerts) {
			t.Fatalf("%+v", got)
		}
		for _, x := range got.Roles {
			told := 0
			for _, w := range x.By {
				told += w.Alerts
			}
			if told != x.Told || told+x.Nothing != got.Alerts {
				t.Fatalf("%s: %+v of %d", x.Role, x, got.Alerts)
			}
		}
	}
}
