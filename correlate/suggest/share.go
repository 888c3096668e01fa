package suggest

import "math"

// Share is how many of N were right, with Wilson's interval at 95 %: Wilson, E. B.
// (1927), "Probable inference, the law of succession, and statistical inference",
// Journal of the American Statistical Association 22.
type Share struct {
	Right int     `json:"right"`
	N     int     `json:"n"`
	Low   float64 `json:"low"`  // 0 to 1
	High  float64 `json:"high"` // 0 to 1; of nothing, everything is possible
}

func shareOf(right, n int) Share {
	if n == 0 {
		return Share{High: 1}
	}
	const z = 1.959963984540054 // the normal distribution's 97.5 % quantile
	all := float64(n)
	p := float64(right) / all
	middle, half := p+z*z/(2*all), z*math.Sqrt(p*(1-p)/all+z*z/(4*all*all))
	low, high := (middle-half)/(1+z*z/all), (middle+half)/(1+z*z/all)
	return Share{right, n, max(0, low), min(1, high)}
}
