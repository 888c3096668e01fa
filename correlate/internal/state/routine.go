package state

import (
	"maps"
	"slices"

	"pinkstar/schemas"
)

// Routine is how often something is changed on the services of a scope, or
// maintained, though nothing comes of it. Of a service that is deployed every hour a
// deployment a quarter of an hour ago says little; of one that is touched twice a
// year it says much.
type Routine struct {
	Since schemas.Time // when it was first looked at; 0: never
	all   Rate
	on    tally[string] // by service
}

const routineHalfLife = 7 * schemas.Day

// Known notes from when on sc is looked at: what has not happened since then is
// rare.
func (r *Routine) Known(now schemas.Time) {
	if r.Since == 0 {
		r.Since = now
	}
}

// Happened counts a change of the services.
func (r *Routine) Happened(services []string, now schemas.Time) {
	r.Known(now)
	for _, name := range services {
		r.all.Add(now, routineHalfLife)
		r.on.add(name, now, routineHalfLife)
	}
}

// changed is how many services are counted.
func (r *Routine) changed(now schemas.Time) int {
	n := 0
	for name := range r.on.rates {
		if r.on.level(name, now, routineHalfLife) > 0 {
			n++
		}
	}
	return n
}

// names are the services that are counted, in a fixed order.
func (r *Routine) names() []string { return slices.Sorted(maps.Keys(r.on.rates)) }

// watched is for how long changes were counted, in milliseconds: of what is longer
// ago less counts.
func (r *Routine) watched(now schemas.Time) int64 {
	const window = routineHalfLife * 1443 / 1000 // a steady rate has the level rate * half-life / ln 2
	seen := Rate{Level: window, at: r.Since}
	return window - seen.Now(now, routineHalfLife)
}

// Every is how long it takes on average, in milliseconds, until the next change
// comes to a service anyway. Two assumptions fill what has not been seen: that a
// service of which nothing is known is like the others of its scope, of which there
// are so many, and that those are changed once in usually milliseconds. One change
// that is known to be there, the one that is asked about, does not count.
func (r *Routine) Every(service string, services int, usually int64, now schemas.Time) int64 {
	const assumed = 4 // the assumption weighs as much as a quarter of that time watched
	watched := r.watched(now)
	if services == 0 { // nobody declared any
		services = r.changed(now)
	}
	all := max(int64(services), 1)
	others := max(0, r.all.Now(now, routineHalfLife)-RateUnit)
	every := (watched + usually/assumed) * all * RateUnit / (others + all*RateUnit/assumed)
	own := max(0, r.on.level(service, now, routineHalfLife)-RateUnit)
	return max((watched+every)*RateUnit/(own+RateUnit), schemas.Minute)
}
