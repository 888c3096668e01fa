package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/correlate/suggest"
	"pinkstar/schemas"
)

// correctedLog is a log in which, time and again, two alerts of one pipeline are far
// apart and an operator puts them together.
func correctedLog(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	engine, naming, at := correlate.New(rules.Default(), nil), schemas.DefaultNaming(), schemas.Time(1_790_000_000_000)
	var out correlate.Output
	step := func(s schemas.Signal) string {
		s.Source, s.ReceivedAt = "t", at
		if err := naming.Complete(&s); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s\n", schemas.AppendSignal(nil, &s))
		out.Reset()
		engine.Step(&s, at, &out)
		at = at.Add(3 * schemas.Minute)
		if len(out.Decisions) == 0 {
			t.Fatal("no decision")
		}
		return s.ID
	}
	for i := range 40 {
		alert := func(name string) (id, incident string) {
			id = step(schemas.Signal{Name: name, StartsAt: at, Severity: "warning", Labels: schemas.LabelsOf(map[string]string{
				"alertname": name, "service": fmt.Sprint(name, "-", i), "pipeline": fmt.Sprint("p", i%7)})})
			return id, out.Decisions[0].IncidentID
		}
		_, first := alert("Lag")
		second, other := alert("Errors")
		if first == other {
			t.Fatal("together by themselves")
		}
		step(schemas.Signal{Kind: schemas.KindCommand, Command: &schemas.Command{Action: schemas.ActionMove, By: "ona", SignalID: second, IncidentID: first}})
		at = at.Add(3 * schemas.Hour)
	}
	return b.String()
}

func TestLearnSuggests(t *testing.T) {
	log := file(t, "log.ndjson", correctedLog(t))
	got := command(t, "", "learn", "--suggest", log)
	if got.code != exitOK || !strings.Contains(got.out, "# Precision 16 of 16 (95 %: 0.81 to 1.00)") || !strings.Contains(got.out, "# Recall 16 of 16") {
		t.Fatalf("%+v", got)
	}
	// What is printed is a rules file, and does what it says.
	rulesFile := file(t, "rules.yaml", got.out)
	if checked := command(t, "", "rules", "check", "--rules", rulesFile); checked.code != exitOK || !strings.Contains(checked.out, "1 rules") {
		t.Errorf("%+v\n%s", checked, got.out)
	}
	if again := command(t, "", "learn", "--suggest", log, "--rules", rulesFile); again.code != exitOK || !strings.Contains(again.out, "0 occasions") {
		t.Errorf("with the rule in force there is more to do: %+v", again)
	}
	var r suggest.Report
	if asJSON := command(t, "", "learn", "--suggest", log, "--json"); json.Unmarshal([]byte(asJSON.out), &r) != nil || len(r.Suggestions) != 1 || r.Corrections.Moves != 40 || r.Earlier != 24 {
		t.Errorf("%+v\n%s", r, asJSON.out)
	}
	if strict := command(t, "", "learn", "--suggest", log, "--precision", "0.9"); strict.code != exitOK || !strings.Contains(strict.out, "Nothing to propose: no rule whose precision is 0.90 or more") ||
		!strings.Contains(strict.out, "# Not proposed: precision 16 of 16") {
		t.Errorf("%+v", strict)
	}
	if wrong := command(t, "", "learn", "--suggest", log, "--precision", "1"); wrong.code != exitUsage || !strings.Contains(wrong.err, "precision: 1 is not between") {
		t.Errorf("%+v", wrong)
	}
}
