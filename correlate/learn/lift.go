package learn

import (
	"cmp"
	"math"
	"slices"
)

// Counted is a pair and what its figures say.
type Counted struct {
	A, B      Type
	N         int64 // times they came together
	Occasions int64
	Expected  float64 // times chance would have brought them together
	// Lift is how many times as often as chance they came together, shrunk
	// towards 1; Lower is where the 95 % interval around it begins.
	Lift, Lower float64
	// Clock reports that they come by the clock: two jobs of the same hour
	// meet every day and have nothing to do with each other.
	Clock bool
}

// All returns every pair that is held, in order of scope, service and name.
func (c *Counter) All() []Counted {
	out := make([]Counted, 0, len(c.pairs))
	for _, p := range c.pairs {
		out = append(out, c.weigh(p))
	}
	slices.SortFunc(out, func(a, b Counted) int { return cmp.Or(compareTypes(a.A, b.A), compareTypes(a.B, b.B)) })
	return out
}

// Partners returns the pairs that are good enough to be taught, the strongest
// first, each among the strongest of at least one of its two.
func (c *Counter) Partners() []Counted {
	good := slices.DeleteFunc(c.All(), func(p Counted) bool {
		return p.N < c.cfg.Together || p.Occasions < c.cfg.Occasions || p.Lower < c.cfg.Lift || p.Clock
	})
	slices.SortStableFunc(good, func(a, b Counted) int { return cmp.Or(cmp.Compare(b.Lift, a.Lift), cmp.Compare(b.N, a.N)) })
	taken := map[Type]int{}
	return slices.DeleteFunc(good, func(p Counted) bool {
		taken[p.A]++
		taken[p.B]++
		return taken[p.A] > c.cfg.Partners && taken[p.B] > c.cfg.Partners
	})
}

func (c *Counter) weigh(p *pair) Counted {
	w := Counted{A: p.a.Type, B: p.b.Type, N: p.n, Occasions: p.occasions, Expected: c.expected(p), Clock: p.byTheClock()}
	w.Lift, w.Lower = lift(float64(p.n), w.Expected)
	return w
}

// expected is how often a pair would come together if the two had nothing to
// do with each other: the larger, so the more cautious, of two answers.
//
// Over time: of n starts of one at random moments of a span T, each finds one
// of the m starts of the other within the window W before or after it m·2W/T
// times, n·m·2W/T in all. It is right for what is frequent in calm times.
//
// Within what comes together at all: alerts come in bursts, and in a burst
// everything meets everything. If S pairs came together and the two were an
// end of n and m of them, drawing ends at random pairs them n·m/2S times (the
// configuration model of random graphs; Newman, "Modularity and community
// structure in networks", PNAS 103 (2006) 8577). The pair's own meetings are
// left out of n and m, or two that only ever meet each other would look like
// chance.
func (c *Counter) expected(p *pair) float64 {
	sc := c.scopes[p.a.Scope]
	span := max(sc.last.Sub(sc.first), 2*c.cfg.Window)
	near := float64(sc.pairs) / float64(sc.wide)
	overTime := float64(p.a.n) * float64(p.b.n) * float64(2*c.cfg.Window) / float64(span) * near
	mixed := float64(p.a.ends-p.n) * float64(p.b.ends-p.n) / float64(2*sc.pairs)
	return max(overTime, mixed)
}

// lift is the observed over the expected, each plus a half, and the lower end
// of its 95 % interval: the information component and its approximation in
// Norén, Hopstadius and Bate, "Shrinkage observed-to-expected ratios for robust
// and transparent large-scale pattern discovery", Statistical Methods in
// Medical Research 22 (2013) 57. The half draws what was seen a few times
// towards 1: five meetings of two that were never expected to meet are 11
// times, not infinitely many times, as often as chance has it.
func lift(observed, expected float64) (ratio, lower float64) {
	o := observed + 0.5
	ratio = o / (expected + 0.5)
	return ratio, ratio * math.Exp2(-3.3/math.Sqrt(o)-2/(o*math.Sqrt(o)))
}

// points is the logarithm of a lift in thousandths.
func points(lift float64) int64 { return int64(math.Round(1000 * math.Log(lift))) }

// byTheClock reports whether nine of ten occasions lie in the same quarter of
// the hour. Four or more by chance do so 1 in 16 times, and ever less often
// when there are more.
func (p *pair) byTheClock() bool {
	if p.occasions < clockFrom {
		return false
	}
	best := uint32(0)
	for i := range p.clock {
		in := uint32(0)
		for j := range slots / 4 {
			in += uint32(p.clock[(i+j)%slots])
		}
		best = max(best, in)
	}
	return int64(best)*10 >= p.occasions*9
}

// clockFrom is how many occasions it takes to see a schedule.
const clockFrom = 4
