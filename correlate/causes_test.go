package correlate

import (
	"math"
	"slices"
	"testing"

	"pinkstar/schemas"
)

// In whatever an incident says of changes, the likely ones are above even odds and
// the others below, the likelier first, and with no change they sum to one. Roots
// have shares of one whole.
func TestWhatIsSaidOfChangesIsAProbability(t *testing.T) {
	t.Parallel()
	likely, also := 0, 0
	for seed := range uint64(12) {
		e, log := New(testRules(), testTopology()), logOf(seed, 400)
		var out Output
		feed(e, log, &out)
		for i := range out.Incidents {
			inc := &out.Incidents[i]
			likely, also = likely+len(inc.Candidates), also+len(inc.Also)
			sum := inc.NoChange
			all := slices.Concat(inc.Candidates, inc.Also)
			for k := range all {
				sum += all[k].Probability
				if isLikely := k < len(inc.Candidates); isLikely != (all[k].Probability >= 0.5) || all[k].Probability <= 0 {
					t.Errorf("seed %d, %s: %s has the probability %v, likely: %v", seed, inc.ID, all[k].Title, all[k].Probability, isLikely)
				}
			}
			if len(all) > 0 && math.Abs(sum-1) > 0.011 { // each is at least a thousandth
				t.Errorf("seed %d, %s: probabilities sum to %v: %+v", seed, inc.ID, sum, all)
			}
			if !slices.IsSortedFunc(all, func(a, b schemas.Candidate) int { return int(1000*b.Probability) - int(1000*a.Probability) }) {
				t.Errorf("seed %d, %s: not the likeliest first: %+v", seed, inc.ID, all)
			}
			roots := int64(0)
			for _, r := range inc.Roots {
				roots += r.Score
			}
			if roots > 1000 || len(inc.Roots) > 0 && roots < 300 {
				t.Errorf("seed %d, %s: the roots share %d thousandths: %+v", seed, inc.ID, roots, inc.Roots)
			}
		}
	}
	if likely == 0 || also == 0 {
		t.Errorf("%d likely causes and %d others: not all is tested", likely, also)
	}
}
