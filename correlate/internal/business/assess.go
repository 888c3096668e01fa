package business

import (
	"math"
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Assessment is what an incident lost by the figures, in the currency.
type Assessment struct {
	Lost     schemas.Range // what was missed while it lasted
	CaughtUp schemas.Range // what came beyond the expected in the hours after it; below 0: recovery was slow
	Expected float64       // what was to come while it lasted
	Actual   float64       // what came
	Known    float64       // share of the expected for whose time figures were told
	Placebos int           // undisturbed windows that the intervals were found from
	Series   int           // figures that were priced
	Shared   bool          // others claimed part of it
	Ended    bool          // all of it, and what came back, has been told
	Held     int64         // of Tried intervals made at undisturbed times, those that held the truth
	Tried    int64
}

const (
	// fewest placebos make an interval, and knownLeast is which share of a window
	// must have been told.
	fewest     = 20
	knownLeast = 0.5
	// tail is what lies beyond each end of an interval: 90 % lie within.
	tail = 0.05
	// longest is the longest window that is held against the figures.
	longest = 14 * slotsADay
)

// part is a slot that is counted for an incident, with its share of it.
type part struct {
	slot  int64
	share float64
}

// stretch are the slots of one series that are counted.
type stretch struct {
	view  *outlook
	worth float64
	parts []part
}

// Assess says what an account lost; ok is false where the figures can't say it.
func (l *Ledger) Assess(a *Account, p *Prices) (out Assessment, ok bool) {
	var during, after []stretch
	ended := true
	for _, s := range l.priced(a, p) {
		view := l.outlookOf(s, p)
		worth := p.Worth(s.Figure)
		in, back, shared, done := l.parts(a, s, p)
		out.Shared = out.Shared || shared
		ended = ended && done
		during = append(during, stretch{view, worth, in})
		after = append(after, stretch{view, worth, back})
		for _, d := range s.daily {
			out.Held, out.Tried = out.Held+d.held, out.Tried+d.tried
		}
		out.Series++
	}
	lost, ok := sumOf(during)
	if !ok {
		return out, false
	}
	errs := placebos(during)
	if len(errs) < fewest {
		return out, false
	}
	out.Expected, out.Actual, out.Known, out.Placebos = lost.expected, lost.actual, lost.known, len(errs)
	out.Lost = interval(lost.expected-lost.actual, errs, lost.days)
	if back, ok := sumOf(after); ok {
		if errs := placebos(after); len(errs) >= fewest {
			r := interval(back.expected-back.actual, errs, back.days)
			out.CaughtUp = schemas.Range{Low: -r.High, Likely: -r.Likely, High: -r.Low}
		}
	}
	out.Ended = ended
	return out, true
}

// priced are the series that an account claims and that are worth something. Where
// a service reports its revenue, that is what counts: what it sold is in it.
func (l *Ledger) priced(a *Account, p *Prices) []*Series {
	var out []*Series
	for _, s := range l.Series {
		if p.Worth(s.Figure) <= 0 || !slices.ContainsFunc(a.Claims, func(c Claim) bool { return c.Service == s.Service }) {
			continue
		}
		if s.Figure != Revenue && l.Of(s.Service, Revenue) != nil && p.Worth(Revenue) > 0 {
			continue
		}
		out = append(out, s)
	}
	return out
}

// Revenue is the figure that is money itself.
const Revenue = rules.RevenueFigure

// parts are the slots of s that are counted for a: those of its claims, and those
// after them in which customers come back, each with its share where others claim
// the same. done says that all of them have been told.
func (l *Ledger) parts(a *Account, s *Series, p *Prices) (in, back []part, shared, done bool) {
	mine := claimed(a, s)
	if len(mine) == 0 || mine[len(mine)-1].to-mine[0].from > longest {
		return nil, nil, false, true
	}
	end := mine[len(mine)-1].to
	tail := end + p.CatchUp/SlotLength
	total, later := l.weights(s, p, mine[0].from, tail)
	for slot := mine[0].from; slot < min(tail, s.next); slot++ {
		i := slot - mine[0].from
		switch inside := within(mine, slot); {
		case inside:
			share := portion(a.Weight, total[i])
			shared = shared || share < 1
			in = append(in, part{slot, share})
		case slot >= end && total[i] == 0:
			back = append(back, part{slot, portion(a.Weight, later[i])})
		}
	}
	done = s.next >= tail && !slices.ContainsFunc(a.Claims, func(c Claim) bool { return c.Lasts })
	return in, back, shared, done
}

// leastWeight is that of an incident whose severity loses nothing.
const leastWeight = 1e-3

func portion(weight, total float64) float64 {
	if total <= 0 {
		return 1
	}
	return min(max(weight, leastWeight)/total, 1)
}

// weights sums, by slot, the weights of those who claim s, and of those whose
// customers come back.
func (l *Ledger) weights(s *Series, p *Prices, from, to int64) (total, later []float64) {
	total, later = make([]float64, to-from), make([]float64, to-from)
	add := func(list []float64, w span, weight float64) {
		for slot := max(w.from, from); slot < min(w.to, to); slot++ {
			list[slot-from] += weight
		}
	}
	for _, a := range l.Accounts {
		weight := max(a.Weight, leastWeight)
		all := claimed(a, s)
		for _, w := range all {
			add(total, w, weight)
		}
		if len(all) > 0 {
			end := all[len(all)-1].to
			add(later, span{end, end + p.CatchUp/SlotLength}, weight)
		}
	}
	return total, later
}

// claimed are the slots of s that a claims, in order, none twice.
func claimed(a *Account, s *Series) []span {
	var out []span
	for _, c := range a.Claims {
		if c.Service == s.Service {
			out = append(out, window(c, s))
		}
	}
	slices.SortFunc(out, func(x, y span) int { return int(x.from - y.from) })
	merged := out[:0]
	for _, w := range out {
		if n := len(merged); n > 0 && w.from <= merged[n-1].to {
			merged[n-1].to = max(merged[n-1].to, w.to)
			continue
		}
		merged = append(merged, w)
	}
	return merged
}

func within(list []span, slot int64) bool {
	return slices.ContainsFunc(list, func(w span) bool { return slot >= w.from && slot < w.to })
}

// sums are those of stretches.
type sums struct {
	expected, actual, known float64
	days                    float64 // how long the longest stretch is
}

// sumOf adds up what was expected and what came. For slots that were not told, what
// came is taken to have the share of the others. ok is false where too little is known.
func sumOf(list []stretch) (sums, bool) {
	var all sums
	told := 0.0
	for _, st := range list {
		expected, seen, actual := 0.0, 0.0, 0.0
		for _, p := range st.parts {
			e := st.view.expected(p.slot)
			if math.IsNaN(e) {
				continue
			}
			w := float64(p.share * st.worth)
			expected = float64(expected + float64(w*e))
			if st.view.s.known(p.slot) {
				seen = float64(seen + float64(w*e))
				actual = float64(actual + float64(w*st.view.s.actual(p.slot)))
			}
		}
		all.days = max(all.days, float64(len(st.parts))/slotsADay)
		if seen <= 0 {
			all.expected = float64(all.expected + expected)
			continue
		}
		all.expected = float64(all.expected + expected)
		all.actual = float64(all.actual + actual*expected/seen)
		told = float64(told + seen)
	}
	if all.expected <= 0 {
		return all, false
	}
	all.known = told / all.expected
	return all, all.known >= knownLeast
}

// placebos are the summed errors of the same estimator over the same stretches at
// undisturbed times: on each of the days before at about the same hour.
func placebos(list []stretch) []float64 {
	var out []float64
	for days := int64(1); days <= looked; days++ {
		for _, hours := range [...]int64{0, -1, 1, -2, 2} {
			shift := days*slotsADay + hours*slotsAnHour
			if err, ok := placebo(list, shift); ok {
				out = append(out, err)
			}
		}
	}
	return out
}

// placebo is the error of stretches so many slots earlier, on the scale of now.
func placebo(list []stretch, shift int64) (float64, bool) {
	err, then, now, ordinary := 0.0, 0.0, 0.0, 0.0
	for _, st := range list {
		for _, p := range st.parts {
			e := st.view.expected(p.slot)
			if math.IsNaN(e) {
				continue
			}
			w := float64(p.share * st.worth)
			now = float64(now + float64(w*e))
			if beyond, was, ok := st.view.missed(p.slot - shift); ok {
				err = float64(err + float64(w*beyond))
				then = float64(then + float64(w*was))
				ordinary = float64(ordinary + float64(w*e))
			}
		}
	}
	if then <= 0 || ordinary < 0.8*now {
		return 0, false
	}
	return float64(err * threeQuarters(now/then)), true
}

// threeQuarters is the power of what is expected with which errors grow: between
// that of chance (1/2) and that of days which are better as a whole (1). Square roots
// are the same on every machine; math.Pow need not be.
func threeQuarters(ratio float64) float64 {
	root := math.Sqrt(ratio)
	return float64(root * math.Sqrt(root))
}

// interval is an estimate of a loss with the errors that the same estimator made:
// they are what came beyond the expected, so a loss is so much higher. days is how
// long it lasted: of long windows few placebos are independent, and the interval is
// a little wider, as Student's is.
func interval(loss float64, errs []float64, days float64) schemas.Range {
	slices.Sort(errs)
	n := len(errs)
	mean := 0.0
	for _, e := range errs {
		mean = float64(mean + e/float64(n))
	}
	const offsets, hour = 5, 1.0 / 24 // of a day's placebos, which lie an hour apart
	apart := max(min(offsets, offsets*hour/max(days, hour)), 1/max(days, 1))
	wider := 1 + 1/max(float64(n)/offsets*apart, 1)
	low := errs[max(int(math.Floor(float64(n+1)*tail))-1, 0)]
	high := errs[min(int(math.Ceil(float64(n+1)*(1-tail)))-1, n-1)]
	return schemas.Range{
		Low:    float64(loss + mean + float64((low-mean)*wider)),
		Likely: float64(loss + mean),
		High:   float64(loss + mean + float64((high-mean)*wider)),
	}
}
