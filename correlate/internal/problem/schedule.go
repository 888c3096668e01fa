package problem

import (
	"slices"

	"pinkstar/correlate/internal/odds"
	"pinkstar/correlate/internal/phrase"
	"pinkstar/schemas"
)

// schedule is by which clock things come.
type schedule struct {
	text   string // "every 8 hours"; "" for none
	sure   bool   // chance would hardly put them so
	likely bool   // it might be one: more of them will tell
}

// A schedule is tested by a scan of the circle of each period: where the starts
// fall into a few short arcs, and chance would seldom put so many there (Naus,
// The distribution of the size of the maximum cluster of points on a line, 1965;
// here the bound by the number of ways to choose). All in thousandths of a nat.
const (
	sureAt      = -4600  // one in a hundred
	likelyAt    = -2000  // one in seven
	arcsMost    = 4      // runs in one turn of the period
	widestShare = 340    // thousandths of a period that all arcs may take
	latest      = 60     // starts that are looked at
	reasonTests = 10 * 3 // periods and widths that are tried
)

// periods that jobs have. What runs at fixed hours of some days, or of the month,
// is found by the day.
var periods = [...]int64{schemas.Hour, 2 * schemas.Hour, 3 * schemas.Hour, 4 * schemas.Hour, 6 * schemas.Hour,
	8 * schemas.Hour, 12 * schemas.Hour, schemas.Day, 7 * schemas.Day}

// scheduleOf says on which schedule the starts lie. They need not all: a job may
// be run again by hand, and runs that go well are not seen at all. share is the
// least share of starts on it, in thousandths.
func scheduleOf(starts []schemas.Time, slack, share int64) schedule {
	out := schedule{}
	if len(starts) < 3 {
		return out
	}
	starts = newest(starts, latest)
	best := int64(0)
	for _, period := range periods {
		x, text := onSchedule(starts, period, slack, share)
		if x < best {
			best, out.text = x, text
		}
	}
	out.sure, out.likely = best <= sureAt, best <= likelyAt
	if out.sure && fixedDays(starts) {
		out.text = "always on the same day of the month"
	}
	return out
}

// onSchedule is the logarithm of how likely chance puts the starts on a schedule of
// this period so well, by a clock that may be changed to or from summer time in
// between; 0 when they are not on one.
func onSchedule(starts []schemas.Time, period, slack, share int64) (int64, string) {
	kept := runs(starts, period)
	if len(kept) < 3 || (kept[len(kept)-1].Sub(kept[0])+2*slack)/period < 2 {
		return 0, ""
	}
	best, arcs := onPhases(kept, period, slack, share)
	if period == schemas.Hour || best <= sureAt {
		return best, scheduleText(period, arcs)
	}
	for i := 1; i < len(kept); i++ {
		if !mayChangeClock(kept[i-1], kept[i]) {
			continue
		}
		for _, by := range [...]int64{schemas.Hour, -schemas.Hour} {
			local := slices.Clone(kept)
			for k := i; k < len(local); k++ {
				local[k] = local[k].Add(by)
			}
			x, n := onPhases(local, period, slack, share)
			if x += odds.Ln(4, 1); x < best { // two Sundays, two ways
				best, arcs = x, n
			}
		}
	}
	return best, scheduleText(period, arcs)
}

// runs leaves out what follows so soon that it is of the run before, or its
// repetition.
func runs(starts []schemas.Time, period int64) []schemas.Time {
	var out []schemas.Time
	for _, t := range starts {
		if n := len(out); n == 0 || t.Sub(out[n-1]) > min(period/8, 2*schemas.Hour) {
			out = append(out, t)
		}
	}
	return out
}

// onPhases tries one arc after the other, wide and narrow.
func onPhases(starts []schemas.Time, period, slack, share int64) (best int64, arcs int64) {
	phases := make([]int64, len(starts))
	for i, t := range starts {
		phases[i] = int64(t) % period
	}
	slices.Sort(phases)
	n := int64(len(phases))
	for _, width := range [...]int64{2 * slack / 3, slack, 4 * slack / 3, 2 * slack} {
		left, in := slices.Clone(phases), int64(0)
		for m := int64(1); m <= arcsMost && 2*m <= n && m*width*1000 <= widestShare*period; m++ {
			var k int64
			left, k = fullest(left, period, width)
			if in += k; in*1000 < share*n {
				continue
			}
			// The ways to choose which starts are on it and which of them begin an
			// arc, and all the others fall into one.
			x := ways(n, in) + ways(in, m) + (in-m)*odds.Ln(m*width, period) + odds.Ln(reasonTests*m, 1)
			if x < best {
				best, arcs = x, m
			}
		}
	}
	return best, arcs
}

// fullest takes out the phases of the fullest arc that begins at one, and says how
// many those are. What lies close to it goes too: a wide cluster is not two runs.
func fullest(phases []int64, period, width int64) (rest []int64, most int64) {
	n, at := len(phases), 0
	for i := range phases {
		in := int64(0)
		for j := range phases {
			d := phases[(i+j)%n] - phases[i]
			if d < 0 {
				d += period
			}
			if d > width {
				break
			}
			in++
		}
		if in > most {
			most, at = in, i
		}
	}
	for j := int(most); j < n; j++ {
		p := phases[(at+j)%n]
		after, before := p-phases[at], phases[at]-p
		if after < 0 {
			after += period
		} else if before < 0 {
			before += period
		}
		if after > 3*width && before > 2*width {
			rest = append(rest, p)
		}
	}
	slices.Sort(rest)
	return rest, most
}

// ways is the logarithm of the number of ways to choose k of n.
func ways(n, k int64) int64 {
	sum := int64(0)
	for i := int64(1); i <= min(k, n-k); i++ {
		sum += odds.Ln(n-i+1, i)
	}
	return sum
}

func scheduleText(period, arcs int64) string {
	switch {
	case arcs > 1 && period == schemas.Day:
		return phrase.Itoa(arcs) + " times a day, always at the same times"
	case arcs > 1:
		return "always at the same " + phrase.Itoa(arcs) + " times of the " + turnText(period)
	case period == schemas.Hour:
		return "every hour, always at the same minute"
	case period < schemas.Day:
		return "every " + phrase.Itoa(period/schemas.Hour) + " hours, always at the same minute"
	}
	return "always at the same time of the " + turnText(period)
}

func turnText(period int64) string {
	switch period {
	case 7 * schemas.Day:
		return "week"
	case schemas.Day:
		return "day"
	}
	return phrase.Itoa(period/schemas.Hour) + " hours"
}

// fixedDays reports whether all starts lie on one day of the month, in two months
// at least.
func fixedDays(starts []schemas.Time) bool {
	first, last := starts[0].Std(), starts[len(starts)-1].Std()
	if first.Month() == last.Month() {
		return false
	}
	for _, t := range starts {
		if d := t.Std().Day(); d != first.Day() {
			return false
		}
	}
	return true
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
