package report

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s: %g, want %g", what, got, want)
	}
}

// Figures that are printed in books and tables.
func TestIntervalsAreThoseOfTheTables(t *testing.T) {
	values := make([]float64, 25)
	for i := range values {
		values[i] = float64(i + 1)
	}
	// Median of 25: ranks 8 and 18, 95.7 %.
	iv, ok := quantileInterval(values, 0.5)
	if !ok || iv.Low != 8 || iv.High != 18 {
		t.Errorf("median of 25: %v %v, want ranks 8 and 18", iv, ok)
	}
	if _, ok := quantileInterval(values[:5], 0.5); ok { // 0.5^5 on each side is 3.1 %
		t.Error("five values have no interval of 95 %")
	}
	if iv, ok := quantileInterval(values[:6], 0.5); !ok || iv.Low != 1 || iv.High != 6 {
		t.Errorf("median of 6: %v %v", iv, ok)
	}
	// Wilson, 10 of 100: 5.52 % to 17.44 %.
	iv = shareInterval(10, 100)
	near(t, "Wilson, low", iv.Low, 0.0552, 1e-4)
	near(t, "Wilson, high", iv.High, 0.1744, 1e-4)
	// Jeffreys, 10: half the 2.5 and 97.5 % points of chi squared of 21.
	iv = countInterval(10)
	near(t, "Jeffreys, low", iv.Low, 10.283/2, 1e-3)
	near(t, "Jeffreys, high", iv.High, 35.479/2, 1e-3)
	if iv := countInterval(0); iv.Low != 0 || iv.High < 2 || iv.High > 3 {
		t.Errorf("none: %v", iv)
	}
	// 5 against 15 in equal times: twice the lower tail of Bin(20, 1/2) at 5.
	near(t, "5 against 15", countsDiffer(5, 1, 15, 1, 1), 2*0.020695, 1e-5)
	near(t, "5 against 10 in twice the time", countsDiffer(5, 1, 10, 2, 1), 1, 1e-9)
	if p := countsDiffer(5, 1, 15, 1, 4); p < 0.2 {
		t.Errorf("with four times the variance: %g", p)
	}
}

// The intervals hold what they promise on values with a long tail.
func TestMedianIntervalsCoverALongTail(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	const runs = 4000
	covered := 0
	for range runs {
		v := make([]float64, 25)
		for i := range v {
			v[i] = math.Exp(2 * rng.NormFloat64())
		}
		slices.Sort(v)
		if iv, ok := quantileInterval(v, 0.5); ok && iv.Low <= 1 && 1 <= iv.High {
			covered++
		}
	}
	near(t, "coverage", float64(covered)/runs, 0.957, 0.012)
}

func TestRunChartRules(t *testing.T) {
	// The bounds of Anhoj and Olesen's table: n, longest run, fewest crossings.
	for _, row := range [][3]int{{10, 6, 2}, {12, 7, 3}, {16, 7, 4}, {20, 7, 6}, {24, 8, 8}} {
		values := make([]float64, row[0])
		for i := range values {
			values[i] = float64(i % 2)
		}
		r := judgeRuns(values)
		if r.Useful != row[0] || r.MaxRun != row[1] || r.MinCross != row[2] || r.Signal {
			t.Errorf("%d points: %+v", row[0], r)
		}
	}
	shift := []float64{5, 4, 6, 5, 4, 5, 9, 10, 11, 9, 10, 12}
	if r := judgeRuns(shift); !r.Signal || r.Crossings >= r.MinCross {
		t.Errorf("a shift is no signal: %+v", r)
	}
	if r := judgeRuns(shift[4:]); r.Signal || r.Enough {
		t.Errorf("eight points: %+v", r)
	}
	if r := judgeRuns([]float64{3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3}); r.Signal || r.Useful != 0 {
		t.Errorf("nothing ever changes: %+v", r)
	}
	// By chance alone there is a signal in few of the rows.
	rng := rand.New(rand.NewPCG(3, 4))
	signals := 0
	for range 3000 {
		v := make([]float64, 12)
		for i := range v {
			v[i] = rng.Float64()
		}
		if judgeRuns(v).Signal {
			signals++
		}
	}
	if share := float64(signals) / 3000; share > 0.08 {
		t.Errorf("%g of random rows have a signal", share)
	}
}

func TestFamiliesOfTests(t *testing.T) {
	got := falseDiscovery([]float64{0.041, 0.001, 0.9, 0.008, 0.039}, 0.05)
	if !slices.Equal(got, []bool{false, true, false, true, false}) {
		t.Errorf("%v", got)
	}
	if got := falseDiscovery(nil, 0.05); len(got) != 0 {
		t.Error(got)
	}
}

func TestDispersion(t *testing.T) {
	if d := dispersion([]float64{10, 12, 9, 11, 8, 10, 13}); d != 1 {
		t.Errorf("chance alone: %g", d)
	}
	if d := dispersion([]float64{1, 30, 2, 25, 3, 40, 1}); d < 5 {
		t.Errorf("unlike months: %g", d)
	}
}
