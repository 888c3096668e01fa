package explain

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

const t0 = schemas.Time(1_790_000_000_000)

const testTopology = `services:
  db: {}
  api: {depends_on: [db]}
  web: {depends_on: [api]}
  mail: {}
`

const testRules = `rules:
  - {name: by-realm, match: ['realm!=""'], by: [realm], window: 10m}
`

// past is a log and the ids of its signals.
type past struct {
	log   *history.Log
	ids   []string
	setup history.Setup
}

func newPast(t *testing.T) *past {
	t.Helper()
	set, err := rules.Parse("rules", []byte(testRules))
	if err != nil {
		t.Fatal(err)
	}
	topo, err := rules.ParseTopology("topology", []byte(testTopology))
	if err != nil {
		t.Fatal(err)
	}
	return &past{log: &history.Log{}, setup: history.Setup{Rules: set, Topology: topo}}
}

// add appends a signal that arrives the given seconds after the start.
func (p *past) add(t *testing.T, seconds int64, s schemas.Signal) string {
	t.Helper()
	s.ReceivedAt = t0.Add(seconds * schemas.Second)
	s.StartsAt = s.ReceivedAt
	s.Occurrence = fmt.Sprint(len(p.ids))
	naming := schemas.DefaultNaming()
	if err := naming.Complete(&s); err != nil {
		t.Fatal(err)
	}
	if err := p.log.Add(&s, s.ReceivedAt, 0); err != nil {
		t.Fatal(err)
	}
	p.ids = append(p.ids, s.ID)
	return s.ID
}

func (p *past) alert(t *testing.T, seconds int64, name, service string, more ...string) string {
	t.Helper()
	m := map[string]string{"alertname": name, "service": service}
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return p.add(t, seconds, schemas.Signal{Kind: schemas.KindAlert, Source: "t", Status: schemas.StatusFiring, Labels: schemas.LabelsOf(m)})
}

func (p *past) play(t *testing.T) *history.Run {
	t.Helper()
	r, err := p.log.Play(t.Context(), p.setup)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func text(t *testing.T, x *Explanation) string {
	t.Helper()
	var b strings.Builder
	if err := x.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func wants(t *testing.T, got string, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(got, w) {
			t.Errorf("%q is missing in:\n%s", w, got)
		}
	}
}

func chain(t *testing.T) (*past, []string) {
	t.Helper()
	p := newPast(t)
	p.alert(t, 0, "Down", "db")
	p.alert(t, 20, "Errors", "api")
	p.alert(t, 40, "Slow", "web")
	p.alert(t, 60, "Queue", "mail")
	return p, p.ids
}

func TestPathLeadsFromTheOpening(t *testing.T) {
	p, ids := chain(t)
	run := p.play(t)
	x := Of(OfRun(run), ids[2])
	var path []string
	for _, s := range x.Path {
		path = append(path, s.SignalID)
	}
	if !slices.Equal(path, ids[:3]) {
		t.Fatalf("path %v, want %v", path, ids[:3])
	}
	if !x.Path[0].Opened || x.Path[1].AnchorID != ids[0] || x.Path[2].AnchorID != ids[1] {
		t.Errorf("not linked one to the next: %+v", x.Path)
	}
	for _, s := range x.Path[1:] {
		sum := int64(0)
		for _, e := range s.Evidence {
			sum += e.Points
		}
		if sum != s.Score || s.Score < s.Threshold || s.Margin <= 0 || s.Rules != p.setup.Rules.Version || s.Topology != p.setup.Topology.Version {
			t.Errorf("evidence sums to %d: %+v", sum, s)
		}
	}
	wants(t, text(t, x), "web depends on api, which was affected first", " needed: ", "db (")
	whole := Of(OfRun(run), x.Incident.ID)
	if len(whole.Members) != 3 || whole.Members[2].Depth != 2 {
		t.Errorf("members %+v", whole.Members)
	}
	if Of(OfRun(run), "INC-NONE") != nil {
		t.Error("explained what is not there")
	}
}

func TestPathOfAMovedSignalBeginsWithTheOperator(t *testing.T) {
	p, ids := chain(t)
	p.add(t, 70, schemas.Signal{Kind: schemas.KindCommand, Source: "ops", Name: "move",
		Command: &schemas.Command{Action: schemas.ActionMove, By: "ona", SignalID: ids[2]}})
	x := Of(OfRun(p.play(t)), ids[2])
	if len(x.Path) != 1 || !strings.Contains(x.Path[0].Reason, "moved here from") {
		t.Errorf("path %+v", x.Path)
	}
}

func TestWhyNot(t *testing.T) {
	p, _ := chain(t)
	p.alert(t, 100, "Login", "sso", "realm", "r1")
	p.alert(t, 100+12*60, "Login", "idp", "realm", "r1")
	p.alert(t, 5000, "Errors", "web")
	staging := p.alert(t, 5010, "Down", "db", "environment", "staging")
	ids := p.ids
	run := p.play(t)
	for _, c := range []struct {
		name, id, with string
		together       bool
		says           []string
		lacks          bool
	}{
		{"together", ids[0], ids[2], true, []string{"they are together"}, false},
		{"no relation", ids[3], run.Group(ids[0]), false, []string{"nothing connects them", "no dependency within 3 hops between mail and"}, true},
		{"the rule's window", run.Group(ids[4]), run.Group(ids[5]), false, []string{"rule by-realm groups within 10m (window)", "12 min away"}, true},
		{"too late", ids[2], ids[6], false, []string{"are needed: "}, true},
		{"another scope", ids[0], staging, false, []string{"different scopes"}, false},
	} {
		w, err := FindWhyNot(t.Context(), OfRun(run), p.log, p.setup, c.id, c.with)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		x := &Explanation{WhyNot: w}
		got := text(t, x)
		wants(t, got, c.says...)
		if w.Together != c.together || c.lacks != (w.Best != nil && w.Best.Lacks > 0) {
			t.Errorf("%s: together %v, best %+v", c.name, w.Together, w.Best)
		}
		back, err := FindWhyNot(t.Context(), OfRun(run), p.log, p.setup, c.with, c.id)
		if err != nil || back.Together != w.Together || (back.Best == nil) != (w.Best == nil) || back.Best != nil && back.Best.Weighing.Score != w.Best.Weighing.Score {
			t.Errorf("%s: asked the other way round: %+v, %v", c.name, back, err)
		}
	}
	if _, err := FindWhyNot(t.Context(), OfRun(run), p.log, p.setup, ids[0], "INC-NONE"); !errors.Is(err, ErrUnknown) {
		t.Errorf("an unknown one: %v", err)
	}
}

func TestWhyNotNamesTheOperator(t *testing.T) {
	p, ids := chain(t)
	p.add(t, 70, schemas.Signal{Kind: schemas.KindCommand, Source: "ops", Name: "move",
		Command: &schemas.Command{Action: schemas.ActionMove, By: "ona", SignalID: ids[2]}})
	again := p.alert(t, 80, "Slow", "web", "pod", "w2")
	run := p.play(t)
	if run.Group(again) != run.Group(ids[2]) {
		t.Fatal("the correction was not honoured")
	}
	w, err := FindWhyNot(t.Context(), OfRun(run), p.log, p.setup, again, run.Group(ids[0]))
	if err != nil {
		t.Fatal(err)
	}
	if w.Best == nil || !strings.Contains(w.Best.Weighing.Veto, "an operator moved this alert away") || !strings.Contains(w.Reason, "may not join") {
		t.Errorf("%+v", w)
	}
}

func TestWhatIf(t *testing.T) {
	p := newPast(t)
	a := p.alert(t, 0, "Login", "sso", "realm", "r1")
	b := p.alert(t, 12*60, "Login", "idp", "realm", "r1")
	c := p.alert(t, 13*60, "Login", "vpn", "realm", "r1")
	run := p.play(t)
	changed, changes, err := Apply(p.setup, []string{"rules[by-realm].window=15m"})
	if err != nil {
		t.Fatal(err)
	}
	w, err := FindWhatIf(t.Context(), run, changed, run.Group(a), changes)
	if err != nil {
		t.Fatal(err)
	}
	if w.Before != 1 || w.After != 3 || len(w.Gained) != 2 || w.Gained[0].SignalID != b || w.Gained[1].SignalID != c || len(w.Lost) != 0 || changes[0].Old != "10m" {
		t.Errorf("%+v %+v", w, changes)
	}
	wants(t, text(t, &Explanation{WhatIf: w}), "With rules[by-realm].window 15m (now 10m)", "these 2 would join", "Login on idp")
	changed, changes, err = Apply(p.setup, []string{"rules[0].threshold=5", "correlation.hops=2"})
	if err != nil {
		t.Fatal(err)
	}
	if w, err = FindWhatIf(t.Context(), run, changed, b, changes); err != nil || len(w.Lost) != 1 || w.Lost[0].SignalID != c {
		t.Errorf("with a higher threshold: %+v, %v", w, err)
	}
	if _, _, err = Apply(p.setup, []string{"correlation.join"}); err == nil {
		t.Error("a setting without a value was taken")
	}
	if changed, _, err = Apply(p.setup, []string{"topology.services.idp.depends_on=[sso]"}); err != nil || changed.Topology.Services["idp"] == nil {
		t.Errorf("topology: %v", err)
	}
	if p.setup.Topology.Services["idp"] != nil {
		t.Error("the original topology was changed")
	}
}
