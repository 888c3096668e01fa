package ingest

import (
	"pinkstar/schemas"
	"pinkstar/schemas/jsonscan"
)

// SourceGrafana is Grafana Alerting's webhook.
const SourceGrafana Source = "grafana"

var grafana = sender{
	name: SourceGrafana, path: "/webhook/grafana", topic: schemas.TopicAlerts,
	signature: signature{header: "X-Grafana-Alerting-Signature"},
	looks:     looksLikeGrafana,
	hint:      "alerts with orgId",
	read:      (*batch).grafana,
}

func looksLikeGrafana(m members) bool {
	return m.have("alerts") && m["version"].text != "4" && m.any("orgId", "state") ||
		looksLikeAlert(m) && m.any("ruleUID", "valueString", "dashboardURL", "panelURL", "silenceURL")
}

// grafana reads Grafana Alerting's webhook: Alertmanager's shape with version
// "1" and more on each alert.
func (b *batch) grafana(r *jsonscan.Reader) error {
	return b.alertGroup(r, SourceGrafana, readGrafanaAlert)
}

func readGrafanaAlert(r *jsonscan.Reader, s *schemas.Signal) error {
	s.Kind = schemas.KindAlert
	var panel, dashboard, rule, values string
	err := r.Object(func(name string) (err error) {
		switch name {
		case "panelURL":
			panel, err = r.Text()
		case "dashboardURL":
			dashboard, err = r.Text()
		case "valueString":
			values, err = r.Text()
		case "ruleUID":
			rule, err = r.Text()
		default:
			err = readAlertField(r, s, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	finishAlert(s)
	if isGrafanaTest(s) && rule == "" {
		return errTest
	}
	for _, url := range []string{dashboard, panel} { // the panel shows most
		if url != "" {
			s.URL = url
		}
	}
	s.Annotations = with(s.Annotations, "grafana_values", values)
	s.Annotations = with(s.Annotations, "grafana_rule_uid", rule)
	return nil
}

// isGrafanaTest knows what a contact point's Test button sends; nobody would ever
// resolve it.
func isGrafanaTest(s *schemas.Signal) bool {
	return s.Name == "TestAlert" && s.Labels.Get("instance") == "Grafana"
}

// with returns ls with one more label, unless the value is empty or the name
// is taken.
func with(ls schemas.Labels, name, value string) schemas.Labels {
	if value == "" || ls.Get(name) != "" {
		return ls
	}
	m := ls.Map()
	m[name] = value
	return schemas.LabelsOf(m)
}
