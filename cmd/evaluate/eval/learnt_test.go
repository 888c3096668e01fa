package eval

import (
	"os"
	"strconv"
	"testing"

	"pinkstar/correlate/learn"
	"pinkstar/schemas"
)

// Whether learnt pairs help where the topology has gaps, on tuning seeds.
// PINKSTAR_LEARN=20 measures all of them on four weeks (seven minutes):
// 98 to 342 pairs a seed, B-cubed F -.0000 ± .0001, so no help and no harm;
// by default it is one seed and one week, to see that nothing breaks.
func TestLearningHurtsNothing(t *testing.T) {
	days, seeds := int64(7), 1
	if n, err := strconv.Atoi(os.Getenv("PINKSTAR_LEARN")); err == nil {
		days, seeds = 28, n
	}
	var with, without []float64
	for seed := uint64(1); seed <= uint64(seeds); seed++ {
		l, err := Learn(LearnHard(seed, days), 12*schemas.Hour, learn.Default())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %d pairs from %d alerts: B-cubed F %.4f without, %.4f with; precision %.4f, %.4f", seed,
			len(l.Learnt.Pairs), l.Learnt.Alerts, l.Without.BF, l.With.BF, l.Without.BP, l.With.BP)
		without, with = append(without, l.Without.BF), append(with, l.With.BF)
	}
	gain := Paired(with, without)
	t.Logf("gain in B-cubed F, paired over %d seeds: %.4f ± %.4f", seeds, gain.Mean, gain.Half)
	if gain.Mean < -0.005 {
		t.Errorf("learning costs %.4f", -gain.Mean)
	}
}
