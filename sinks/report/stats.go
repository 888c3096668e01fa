package report

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// confidence of every interval.
const confidence = 0.95

// Interval is what a figure lies between, with confidence.
type Interval struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// quantile returns the value at quantile p of sorted values: the one at rank
// ceil(p n), which ClickHouse calls quantileExactLow for p = 1/2.
func quantile(sorted []float64, p float64) float64 {
	return sorted[min(max(int(math.Ceil(p*float64(len(sorted))))-1, 0), len(sorted)-1)]
}

// quantileInterval returns the interval of a quantile by order statistics: ranks l
// and u such that a binomial of n and p lies in l..u-1 with at least the
// confidence, split evenly. It assumes nothing of how the values are spread; a
// naive bootstrap of a long tail misses it. ok is false where n is too small for
// one of the ranks to exist. (Hahn and Meeker, Statistical Intervals, 5.2.)
func quantileInterval(sorted []float64, p float64) (iv Interval, ok bool) {
	n := len(sorted)
	if n == 0 {
		return iv, false
	}
	b := distuv.Binomial{N: float64(n), P: p}
	const tail = (1 - confidence) / 2
	l, u := -1, -1
	for k := range n + 1 {
		if b.CDF(float64(k)) <= tail {
			l = k // P(X <= k) <= tail: the value at rank k+1 is a lower bound
		}
		if u < 0 && b.CDF(float64(k)) >= 1-tail {
			u = k
		}
	}
	if l < 0 || u >= n {
		return iv, false
	}
	return Interval{sorted[l], sorted[u]}, true //nolint:gosec // both are within: see above
}

// countInterval is Jeffreys' interval of a Poisson mean of which x were counted.
func countInterval(x float64) Interval {
	const tail = (1 - confidence) / 2
	iv := Interval{High: mathext.GammaIncRegInv(x+0.5, 1-tail)}
	if x > 0 {
		iv.Low = mathext.GammaIncRegInv(x+0.5, tail)
	}
	return iv
}

// shareInterval is Wilson's interval of the share of x in n.
func shareInterval(x, n float64) Interval {
	z := distuv.UnitNormal.Quantile(1 - (1-confidence)/2)
	p := x / n
	mid := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{max(mid-half, 0), min(mid+half, 1)}
}

// countsDiffer returns the two-sided probability of two counts at least as far
// apart, given their sum, when the rates behind them are equal: x of them fall
// into the first by a binomial with its share of the time (Przyborowski and
// Wilenski 1940). dispersion over 1 says that counts vary more than by chance
// alone: then the same on a scale that is so much coarser.
func countsDiffer(x, tx, y, ty, dispersion float64) float64 {
	n := x + y
	if n == 0 {
		return 1
	}
	share := tx / (tx + ty)
	if dispersion > 1 {
		z := (x - n*share) / math.Sqrt(n*share*(1-share)*dispersion)
		return 2 * distuv.UnitNormal.Survival(math.Abs(z))
	}
	b := distuv.Binomial{N: n, P: share}
	at := b.Prob(x) * (1 + 1e-9)
	p := 0.0
	for k := 0.0; k <= n; k++ {
		if q := b.Prob(k); q <= at {
			p += q
		}
	}
	return min(p, 1)
}

// dispersion is variance over mean of counts of about equal times, 1 unless it is
// significantly over 1 (chi squared, 5 %): months that are more unlike than chance
// makes them.
func dispersion(counts []float64) float64 {
	k := float64(len(counts))
	if k < 6 {
		return 1
	}
	mean := 0.0
	for _, c := range counts {
		mean += c / k
	}
	if mean == 0 {
		return 1
	}
	sum := 0.0
	for _, c := range counts {
		sum += (c - mean) * (c - mean) / mean
	}
	if (distuv.ChiSquared{K: k - 1}).Survival(sum) > 0.05 {
		return 1
	}
	return sum / (k - 1)
}

// RunChart is what a row of months says about its median: see judgeRuns.
type RunChart struct {
	Median    float64 `json:"median"`
	Useful    int     `json:"useful"` // points that are not on the median
	Longest   int     `json:"longest_run"`
	MaxRun    int     `json:"longest_run_by_chance"`
	Crossings int     `json:"crossings"`
	MinCross  int     `json:"fewest_crossings_by_chance"`
	Signal    bool    `json:"signal"`
	Enough    bool    `json:"enough"` // ten points or more
}

// runChartPoints is from how many points on the rules are of use.
const runChartPoints = 10

// judgeRuns applies the rules of Anhoj and Olesen (PLoS ONE 2014, 9(11) e113825):
// among the points that are not on the median there is a signal when the longest
// run on one side is over round(log2 n) + 3, or when the line crosses the median
// fewer times than the 5 % point of a binomial of n-1 and 1/2.
func judgeRuns(values []float64) RunChart {
	r := RunChart{Enough: len(values) >= runChartPoints}
	if len(values) == 0 {
		return r
	}
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	r.Median = (sorted[(n-1)/2] + sorted[n/2]) / 2
	run, above := 0, false
	for _, v := range values {
		if v == r.Median {
			continue
		}
		switch {
		case r.Useful > 0 && (v > r.Median) == above:
			run++
		case r.Useful > 0:
			r.Crossings++
			run = 1
		default:
			run = 1
		}
		above = v > r.Median
		r.Useful++
		r.Longest = max(r.Longest, run)
	}
	if r.Useful < 2 {
		return r
	}
	r.MaxRun = int(math.Round(math.Log2(float64(r.Useful)))) + 3
	b := distuv.Binomial{N: float64(r.Useful - 1), P: 0.5}
	for b.CDF(float64(r.MinCross)) < 0.05 {
		r.MinCross++
	}
	r.Signal = r.Enough && (r.Longest > r.MaxRun || r.Crossings < r.MinCross)
	return r
}

// falseDiscovery says which of several p values stand when they are judged as one
// family, by Benjamini and Hochberg (1995) at rate q.
func falseDiscovery(p []float64, q float64) []bool {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		switch {
		case p[a] < p[b]:
			return -1
		case p[a] > p[b]:
			return 1
		default:
			return a - b
		}
	})
	stands := make([]bool, len(p))
	last := -1
	for k, i := range order {
		if p[i] <= q*float64(k+1)/float64(len(p)) {
			last = k
		}
	}
	for k := 0; k <= last; k++ {
		stands[order[k]] = true
	}
	return stands
}
