package ingest

import (
	"bytes"
	"os"
	"testing"
	"text/template"

	"github.com/goccy/go-yaml"

	"pinkstar/schemas"
)

// Argo CD has no form of its own: what our template for it makes of an
// application is a change.
func TestArgoCDsTemplateTellsChanges(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../deploy/senders/argocd.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var config struct{ Data map[string]string }
	if err := yaml.Unmarshal(text, &config); err != nil {
		t.Fatal(err)
	}
	var body struct {
		Webhook struct{ Pinkstar struct{ Body string } }
	}
	if err := yaml.Unmarshal([]byte(config.Data["template.pinkstar-change"]), &body); err != nil {
		t.Fatal(err)
	}
	made, err := template.New("argocd").Parse(body.Webhook.Pinkstar.Body)
	if err != nil {
		t.Fatal(err)
	}
	app := func(phase, finished string, labels map[string]any) map[string]any {
		state := map[string]any{"phase": phase, "startedAt": "2026-11-22T10:00:00Z"}
		if finished != "" {
			state["finishedAt"] = finished
		}
		return map[string]any{"app": map[string]any{
			"metadata": map[string]any{"name": "checkout", "labels": labels},
			"status":   map[string]any{"operationState": state, "sync": map[string]any{"revision": "9f2c61a"}},
		}}
	}
	tr := NewTranslator(schemas.DefaultNaming(), DefaultConfig().Limits)
	var ids []string
	for _, c := range []struct {
		app         map[string]any
		status      schemas.Status
		environment string
	}{
		{app("Running", "", map[string]any{"environment": "stg"}), schemas.StatusStarted, "staging"},
		{app("Failed", "2026-11-22T10:02:00Z", nil), schemas.StatusFinished, "production"},
	} {
		var sent bytes.Buffer
		if err := made.Execute(&sent, c.app); err != nil {
			t.Fatal(err)
		}
		got, err := tr.Translate(SourceSignals, sent.Bytes(), Meta{ReceivedAt: 1795342800000})
		if err != nil || len(got) != 1 {
			t.Fatalf("%v\n%s", err, sent.String())
		}
		if s := got[0]; s.Kind != schemas.KindChange || s.Status != c.status || s.Environment != c.environment || s.Service != "checkout" ||
			s.Change.Version != "9f2c61a" || s.StartsAt.String() != "2026-11-22T10:00:00.000Z" || (s.EndsAt == 0) != (c.status == schemas.StatusStarted) {
			t.Errorf("%+v %+v", s, s.Change)
		}
		ids = append(ids, got[0].Fingerprint)
	}
	if ids[0] != ids[1] {
		t.Errorf("two changes: %q", ids)
	}
}
