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
