package app

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rs/zerolog"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/correlate/rules"
	"pinkstar/pipeline/ingest"
	"pinkstar/schemas"
)

// What is read again is followed; what is wrong changes nothing, and says where.
func TestReloadFollowsWhatIsGoodAndNothingElse(t *testing.T) {
	t.Parallel()
	cfg := config.Default()
	cfg.RulesFile = filepath.Join(t.TempDir(), "rules.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(cfg.RulesFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("messages: {wait: 5s}")
	set, topo, err := LoadRules(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	learnt, err := LoadLearnt(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := &App{cfg: &cfg, log: zerolog.Nop(), engines: newEngines(set, topo, learnt)}
	inForce := func() string {
		for _, w := range a.engines.Wanted() {
			if w.What == schemas.WhatRules {
				return w.Version
			}
		}
		return ""
	}
	reload := func(want int, says string) {
		t.Helper()
		w := httptest.NewRecorder()
		a.serveReload(w, httptest.NewRequest(http.MethodPost, "/-/reload", nil))
		if w.Code != want || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%d %s; want %d, saying %q", w.Code, w.Body, want, says)
		}
	}
	first := inForce()
	write("messages: {wait: 7s}")
	reload(200, "rules")
	second := inForce()
	write("messages: {wait: 7s}\nprocedures: [{name: p, match: ['a=~\"(\"']}]")
	reload(422, "procedures")
	if first == second || inForce() != second {
		t.Errorf("in force: %s, then %s, and after a mistake %s", first, second, inForce())
	}
	write("messages: {wait: 5s}")
	reload(200, first)
}

// Rules that stand in the settings are read again, and so are a shadow's; what
// is wrong with any of them changes none.
func TestReloadReadsSettingsAndShadowToo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, beside := filepath.Join(dir, "pinkstar.yaml"), filepath.Join(dir, "shadow.yaml")
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := func() (*config.Config, error) {
		return config.Load(config.Inputs{File: file, Env: func(string) string { return "" }})
	}
	inline := func(wait string) {
		write(file, "shadow: {rules_file: shadow.yaml}\nrules:\n  messages: {wait: "+wait+"}\n")
	}
	inline("5s")
	write(beside, "messages: {wait: 6s}")
	cfg, err := settings()
	if err != nil {
		t.Fatal(err)
	}
	set, topo, err := LoadRules(cfg)
	if err != nil {
		t.Fatal(err)
	}
	eng, err := newShadowEngines(cfg)
	if err != nil {
		t.Fatal(err)
	}
	learnt, err := LoadLearnt(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := &App{cfg: cfg, log: zerolog.Nop(), engines: newEngines(set, topo, learnt), beside: eng, deps: Deps{Settings: settings}}
	first, err := a.Reload()
	if err != nil || first.Rules != set.Version || first.ShadowRules != eng.Wanted()[0].Version {
		t.Fatalf("%+v %v", first, err)
	}
	inline("7s")
	write(beside, "messages: {wait: 8s}")
	second, err := a.Reload()
	if err != nil || second.Rules == first.Rules || second.ShadowRules == first.ShadowRules || eng.Wanted()[0].Version != second.ShadowRules {
		t.Errorf("%+v, after %+v: %v", second, first, err)
	}
	inline("9s")
	for name, wrong := range map[string]string{beside: "messages: {wate: 8s}", file: "shadow: {topology_file: shadow.yaml}"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		write(name, wrong)
		if _, err := a.Reload(); err == nil {
			t.Errorf("%q was taken", wrong)
		}
		if a.engines.Wanted()[1].Version != second.Rules || eng.Wanted()[0].Version != second.ShadowRules {
			t.Errorf("%q changed something", wrong)
		}
		write(name, string(text))
	}
}

// What labels name is read again for what comes in and, with the rules, for what
// correlates; what makes up a scope stays.
func TestReloadReadsWhatLabelsName(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "pinkstar.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	settings := func() (*config.Config, error) {
		return config.Load(config.Inputs{File: file, Env: func(string) string { return "" }})
	}
	write("labels: {host: [machine]}\n")
	cfg, err := settings()
	if err != nil {
		t.Fatal(err)
	}
	set, topo, err := LoadRules(cfg)
	if err != nil {
		t.Fatal(err)
	}
	a := &App{cfg: cfg, log: zerolog.Nop(), engines: newEngines(set, topo, rules.EmptyLearnt()), deps: Deps{Settings: settings}}
	tr := a.translator()
	read := func() string {
		t.Helper()
		body := `{"name":"x","labels":{"machine":"m","box":"b","env":"prod","realm":"blue"}}`
		signals, err := tr.Translate(ingest.SourceSignals, []byte(body), ingest.Meta{ReceivedAt: 1_790_000_000_000})
		if err != nil || len(signals) != 1 {
			t.Fatal(signals, err)
		}
		return signals[0].Host + " in " + signals[0].Scope
	}
	if got := read(); got != "m in default/production" {
		t.Fatalf("before: %s", got)
	}
	write("labels: {host: [box], environment: [realm]}\n")
	v, err := a.Reload()
	if got := read(); err != nil || got != "b in default/production" || v.Rules == set.Version {
		t.Errorf("after: %s, rules %s after %s, %v", got, v.Rules, set.Version, err)
	}
	if text := a.engines.Wanted()[1].Text; !strings.Contains(text, "host_labels:\n  - box\n") {
		t.Errorf("what the log is to carry does not name it:\n%s", text)
	}
}
