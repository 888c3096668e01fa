package money

import (
	"strconv"

	"pinkstar/schemas"
)

// Format writes an amount with two decimals.
func Format(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// Cents rounds to two decimals. The conversion keeps the compiler from fusing
// it with what comes after, so that every platform gets the same bytes.
func Cents(v float64) float64 {
	if v < 0 {
		return -Cents(-v)
	}
	return float64(int64(float64(v*100)+0.5)) / 100
}

// Add adds r to what is there.
func Add(to *schemas.Range, r schemas.Range) {
	to.Low, to.Likely, to.High = Cents(to.Low+r.Low), Cents(to.Likely+r.Likely), Cents(to.High+r.High)
}
