package main

import (
	"encoding/json"
	"strings"
	"testing"

	"pinkstar/cmd/pinkstar/coverage"
)

// Alerts in whatever form people have them, and what a script learns from it.
func TestConfigCheckAgainstAlerts(t *testing.T) {
	const labels = `{"alertname":"Down","service":"shield","severity":"page"}`
	alert := `{"labels":` + labels + `,"annotations":{},"startsAt":"2026-11-22T10:00:00Z","endsAt":"0001-01-01T00:00:00Z","fingerprint":"0a1b2c3d4e5f6071"`
	signal := `{"name":"Down","source":"alertmanager","labels":` + labels + `,"starts_at":"2026-11-22T10:00:00Z"}`
	for what, text := range map[string]string{
		"the webhook":     alertmanagerBody(stormStart, [2]string{"Down", "shield"}),
		"API v2":          "[\n" + alert + `,"status":{"state":"active","silencedBy":[],"inhibitedBy":[]},"receivers":[{"name":"x"}],"updatedAt":"2026-11-22T10:00:00Z"}` + "\n]",
		"signals":         signal + "\n" + signal + "\n",
		"a signal":        signal,
		"recorded":        `{"source":"alertmanager","received_at":"2026-11-22T10:00:20Z","payload":` + alertmanagerBody(stormStart, [2]string{"Down", "shield"}) + "}\n" + signal,
		"with a bad line": signal + "\nnot json\n",
	} {
		got := command(t, text, "config", "check", "--against", "-", "--json")
		var r coverage.Report
		if err := json.Unmarshal([]byte(got.out), &r); err != nil || got.code != exitOK || r.Alerts == 0 || r.Roles[0].Role != "service" || r.Roles[0].By[0] != (coverage.Way{By: "service", Alerts: r.Alerts}) {
			t.Errorf("%s: %d %v\n%s%s", what, got.code, err, got.out, got.err)
		}
		if (what == "with a bad line") != strings.Contains(got.err, "1 could not be read") {
			t.Errorf("%s: said %q", what, got.err)
		}
	}
	procedures := file(t, "rules.yaml", "procedures: [{name: p, match: ['service=\"turret\"'], owner: x}]\n")
	for _, c := range []struct {
		in, args, out, err string
		code               int
	}{
		{signal, "--against -", "NO PROCEDURE: 1 alert; none is configured", "", exitOK},
		{signal, "--against - --rules " + procedures, "matched by none of 1", "", exitFound},
		{signal, "--against - --signals", `"scope":"default/production"`, "", exitOK},
		{"groups:\n  - name: x\n", "--against -", "", "neither JSON nor a calendar", exitFailed},
		{"{\n", "--against -", "", "want a member's name", exitFailed},
		{"", "--against /there/is/none", "", "no such file", exitFailed},
		{"", "--against - --against-history", "", "give one of them", exitUsage},
		{"", "--against-history --since lately", "", "--since", exitUsage},
		{"", "--against-history --data /there/is/none", "", "no pinkstar is running", exitUsage},
	} {
		got := command(t, c.in, strings.Fields("config check "+c.args)...)
		if got.code != c.code || !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) {
			t.Errorf("%s: %d\n%s%s", c.args, got.code, got.out, got.err)
		}
	}
}
