package state

import "pinkstar/schemas"

// SpanBetween is the distance from t to the nearer end of an interval.
func SpanBetween(t, first, last schemas.Time) int64 {
	switch {
	case t >= last:
		return t.Sub(last)
	case t <= first:
		return first.Sub(t)
	}
	return min(t.Sub(first), last.Sub(t))
}

// Rate is a count that halves with every half-life of log time: how busy
// something is just now. In thousandths, integers throughout.
type Rate struct {
	Level int64
	at    schemas.Time
}

const (
	RateUnit = 1000
	// rateLife is after how many half-lives nothing is left.
	rateLife = 40
	// An incident's pace is about the last minute, a scope's about the last
	// hour.
	IncidentHalfLife = 30 * schemas.Second
	ScopeHalfLife    = 20 * schemas.Minute
	// What fires again together does so within a minute or two.
	WaveHalfLife = schemas.Minute
)

// StormLevel is the pace from which an alert that nothing else connects with an
// incident may still be part of it.
const StormLevel = 5 * RateUnit

// Now returns the level at log time at.
func (r Rate) Now(at schemas.Time, halfLife int64) int64 {
	dt := at.Sub(r.at)
	if dt <= 0 {
		return r.Level
	}
	n := dt / halfLife
	if n >= rateLife {
		return 0
	}
	level := r.Level >> n
	return level - level*(dt%halfLife)/(2*halfLife)
}

// Add counts one more.
func (r *Rate) Add(at schemas.Time, halfLife int64) {
	r.Level = r.Now(at, halfLife) + RateUnit
	r.at = max(r.at, at)
}

// Opens is how many incidents open in sc within a span, in thousandths, as they
// did of late. One more than there were counts: where nothing has happened yet
// it is not known how often something does.
func (sc *Scope) Opens(span int64, now schemas.Time) int64 {
	const window = ScopeHalfLife * 1443 / 1000 // a steady rate has the level rate * half-life / ln 2
	return (sc.Opened.Now(now, ScopeHalfLife) + RateUnit) * min(max(span, 0), schemas.Day) / window
}

// Wave is how many alerts fired again just now, beyond what is usual of late.
func (sc *Scope) Wave(now schemas.Time) int64 {
	usual := sc.Refires.Now(now, ScopeHalfLife) * WaveHalfLife / ScopeHalfLife
	return max(0, sc.Refired.Now(now, WaveHalfLife)-2*usual)
}

// FiresAgain notes one more alert that fires again.
func (sc *Scope) FiresAgain(now schemas.Time) {
	sc.Refired.Add(now, WaveHalfLife)
	sc.Refires.Add(now, ScopeHalfLife)
}
