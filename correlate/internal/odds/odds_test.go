package odds

import (
	"math"
	"testing"
)

func TestLogarithms(t *testing.T) {
	for _, num := range []int64{1, 2, 3, 7, 10, 999, 1000, 123_456_789, 1 << 40} {
		for _, den := range []int64{1, 2, 5, 1000, 77_777, 1 << 33} {
			want := 1000 * math.Log(float64(num)/float64(den))
			if got := Ln(num, den); math.Abs(float64(got)-want) > 1 {
				t.Errorf("ln(%d/%d) is %d, want %.1f", num, den, got, want)
			}
		}
	}
	if got := Ln(0, 1); got != 0 {
		t.Errorf("ln of nothing is %d", got)
	}
}

func TestExponentials(t *testing.T) {
	for x := int64(-9000); x <= 30_000; x += 37 {
		want := 1000 * math.Exp(float64(x)/1000)
		if got := float64(Exp(x)); math.Abs(got-want) > 1+want/10_000 {
			t.Fatalf("exp(%d) is %.0f, want %.1f", x, got, want)
		}
	}
	if Exp(-1_000_000) != 0 || Exp(1_000_000) <= Exp(30_000) {
		t.Errorf("out of range: %d and %d", Exp(-1_000_000), Exp(1_000_000))
	}
}

func TestProbabilities(t *testing.T) {
	for x := int64(-12_000); x <= 12_000; x += 50 {
		want := 1000 / (1 + math.Exp(-float64(x)/1000))
		if got := float64(Probability(x)); math.Abs(got-want) > 1.1 {
			t.Fatalf("at log-odds %d it is %.0f, want %.1f", x, got, want)
		}
	}
}
