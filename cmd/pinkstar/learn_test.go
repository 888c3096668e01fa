package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	pipeline "pinkstar/pipeline/process" // process is a helper here
)

// learnLog is ten days on which two alerts of unconnected services come
// together, at another hour each day, among others that do not, and then once
// more.
func learnLog() string {
	var b strings.Builder
	at := time.Date(2026, 11, 1, 0, 7, 0, 0, time.UTC)
	line := func(name, service string, after time.Duration) {
		t := at.Add(after).Format(time.RFC3339)
		fmt.Fprintf(&b, `{"name":%q,"source":"t","labels":{"service":%q,"at":%q},"starts_at":%q,"received_at":%q}`+"\n", name, service, t, t, t)
	}
	for day := range 10 {
		line("DiskFull", "mail", 0)
		line("LoginSlow", "portal", 20*time.Second)
		line("Busy", fmt.Sprint("svc-", day%4), 3*time.Hour)
		at = at.Add(25*time.Hour + 7*time.Minute)
	}
	return b.String()
}

func TestLearn(t *testing.T) {
	log, out := file(t, "log.ndjson", learnLog()), filepath.Join(t.TempDir(), "learnt.yaml")
	got := command(t, "", "learn", log, "--out", out)
	if got.code != exitOK || got.out != "" || !strings.Contains(got.err, "1 pairs from the starts of 30 alerts between 2026-11-01T00:07:00") {
		t.Fatalf("%+v", got)
	}
	text, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	const pair = "  - {scope: default/production, a: {name: DiskFull, service: mail}, b: {name: LoginSlow, service: portal}, points: 2988, times: 10, occasions: 10, lift: 19.8}\n"
	if !strings.HasSuffix(string(text), "alerts: 30\npairs:\n"+pair) {
		t.Errorf("written:\n%s", text)
	}
	if got = command(t, "", "learn", log); got.out != string(text) {
		t.Errorf("standard output has something else than the file:\n%s", got.out)
	}

	// replay, backtest, explain and the checks use it.
	incidents := func(args ...string) int {
		return strings.Count(command(t, "", append([]string{"replay", log}, args...)...).out, "\n")
	}
	if without, with := incidents(), incidents("--learnt", out); without != 30 || with != 20 {
		t.Errorf("%d incidents without and %d with, want 30 and 20", without, with)
	}
	if got = command(t, "", "backtest", log, "--learnt", out); got.code != exitFound || !strings.Contains(got.out, "10 joined") ||
		!strings.Contains(got.out, "has often come together with DiskFull on mail") {
		t.Errorf("backtest: %+v", got)
	}
	if got = command(t, "", "backtest", log, "--learnt", out, "--old-learnt", out); got.code != exitOK {
		t.Errorf("backtest with the same: %+v", got)
	}
	config := file(t, "pinkstar.yaml", "learnt_file: "+out+"\n")
	if got = command(t, "", "backtest", log, "--config", config, "--learnt", file(t, "none.yaml", "")); got.code != exitFound || !strings.Contains(got.out, "10 split") {
		t.Errorf("backtest against the configured ones: %+v", got)
	}
	id := incidentID.FindString(command(t, "", "replay", log, "--learnt", out).out)
	if got = command(t, "", "explain", id, "--log", log, "--learnt", out); !strings.Contains(got.out, "has often come together with DiskFull on mail") {
		t.Errorf("explain: %+v", got)
	}
	for _, check := range []string{"config", "rules"} {
		if got = command(t, "", check, "check", "--learnt", out); got.code != exitOK || !strings.Contains(got.out, "1 learnt pairs (version ") {
			t.Errorf("%s check: %+v", check, got)
		}
	}
}

func TestLearnRefuses(t *testing.T) {
	log := file(t, "log.ndjson", learnLog())
	for _, c := range []struct {
		args, says string
		code       int
	}{
		{"learn " + log + " --window 0s", "window: 0 is not positive", exitUsage},
		{"learn " + log + " --window soon", `--window: "soon" is not a duration`, exitUsage},
		{"learn " + log + " --since lately", "--since", exitUsage},
		{"learn " + log + " --out /nowhere/learnt.yaml", "--out: ", exitFailed},
		{"replay " + log + " --learnt /nowhere/learnt.yaml", "--learnt: open", exitUsage},
		{"replay " + log + " --learnt " + file(t, "l.yaml", "pairs:\n  - {a: {name: X}, b: {service: s}}\n"), "l.yaml: line 2, column 5: pairs[0]: pair 1 lacks the name", exitUsage},
		{"replay " + log + " --learnt " + file(t, "big.yaml", strings.Repeat("# comment\n", pipeline.MaxActivation/10+1)), fmt.Sprint("may take ", pipeline.MaxActivation), exitUsage},
	} {
		if got := command(t, "", strings.Fields(c.args)...); got.code != c.code || !strings.Contains(got.err, c.says) {
			t.Errorf("%s: exit code %d, want %d with %q:\n%s", c.args, got.code, c.code, c.says, got.err)
		}
	}
}
