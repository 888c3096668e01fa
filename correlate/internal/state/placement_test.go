package state

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"pinkstar/schemas"
)

// The newest word of where something runs is what is known, for as long as it is
// believed; the ways to it by instance, service and machine agree, and there are never
// more than the bounds.
func TestPlacementIsTheNewestWord(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var p Placement
		type word struct {
			service, machine string
			at               schemas.Time
		}
		said := map[string]word{}
		now := schemas.Time(1_700_000_000_000)
		for range rapid.IntRange(1, 200).Draw(t, "words") {
			now = now.Add(rapid.SampledFrom([]int64{0, schemas.Minute, schemas.Hour, schemas.Day}).Draw(t, "later"))
			pod := fmt.Sprint("pod-", rapid.IntRange(0, 9).Draw(t, "pod"))
			w := word{fmt.Sprint("s", rapid.IntRange(0, 3).Draw(t, "service")), fmt.Sprint("node-", rapid.IntRange(0, 4).Draw(t, "machine")), now}
			p.Learn(w.service, pod, w.machine, now)
			said[pod] = w
		}
		for pod, w := range said {
			want := w.machine
			if now.Sub(w.at) > placementLife {
				want = ""
			}
			if got := p.MachineOf(pod, now); got != want {
				t.Errorf("%s is taken to run on %q, was last said to run on %q", pod, got, want)
			}
			if want != "" && (!p.RunsOn(w.service, want, now) || !slices.Contains(p.Services(want, now), w.service)) {
				t.Errorf("%s of %s runs on %s, which is not found by its service and machine", pod, w.service, want)
			}
		}
		for machine := range p.on {
			for _, service := range p.Services(machine, now) {
				if !p.RunsOn(service, machine, now) {
					t.Errorf("%s lists %s, which does not run there", machine, service)
				}
			}
		}
	})
}

func TestPlacementIsBounded(t *testing.T) {
	t.Parallel()
	var p Placement
	now := schemas.Time(1_700_000_000_000)
	for i := range 2 * placementCap {
		now = now.Add(1)
		p.Learn(fmt.Sprint("s", i%2000), fmt.Sprint("pod-", i), fmt.Sprint("node-", i%3000), now)
		if len(p.rows) > placementCap || len(p.of["s0"]) > placementEach || len(p.on["node-0"]) > placementEach {
			t.Fatalf("after %d words there are %d rows, %d of a service and %d on a machine", i+1, len(p.rows), len(p.of["s0"]), len(p.on["node-0"]))
		}
	}
	for i := range 200 { // one service with a new pod each time
		p.Learn("churn", fmt.Sprint("churn-", i), "node-churn", now)
	}
	if n := len(p.of["churn"]); n > placementEach || p.MachineOf("churn-199", now) != "node-churn" {
		t.Errorf("%d of a service that makes new pods, the newest on %q", n, p.MachineOf("churn-199", now))
	}
}
