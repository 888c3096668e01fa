package eval

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// Two faults, A with three signals and B with two, and one noise signal:
//
//	cluster 1: A A B    cluster 2: A    cluster 3: B noise
//
// B-cubed precision: (2/3+2/3+1/3 + 1 + 1/2+1/2)/6 = 11/18.
// B-cubed recall: (2/3+2/3+1/3 + 1/2+1/2 + 1)/6 = 11/18.
// Pairs: truth 3+1, clusters 3+0+1, in both 1: precision and recall 1/4.
// ARI: expected 4*4/15, most 4: (1-16/15)/(4-16/15) = -1/44.
// Macro: A: 2*2/(3+3) = 2/3 with cluster 1; B: 2*1/(2+3) = 2/5 with cluster 1,
// 2*1/(2+2) = 1/2 with cluster 3: (2/3+1/2)/2 = 7/12.
func TestMeasureByHand(t *testing.T) {
	items := []Item{{"A", "1", false}, {"A", "1", false}, {"B", "1", false}, {"A", "2", false}, {"B", "3", false}, {"n", "3", true}}
	s := Measure(items)
	near(t, "B-cubed precision", s.BP, 11./18)
	near(t, "B-cubed recall", s.BR, 11./18)
	near(t, "pair precision", s.PairP, 1./4)
	near(t, "pair recall", s.PairR, 1./4)
	near(t, "ARI", s.ARI, -1./44)
	near(t, "macro F1", s.MacroF1, 7./12)
	near(t, "fragments", s.Fragments, 2)
	near(t, "over-merged", s.OverMerged, 1) // only cluster 1 holds two fault signals
	near(t, "absorbed", s.Absorbed, 1)
	near(t, "reduction", s.Reduction, 1./2)
	// Without the noise: precision (2/3+2/3+1/3+1+1)/5 = 11/15, recall (2/3+2/3+1/3+1/2+1/2)/5 = 8/15.
	near(t, "precision without noise", s.FaultBP, 11./15)
	near(t, "recall without noise", s.FaultBR, 8./15)
}

func TestEmptyClusterStandsAlone(t *testing.T) {
	s := Measure([]Item{{"A", "", false}, {"A", "", false}, {"n1", "", true}})
	near(t, "precision", s.BP, 1)
	near(t, "recall", s.BR, 2./3)
	if s.Clusters != 3 {
		t.Errorf("%d clusters, want 3", s.Clusters)
	}
}

func items(t *rapid.T) []Item {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Item {
		n := rapid.IntRange(0, 7).Draw(t, "truth")
		return Item{
			Truth: string(rune('a' + n)), Noise: n > 5,
			Cluster: rapid.SampledFrom([]string{"", "1", "2", "3", "4"}).Draw(t, "cluster"),
		}
	}), 1, 60).Draw(t, "items")
}

func TestMeasureProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := items(t)
		s := Measure(list)
		for _, f := range Figures {
			v := f.Of(&s)
			if f.Name == "fragments" || f.Name == "time_to_incident_s" {
				continue
			}
			if math.IsNaN(v) || v > 1+1e-9 || v < -1e-9 && f.Name != "adjusted_rand_index" {
				t.Fatalf("%s = %v", f.Name, v)
			}
		}
		// The naive definition, signal by signal.
		var p, r float64
		for i, a := range list {
			var same, inCluster, inTruth float64
			for j, b := range list {
				c := i == j || a.Cluster != "" && a.Cluster == b.Cluster
				if c {
					inCluster++
				}
				if a.Truth == b.Truth {
					inTruth++
					if c {
						same++
					}
				}
			}
			p += same / inCluster
			r += same / inTruth
		}
		if n := float64(len(list)); math.Abs(p/n-s.BP) > 1e-9 || math.Abs(r/n-s.BR) > 1e-9 {
			t.Fatalf("B-cubed %v %v, by definition %v %v", s.BP, s.BR, p/n, r/n)
		}
	})
}

func TestTruthIsPerfectAndNamesDoNotMatter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := items(t)
		renamed := make([]Item, len(list))
		perfect := make([]Item, len(list))
		for i, it := range list {
			renamed[i], perfect[i] = it, it
			if it.Cluster != "" {
				renamed[i].Cluster = "x" + it.Cluster
			}
			perfect[i].Cluster = it.Truth
		}
		if a, b := Measure(list), Measure(renamed); a != b {
			t.Fatalf("other names, other figures: %+v %+v", a, b)
		}
		if s := Measure(perfect); s.BF != 1 || s.PairF != 1 || math.Abs(s.ARI-1) > 1e-9 || s.OverMerged != 0 || s.Absorbed != 0 {
			t.Fatalf("the truth scores %+v", s)
		}
	})
}

// 1, 2, 3, 4: mean 2.5, standard deviation 1.29099, t(3) 3.182, so the half
// width is 3.182 * 1.29099 / 2 = 2.05397.
func TestInterval(t *testing.T) {
	iv := IntervalOf([]float64{1, 2, 3, 4})
	if iv.Mean != 2.5 || math.Abs(iv.Half-2.05397) > 1e-4 {
		t.Errorf("%+v", iv)
	}
	if d := Paired([]float64{2, 3}, []float64{1, 2}); d.Mean != 1 || d.Half != 0 {
		t.Errorf("paired %+v", d)
	}
}
