package eval

import "math"

// Interval is a mean with its 95 % confidence interval by Student's t over
// seeds: mean plus or minus Half.
type Interval struct {
	Mean float64 `json:"mean"`
	Half float64 `json:"half"`
	N    int     `json:"n"`
	Min  float64 `json:"min"`
	Max  float64 `json:"max"`
}

// t975 holds the 97.5 % quantiles of Student's t for 1 to 30 degrees of freedom.
var t975 = [...]float64{
	12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086,
	2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
}

// IntervalOf returns the mean of xs and its interval.
func IntervalOf(xs []float64) Interval {
	iv := Interval{N: len(xs)}
	if len(xs) == 0 {
		return iv
	}
	iv.Min, iv.Max = xs[0], xs[0]
	for _, x := range xs {
		iv.Mean += x
		iv.Min, iv.Max = min(iv.Min, x), max(iv.Max, x)
	}
	iv.Mean /= float64(len(xs))
	if len(xs) == 1 {
		return iv
	}
	var sq float64
	for _, x := range xs {
		sq += (x - iv.Mean) * (x - iv.Mean)
	}
	t := 1.960
	if len(xs)-1 <= len(t975) {
		t = t975[len(xs)-2]
	}
	iv.Half = t * math.Sqrt(sq/float64(len(xs)-1)/float64(len(xs)))
	return iv
}

// Paired returns the interval of the differences a-b, seed by seed. Where it
// lies wholly above 0, a is better than b and luck does not explain it.
func Paired(a, b []float64) Interval {
	d := make([]float64, min(len(a), len(b)))
	for i := range d {
		d[i] = a[i] - b[i]
	}
	return IntervalOf(d)
}
