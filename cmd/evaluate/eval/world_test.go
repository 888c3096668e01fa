package eval

import (
	"os"
	"path/filepath"
	"testing"
)

func TestReadWorld(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"topology.yaml": "services:\n  db: {}\n  web: {depends_on: [db]}\n",
		"events.ndjson": `{"received_at":"2026-01-01T00:00:05Z","payload":{"alerts":[{"status":"firing","labels":{"alertname":"DbDown","service":"db"},"annotations":{"summary":"down"},"startsAt":"2026-01-01T00:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"f1"},{"status":"firing","labels":{"alertname":"Noise","service":"web"},"annotations":{},"startsAt":"2026-01-01T00:00:01Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"f2"}]}}
{"received_at":"2026-01-01T00:05:05Z","payload":{"alerts":[{"status":"resolved","labels":{"alertname":"DbDown","service":"db"},"annotations":{},"startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T00:05:00Z","fingerprint":"f1"}]}}
`,
		"truth.ndjson": `{"line":1,"index":0,"fault":"a","root_service":"db","first":true}
{"line":1,"index":1,"fault":null,"first":true}
{"line":2,"index":0,"fault":"a","first":false}
`,
		"faults.ndjson": `{"id":"a","root_service":"db","root_aliases":["db-0"],"start":"2026-01-01T00:00:00Z","end":"2026-01-01T00:05:00Z"}
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	d, err := ReadWorld(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(d.Signals) != 3 || len(d.Faults) != 1 || len(d.Faults[0].Roots) != 2 {
		t.Fatalf("%d signals, faults %+v", len(d.Signals), d.Faults)
	}
	first, noise, end := &d.Signals[0], &d.Signals[1], &d.Signals[2]
	if !first.Scored() || first.Truth() != "a" || first.Service != "db" || first.Name != "DbDown" {
		t.Errorf("the first: %+v", first)
	}
	if !noise.Scored() || noise.Fault != "" || noise.Truth() == "" {
		t.Errorf("the noise: %+v", noise)
	}
	if end.Scored() || end.EndsAt == 0 || end.StartsAt != first.StartsAt {
		t.Errorf("the recovery: %+v", end)
	}
	s, err := Judge(Engine{}, d)
	if err != nil || s.Items != 2 {
		t.Errorf("%d judged, %v", s.Items, err)
	}
}
