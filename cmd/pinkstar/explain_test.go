package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const explainLog = `{"name":"Down","source":"t","labels":{"service":"db"},"starts_at":"2026-11-22T10:00:00Z","received_at":"2026-11-22T10:00:00Z"}
{"name":"Errors","source":"t","labels":{"service":"api"},"starts_at":"2026-11-22T10:00:20Z","received_at":"2026-11-22T10:00:20Z"}
{"name":"Login","source":"t","labels":{"service":"sso","realm":"r1"},"starts_at":"2026-11-22T10:02:00Z","received_at":"2026-11-22T10:02:00Z"}
{"name":"Login","source":"t","labels":{"service":"idp","realm":"r1"},"starts_at":"2026-11-22T10:14:00Z","received_at":"2026-11-22T10:14:00Z"}
`

const explainTopology = "services:\n  db: {}\n  api: {depends_on: [db]}\n"

func realmRules(window string) string {
	return "rules:\n  - {name: by-realm, match: ['realm!=\"\"'], by: [realm], window: " + window + "}\n"
}

var incidentID = regexp.MustCompile(`INC-[0-9A-Z]{12}`)

func TestExplainALog(t *testing.T) {
	log, topo, set := file(t, "log.ndjson", explainLog), file(t, "topology.yaml", explainTopology), file(t, "rules.yaml", realmRules("10m"))
	var ids []string
	for line := range strings.Lines(command(t, "", "replay", log, "--rules", set, "--topology", topo).out) {
		ids = append(ids, incidentID.FindString(line))
	}
	if len(ids) != 3 {
		t.Fatalf("%d incidents, want 3", len(ids))
	}
	base := []string{"explain", "--log", log, "--rules", set, "--topology", topo}
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{[]string{ids[0]}, exitOK, []string{"api depends on db, which was affected first", " needed: ", "may have started at db"}},
		{[]string{ids[1], "--with", ids[2], "--what-if", "rules[by-realm].window=15m"}, exitOK,
			[]string{"12 min away", "With rules[by-realm].window 15m (now 10m)", "this one would join", "Login on idp"}},
		{[]string{"INC-000000000000"}, exitFailed, []string{"neither a signal nor an incident"}},
		{[]string{ids[0], "--with", "x"}, exitFailed, []string{"x: neither"}},
		{[]string{ids[0], "--what-if", "correlation.jion=1"}, exitUsage, []string{"jion"}},
	} {
		got := command(t, "", append(base, c.args...)...)
		for _, w := range c.says {
			if !strings.Contains(got.out+got.err, w) {
				t.Errorf("%v: %q is missing in:\n%s%s", c.args, w, got.out, got.err)
			}
		}
		if got.code != c.code {
			t.Errorf("%v: exit code %d, want %d", c.args, got.code, c.code)
		}
	}
	var x struct {
		Members []struct{ Score, Threshold int64 }
	}
	got := command(t, "", append(base, ids[0], "--json")...)
	if err := json.Unmarshal([]byte(got.out), &x); err != nil || len(x.Members) != 2 || x.Members[1].Score < x.Members[1].Threshold {
		t.Errorf("%v: %s", err, got.out)
	}
	if got := command(t, "", "explain", ids[0], "--data", t.TempDir()); got.code != exitUsage || !strings.Contains(got.err, "no pinkstar runs on the data directory") {
		t.Errorf("without a log: %+v", got)
	}
	dead := t.TempDir() // its process was killed
	if err := os.WriteFile(filepath.Join(dead, "endpoints.json"), []byte(`{"pid":1,"http":"127.0.0.1:1"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, "", "explain", ids[0], "--data", dead); got.code != exitFailed || !strings.Contains(got.err, "no longer runs") || !strings.Contains(got.err, "--log FILE") {
		t.Errorf("of a dead process: %+v", got)
	}
}

func TestBacktestExitCodes(t *testing.T) {
	log, old, wide := file(t, "log.ndjson", explainLog), file(t, "old.yaml", realmRules("10m")), file(t, "new.yaml", realmRules("15m"))
	config := file(t, "pinkstar.yaml", "rules_file: "+old+"\n")
	for _, c := range []struct {
		args string
		code int
		says string
	}{
		{"--old " + old + " --rules " + wide, exitFound, "1 joined"},
		{"--config " + config + " --rules " + wide, exitFound, "1 joined"},
		{"--old " + old + " --rules " + old, exitOK, "No incident differs."},
		{"--old " + old + " --rules " + wide + " --fail-on never", exitOK, "1 joined"},
		{"--old " + old + " --rules " + wide + " --fail-on split,worse", exitOK, "1 joined"},
		{"--old " + wide + " --rules " + old + " --fail-on split,worse", exitFound, "1 split"},
		{"--old " + old + " --rules " + wide + " --since 2026-11-22T10:10:00Z", exitOK, "1 signal\n"},
		{"--old " + old + " --rules " + wide + " --limit 2", exitFailed, "more than 2"},
		{"--old " + old + " --rules " + file(t, "quiet.yaml", "rules:\n  - {name: q, match: ['name=~\".+\"'], action: suppress}\n") + " --max 1", exitFound, "... and 3 more"},
		{"--old " + old, exitUsage, "give --rules"},
		{"--rules " + old + " --fail-on hunger", exitUsage, "hunger"},
		{"--rules " + old + " --since lately", exitUsage, "lately"},
	} {
		got := command(t, "", append([]string{"backtest", log}, strings.Fields(c.args)...)...)
		if got.code != c.code || !strings.Contains(got.out+got.err, c.says) {
			t.Errorf("%s: exit code %d, want %d with %q:\n%s%s", c.args, got.code, c.code, c.says, got.out, got.err)
		}
	}
}

func TestRulesTestShowsDifferencesAndUpdates(t *testing.T) {
	text := "--- input\n10:00 alert Down service=db\n--- decisions\n@1 late -: no\n"
	name := file(t, "s.txt", text)
	got := command(t, "", "rules", "test", name)
	if got.code != exitFound || !strings.Contains(got.out, "- @1 late -: no") || !strings.Contains(got.out, "+ @1 placed #1") {
		t.Errorf("%+v", got)
	}
	if got = command(t, "", "rules", "test", "--update", name); got.code != exitOK || !strings.Contains(got.out, "updated") {
		t.Errorf("%+v", got)
	}
	if got = command(t, "", "rules", "test", name); got.code != exitOK {
		t.Errorf("after the update: %+v", got)
	}
}
