package business

import (
	"math"
	"slices"

	"pinkstar/schemas"
)

const (
	// weeks is of how many weeks before a slot is expected to be like.
	weeks = 6
	// growthLeast is how much the days before must have in common with those of
	// the week that they are compared with: a day.
	growthLeast = slotsADay
	// looked is how far back placebos are looked for: five weeks.
	looked = 5 * 7
)

// outlook is what the slots of a series were expected to bring, as far as it was
// asked, under one version of it.
type outlook struct {
	s         *Series
	version   int64
	zone      string
	catchUp   int64
	off       *offsets
	disturbed []bool // by slot, modulo kept
	growth    map[[2]int64]float64
	values    []float64 // what slots were to bring, modulo kept
	worked    []bool    // by hour, modulo kept: they have been worked out
}

// newOutlook returns the outlook of s while claims disturb it.
func newOutlook(s *Series, offset func(schemas.Time) int64, claims []span) *outlook {
	o := &outlook{s: s, version: s.version, off: newOffsets(offset, s.oldest()-weeks*slotsAWeek, s.next+slotsADay),
		disturbed: make([]bool, kept), growth: map[[2]int64]float64{},
		values: make([]float64, kept), worked: make([]bool, kept/slotsAnHour)}
	for slot := s.oldest(); slot < s.next; slot++ {
		o.disturbed[slot%kept] = s.marks[slot%kept]&disturbedBit != 0
	}
	for _, c := range claims {
		for slot := max(c.from, s.oldest()); slot < min(c.to, s.next); slot++ {
			o.disturbed[slot%kept] = true
		}
	}
	return o
}

// span is a range of slots.
type span struct{ from, to int64 }

// ordinary reports whether a slot is known and an example of what is usual.
func (o *outlook) ordinary(slot int64) bool { return o.s.known(slot) && !o.disturbed[slot%kept] }

// expected is what a slot was to bring, NaN where too little is known.
func (o *outlook) expected(slot int64) float64 {
	if !o.s.holds(slot) {
		return math.NaN()
	}
	if hour := slot / slotsAnHour; !o.worked[hour%(kept/slotsAnHour)] {
		o.worked[hour%(kept/slotsAnHour)] = true
		first := hour * slotsAnHour
		copy(o.values[first%kept:], o.hour(first))
	}
	return o.values[slot%kept]
}

// hour is what the slots of an hour were to bring: the trimmed mean of the weeks,
// spread as they were spread on average.
func (o *outlook) hour(first int64) []float64 {
	var means []float64
	var shape, seen [slotsAnHour]float64
	for k := int64(1); k <= weeks; k++ {
		growth := o.growthSince(first, k)
		if math.IsNaN(growth) {
			continue
		}
		sum, n := 0.0, 0
		for i := range int64(slotsAnHour) {
			if back := weeksBefore(first+i, k, o.off); o.ordinary(back) {
				v := float64(o.s.actual(back) * growth)
				sum = float64(sum + v)
				n++
				shape[i], seen[i] = float64(shape[i]+v), seen[i]+1
			}
		}
		if n >= slotsAnHour/2 {
			means = append(means, sum/float64(n))
		}
	}
	out := make([]float64, slotsAnHour)
	if len(means) == 0 {
		for i := range out {
			out[i] = math.NaN()
		}
		return out
	}
	spread(out, trimmed(means), &shape, &seen)
	return out
}

// spread gives each slot of an hour its share of what the hour was to bring.
func spread(out []float64, mean float64, shape, seen *[slotsAnHour]float64) {
	total, n := 0.0, 0.0
	for i := range shape {
		if seen[i] > 0 {
			shape[i] /= seen[i]
			total, n = float64(total+shape[i]), n+1
		}
	}
	for i := range out {
		out[i] = mean
		if seen[i] > 0 && total > 0 {
			out[i] = float64(mean * n * shape[i] / total)
		}
	}
}

// trimmed is the mean without the least and the greatest, from three values on.
func trimmed(v []float64) float64 {
	slices.Sort(v)
	if len(v) > 2 {
		v = v[1 : len(v)-1]
	}
	sum := 0.0
	for _, x := range v {
		sum = float64(sum + x)
	}
	return sum / float64(len(v))
}

// growthSince is how much more the seven days before a slot's day brought than the
// same slots k weeks earlier, NaN where they have too little in common.
func (o *outlook) growthSince(slot, k int64) float64 {
	day := slot / slotsADay
	key := [2]int64{day, k}
	if g, ok := o.growth[key]; ok {
		return g
	}
	now, then, n := 0.0, 0.0, 0
	for at := day*slotsADay - slotsAWeek; at < day*slotsADay; at++ {
		back := weeksBefore(at, k, o.off)
		if o.ordinary(at) && o.ordinary(back) {
			now, then = float64(now+o.s.actual(at)), float64(then+o.s.actual(back))
			n++
		}
	}
	g := math.NaN()
	if n >= growthLeast && then > 0 && now > 0 {
		g = now / then
	}
	o.growth[key] = g
	return g
}

// missed is what an ordinary slot brought beyond what was expected of it; ok is
// false where either is not known.
func (o *outlook) missed(slot int64) (beyond, expected float64, ok bool) {
	if !o.ordinary(slot) {
		return 0, 0, false
	}
	e := o.expected(slot)
	if math.IsNaN(e) {
		return 0, 0, false
	}
	return float64(o.s.actual(slot) - e), e, true
}
