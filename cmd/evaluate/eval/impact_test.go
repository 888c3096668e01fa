package eval

import (
	"testing"

	"pinkstar/cmd/evaluate/sim"
)

// What incidents lose is told with intervals that hold the truth about as often as
// they say, and without bias. The bounds are wide for so few cases; --impact
// --seeds 1001-1012 prints the figures of many.
func TestLostRevenueStaysCalibrated(t *testing.T) {
	t.Parallel()
	kinds, seeds := sim.AllTakings()[:1], uint64(1)
	if !testing.Short() {
		kinds, seeds = sim.AllTakings()[:2], 2
	}
	all := ImpactRow{}
	for _, k := range kinds {
		row := ImpactRow{Name: k.Name}
		for seed := range seeds {
			if err := row.shop(&k, 9000+seed); err != nil {
				t.Fatal(err)
			}
		}
		if row.Cases < 10*int(seeds) || row.Unmeasured > row.Cases/10 {
			t.Errorf("%s: %d cases, %d not measured", k.Name, row.Cases, row.Unmeasured)
		}
		if b := row.Bias(); b < -0.15 || b > 0.15 {
			t.Errorf("%s: bias %.3f", k.Name, b)
		}
		all.Cases, all.Held = all.Cases+row.Cases, all.Held+row.Held
	}
	if c := all.Coverage(); c < 0.7 { // 15 cases at 0.9: once in 300
		t.Errorf("%d of %d intervals have the truth", all.Held, all.Cases)
	}
}
