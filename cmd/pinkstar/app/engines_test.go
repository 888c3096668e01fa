package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pinkstar/cmd/pinkstar/config"
	"pinkstar/pipeline/process"
)

// What the log could not carry is refused at the start, by name: later it would
// only be missing.
func TestWhatTheLogCannotCarryIsRefusedAtOnce(t *testing.T) {
	large := filepath.Join(t.TempDir(), "large.yaml")
	if err := os.WriteFile(large, []byte("#"+strings.Repeat(" ", process.MaxActivation)), 0o600); err != nil {
		t.Fatal(err)
	}
	rules, topology, learnt := config.Default(), config.Default(), config.Default()
	rules.RulesFile, topology.TopologyFile, learnt.LearntFile = large, large, large
	_, _, rulesErr := LoadRules(&rules)
	_, _, topologyErr := LoadRules(&topology)
	_, learntErr := LoadLearnt(&learnt)
	for what, err := range map[string]error{"rules": rulesErr, "topology": topologyErr, "learnt": learntErr} {
		if err == nil || !strings.Contains(err.Error(), "large.yaml") || !strings.Contains(err.Error(), "one record of the log") {
			t.Errorf("%s: got %v", what, err)
		}
	}
}
