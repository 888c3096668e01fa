package correlate

import (
	"strconv"

	"pinkstar/schemas"
)

// money writes an amount with two decimals.
func money(v float64) string { return strconv.FormatFloat(v, 'f', 2, 64) }

// cents rounds to two decimals. The conversion keeps the compiler from fusing
// it with what comes after, so that every platform gets the same bytes.
func cents(v float64) float64 { return float64(int64(float64(v*100)+0.5)) / 100 }

// addRange adds r to what is there.
func addRange(to *schemas.Range, r schemas.Range) {
	to.Low, to.Likely, to.High = cents(to.Low+r.Low), cents(to.Likely+r.Likely), cents(to.High+r.High)
}
