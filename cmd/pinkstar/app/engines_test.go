package app

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/process"
	"pinkstar/schemas"
)

// What the log could not carry is refused at the start, by name: later it would
// only be missing.
func TestWhatTheLogCannotCarryIsRefusedAtOnce(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte("#"+strings.Repeat(" ", process.MaxActivation)), 0o600); err != nil {
		t.Fatal(err)
	}
	ruled, topology, learnt := config.Default(), config.Default(), config.Default()
	ruled.RulesFile, topology.TopologyFile, learnt.LearntFile = large, large, large
	_, _, rulesErr := LoadRules(&ruled)
	_, _, topologyErr := LoadRules(&topology)
	_, learntErr := LoadLearnt(&learnt)
	for what, err := range map[string]error{"rules": rulesErr, "topology": topologyErr, "learnt": learntErr} {
		if err == nil || !strings.Contains(err.Error(), "large.yaml") || !strings.Contains(err.Error(), "one record of the log") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// What this binary decides by, defaults and weights too, reaches an engine only by
// the log: a new one, and one that comes back, hold something that is told apart.
func TestDefaultsReachEnginesByTheLog(t *testing.T) {
	cfg := config.Default()
	cfg.Rules = "correlation: {weights: {same_service: 1234}}"
	set, topo, err := LoadRules(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	made := newEngines(set, topo, rules.EmptyLearnt())
	e, err := made.New()
	if err != nil {
		t.Fatal(err)
	}
	if got := e.Active(schemas.WhatRules); got != rules.Released().Version {
		t.Errorf("a new engine holds %s before its log says anything", got)
	}
	var out process.Output
	for _, a := range made.Wanted() {
		e.Step(&schemas.Signal{Kind: schemas.KindActivation, Activation: &a}, 1, &out)
		if got := e.Active(a.What); got != a.Version {
			t.Errorf("%s %s was activated, %q is in force", a.What, a.Version, got)
		}
	}
	var b bytes.Buffer
	if err := e.Snapshot(&b); err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(b.Bytes(), []byte("same_host:")) {
		t.Error("the snapshot leaves the defaults to whoever reads it")
	}
	back, err := newEngines(rules.Default(), topo, rules.EmptyLearnt()).Restore(&b)
	if err != nil {
		t.Fatal(err)
	}
	if got := back.Active(schemas.WhatRules); got != set.Version {
		t.Errorf("restored under %s, it was %s", got, set.Version)
	}
}
