package problem

import (
	"slices"

	"pinkstar/correlate/internal/phrase"
	"pinkstar/schemas"
)

// seasonal says on which schedule the starts lie, or "". They lie on one when
// nearly all fall within slack of the same minute of the day, or of the week, by
// a clock that may be changed to or from summer time in between.
func seasonal(starts []schemas.Time, slack, share int64) string {
	if len(starts) < 3 {
		return ""
	}
	if onSchedule(starts, schemas.Day, slack, share) {
		if onSchedule(starts, 7*schemas.Day, slack, share) {
			return "always at the same time of the week"
		}
		return "always at the same time of the day"
	}
	return ""
}

// onSchedule reports whether at least share thousandths of the starts lie
// within slack of one phase of the period, on more than one turn of it.
func onSchedule(starts []schemas.Time, period, slack, share int64) bool {
	if onPhase(starts, period, slack, share) {
		return true
	}
	for i := 1; i < len(starts); i++ {
		if !mayChangeClock(starts[i-1], starts[i]) {
			continue
		}
		for _, by := range [...]int64{schemas.Hour, -schemas.Hour} {
			local := slices.Clone(starts)
			for k := i; k < len(local); k++ {
				local[k] = local[k].Add(by)
			}
			if onPhase(local, period, slack, share) {
				return true
			}
		}
	}
	return false
}

// mayChangeClock reports whether somewhere on Earth clocks may have been changed
// between two times: that is done on Sundays in spring and in autumn. The zone
// of a schedule is not known, so an hour is allowed for on those days alone.
func mayChangeClock(from, to schemas.Time) bool {
	const daysSearched = 400
	day := from.Add(-12 * schemas.Hour) // it is Sunday in the far east already
	for n := 0; n < daysSearched && day <= to; n, day = n+1, day.Add(12*schemas.Hour) {
		at := day.Std()
		switch at.Month() {
		case 3, 4, 9, 10, 11:
			if at.Weekday() == 0 /* Sunday */ {
				return true
			}
		}
	}
	return false
}

func onPhase(starts []schemas.Time, period, slack, share int64) bool {
	phases := make([]int64, len(starts))
	for i, t := range starts {
		phases[i] = int64(t) % period
	}
	slices.Sort(phases)
	n := len(phases)
	best := 0
	for i := range phases { // the fullest arc that begins at a start
		in := 0
		for j := range phases {
			d := phases[(i+j)%n] - phases[i]
			if d < 0 {
				d += period
			}
			if d > 2*slack {
				break
			}
			in++
		}
		best = max(best, in)
	}
	turns := (starts[n-1].Sub(starts[0]) + 2*slack) / period
	return int64(best)*1000 >= share*int64(n) && turns >= 2
}

// datesText lists the latest starts.
func datesText(starts []schemas.Time) string {
	const show = 5
	s := ""
	if len(starts) > show {
		s = "the latest on "
		starts = starts[len(starts)-show:]
	}
	for i, t := range starts {
		if i > 0 {
			s += ", "
		}
		s += t.String()[:16] + "Z"
	}
	return s
}

// intervalsText tells the shortest, middle and longest time between two.
func intervalsText(starts []schemas.Time) string {
	gaps := make([]int64, 0, len(starts))
	for i := 1; i < len(starts); i++ {
		gaps = append(gaps, starts[i].Sub(starts[i-1]))
	}
	if len(gaps) == 0 {
		return "seen once"
	}
	slices.Sort(gaps)
	return "between two: " + phrase.Span(gaps[0]) + " at least, " + phrase.Span(gaps[len(gaps)/2]) + " usually, " + phrase.Span(gaps[len(gaps)-1]) + " at most"
}

func thousandths(n int64) string {
	frac := phrase.Itoa(n % 1000)
	for len(frac) < 3 {
		frac = "0" + frac
	}
	return phrase.Itoa(n/1000) + "." + frac
}
