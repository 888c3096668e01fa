package odds

import "math/bits"

const (
	fraction = 20            // bits behind the point of a binary logarithm
	ln2      = 693_147_181   // in thousandths of millionths
	one      = 1_000_000_000 // 1 in the fixed point of Exp
	most     = 40_000        // beyond this many thousandths e^x is out of range
)

// Ln is the natural logarithm of num/den, in thousandths. What is not above 0
// counts as the least there is, 1.
func Ln(num, den int64) int64 { return milli(log2(num) - log2(den)) }

// log2 is the binary logarithm of n with fraction bits behind the point.
func log2(n int64) int64 {
	n = max(n, 1)
	whole := bits.Len64(uint64(n)) - 1
	m := uint64(n) << (63 - whole) // 1 to 2, with 63 bits behind the point
	out := int64(whole) << fraction
	for bit := int64(1) << (fraction - 1); bit > 0; bit >>= 1 {
		hi, _ := bits.Mul64(m, m) // 1 to 4, with 62 bits behind the point
		if hi>>63 == 1 {
			m = hi
			out += bit
		} else {
			m = hi << 1
		}
	}
	return out
}

// milli turns a binary logarithm into a natural one, in thousandths, rounded.
func milli(l int64) int64 {
	hi := l * (ln2 / 1000) // millionths
	return (hi + sign(l)*(1_000<<fraction)/2) / (1_000 << fraction)
}

func sign(n int64) int64 {
	if n < 0 {
		return -1
	}
	return 1
}

// Exp is e^x in thousandths, of x in thousandths. What is out of range is as much
// as there is.
func Exp(x int64) int64 {
	x = max(-most, min(x, most))
	q := x * 1_000_000 / ln2 // whole powers of two
	if x < 0 {
		q--
	}
	r := x*1_000_000 - q*ln2 // the rest, 0 to ln 2, in the fixed point
	sum, term := int64(one), int64(one)
	for k := int64(1); k <= 12; k++ {
		term = term / 1000 * (r / 1000) / 1000 / k
		sum += term
	}
	switch {
	case q >= 0:
		hi, lo := bits.Mul64(uint64(sum), 1<<min(q, 60))
		if hi >= one/1000 {
			return 1 << 62
		}
		v, _ := bits.Div64(hi, lo, one/1000)
		return int64(min(v, 1<<62))
	case q > -60:
		return sum / (one / 1000) >> -q
	}
	return 0
}

// Probability is the probability, in thousandths, at log-odds x in thousandths.
func Probability(x int64) int64 {
	if x > 0 {
		return 1000 - Probability(-x)
	}
	e := Exp(x + 6908) // millionths
	return (e*1000 + (1_000_000+e)/2) / (1_000_000 + e)
}
