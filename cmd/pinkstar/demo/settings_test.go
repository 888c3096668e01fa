package demo

import (
	"testing"

	"pinkstar/correlate/rules"
)

func TestTheStationsFilesAreGoodExamples(t *testing.T) {
	topo, err := rules.ParseTopology("topology.yaml", Topology)
	if err != nil {
		t.Fatal(err)
	}
	if len(topo.Warnings) > 0 {
		t.Errorf("topology.yaml: %v", topo.Warnings)
	}
	if _, err := rules.Parse("rules.yaml", Rules); err != nil {
		t.Fatal(err)
	}
	for _, tr := range troubles {
		if s := topo.Services[tr.service]; s == nil || s.Team != tr.team {
			t.Errorf("%s is not in topology.yaml with team %s", tr.service, tr.team)
		}
	}
}
