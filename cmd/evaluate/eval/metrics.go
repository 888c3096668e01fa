package eval

import (
	"slices"
	"strconv"

	"pinkstar/schemas"
)

// Item is one signal whose placement is judged.
type Item struct {
	Truth   string // true cluster
	Cluster string // assigned cluster; "" stands alone
	Noise   bool   // from no fault
}

// Scores are the figures of one assignment. Ratios are between 0 and 1.
type Scores struct {
	Items    int `json:"items"`
	Clusters int `json:"clusters"`
	// BP, BR and BF are B-cubed precision, recall and their harmonic mean:
	// averages over signals of how pure their cluster is and how much of their
	// fault it holds. Noise counts as what it is: alone.
	BP float64 `json:"bcubed_precision"`
	BR float64 `json:"bcubed_recall"`
	BF float64 `json:"bcubed_f"`
	// FaultBF is B-cubed F with the noise left out of both sides.
	FaultBP float64 `json:"faults_only_bcubed_precision"`
	FaultBR float64 `json:"faults_only_bcubed_recall"`
	FaultBF float64 `json:"faults_only_bcubed_f"`

	PairP float64 `json:"pair_precision"`
	PairR float64 `json:"pair_recall"`
	PairF float64 `json:"pair_f1"`
	ARI   float64 `json:"adjusted_rand_index"`
	// MacroF1 is the mean over faults of the best F1 that a cluster has for it,
	// so that small faults weigh as much as large ones.
	MacroF1 float64 `json:"incident_macro_f1"`

	OverMerged float64 `json:"over_merged"` // of clusters with two fault signals or more: that hold two faults or more
	Fragments  float64 `json:"fragments"`   // clusters per true fault
	Absorbed   float64 `json:"noise_absorbed"`
	Reduction  float64 `json:"reduction"` // never to be read without BF

	RootTop1 float64 `json:"root_top1"`
	RootTop3 float64 `json:"root_top3"`
	// FlapsStay is the share of alerts that fire again within one fault which are
	// in the cluster of their first firing of it; LoneFlapsStay the same of alerts
	// of no fault, which flap on their own. 1 where there are none.
	FlapsStay     float64 `json:"flaps_stay"`
	LoneFlapsStay float64 `json:"lone_flaps_stay"`
	// Seconds from a fault's start to the first signal in its main cluster
	// being placed, median over faults.
	TimeToIncident float64 `json:"time_to_incident_s"`
}

// counts is the contingency table of truth and clusters.
type counts struct {
	n        int
	truth    []int // sizes
	cluster  []int
	cells    map[[2]int]int
	noise    []bool // truth is noise
	truthOf  map[string]int
	clusters map[string]int
}

func tabulate(items []Item, withNoise bool) *counts {
	c := &counts{cells: map[[2]int]int{}, truthOf: map[string]int{}, clusters: map[string]int{}}
	for i, it := range items {
		if it.Noise && !withNoise {
			continue
		}
		name := "c" + it.Cluster
		if it.Cluster == "" {
			name = "s" + strconv.Itoa(i)
		}
		t, ok := c.truthOf[it.Truth]
		if !ok {
			t = len(c.truth)
			c.truthOf[it.Truth] = t
			c.truth, c.noise = append(c.truth, 0), append(c.noise, it.Noise)
		}
		k, ok := c.clusters[name]
		if !ok {
			k = len(c.cluster)
			c.clusters[name] = k
			c.cluster = append(c.cluster, 0)
		}
		c.n++
		c.truth[t]++
		c.cluster[k]++
		c.cells[[2]int{t, k}]++
	}
	return c
}

// keys returns the cells in a fixed order: sums of floats depend on it.
func (c *counts) keys() [][2]int {
	keys := make([][2]int, 0, len(c.cells))
	for k := range c.cells {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b [2]int) int {
		if a[0] != b[0] {
			return a[0] - b[0]
		}
		return a[1] - b[1]
	})
	return keys
}

func (c *counts) bcubed() (p, r float64) {
	if c.n == 0 {
		return 1, 1
	}
	for _, k := range c.keys() {
		n := float64(c.cells[k])
		p += n * n / float64(c.cluster[k[1]])
		r += n * n / float64(c.truth[k[0]])
	}
	return p / float64(c.n), r / float64(c.n)
}

func pairs(n int) float64 { return float64(n) * float64(n-1) / 2 }

// pairwise returns precision and recall over pairs, and the adjusted Rand
// index. Where there is no pair to find or none was made, that side is perfect.
func (c *counts) pairwise() (p, r, ari float64) {
	var both, truth, cluster float64
	for _, n := range c.cells {
		both += pairs(n) // whole numbers: any order gives the same sum
	}
	for _, n := range c.truth {
		truth += pairs(n)
	}
	for _, n := range c.cluster {
		cluster += pairs(n)
	}
	p, r, ari = 1, 1, 1
	if cluster > 0 {
		p = both / cluster
	}
	if truth > 0 {
		r = both / truth
	}
	if all := pairs(c.n); all > 0 {
		expected := truth * cluster / all
		if most := (truth + cluster) / 2; most != expected {
			ari = (both - expected) / (most - expected)
		}
	}
	return p, r, ari
}

// perFault returns the macro F1, the fragments per fault and the share of
// clusters that mix faults.
func (c *counts) perFault() (macro, fragments, overMerged float64) {
	best := make([]float64, len(c.truth))
	parts := make([]int, len(c.truth))
	mixed := make([]int, len(c.cluster))
	held := make([]int, len(c.cluster))
	for _, k := range c.keys() {
		if c.noise[k[0]] {
			continue
		}
		n := c.cells[k]
		best[k[0]] = max(best[k[0]], 2*float64(n)/float64(c.truth[k[0]]+c.cluster[k[1]]))
		parts[k[0]]++
		mixed[k[1]]++
		held[k[1]] += n
	}
	faults := 0
	for t := range c.truth {
		if !c.noise[t] {
			faults++
			macro += best[t]
			fragments += float64(parts[t])
		}
	}
	real, over := 0, 0
	for k := range c.cluster {
		if held[k] >= 2 {
			real++
			if mixed[k] >= 2 {
				over++
			}
		}
	}
	return ratio(macro, faults), ratio(fragments, faults), ratio(float64(over), real)
}

// absorbed is the share of noise that ended in a cluster with a fault.
func (c *counts) absorbed() float64 {
	withFault := make([]bool, len(c.cluster))
	for k := range c.cells {
		if !c.noise[k[0]] {
			withFault[k[1]] = true
		}
	}
	noise, in := 0, 0
	for k, n := range c.cells {
		if c.noise[k[0]] {
			noise += n
			if withFault[k[1]] {
				in += n
			}
		}
	}
	return ratio(float64(in), noise)
}

func ratio(a float64, b int) float64 {
	if b == 0 {
		return 0
	}
	return a / float64(b)
}

// F is the harmonic mean.
func F(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// Measure scores an assignment. Roots and times are added by measureWorld.
func Measure(items []Item) Scores {
	all, faults := tabulate(items, true), tabulate(items, false)
	s := Scores{Items: all.n, Clusters: len(all.cluster)}
	s.BP, s.BR = all.bcubed()
	s.BF = F(s.BP, s.BR)
	s.FaultBP, s.FaultBR = faults.bcubed()
	s.FaultBF = F(s.FaultBP, s.FaultBR)
	s.PairP, s.PairR, s.ARI = all.pairwise()
	s.PairF = F(s.PairP, s.PairR)
	s.MacroF1, s.Fragments, s.OverMerged = all.perFault()
	s.Absorbed = all.absorbed()
	s.Reduction = 1 - ratio(float64(len(all.cluster)), all.n)
	return s
}

// seconds between two times.
func seconds(from, to schemas.Time) float64 { return float64(to.Sub(from)) / 1000 }
