package state

import (
	"cmp"
	"maps"
	"slices"

	"pinkstar/schemas"
)

// Usual is how often something new reaches each entity of a scope: incidents
// that come to be about it, of late. Of an alert on what is ill twice a year it
// is likely that it belongs to what is going on there; of one on what fails four
// times an hour less so.
type Usual struct {
	counts tally[EntityKey]
}

const usualHalfLife = 2 * schemas.Hour

// Reached notes that one more incident is about what key names.
func (u *Usual) Reached(key EntityKey, now schemas.Time) { u.counts.add(key, now, usualHalfLife) }

// keys are those that are counted, in a fixed order.
func (u *Usual) keys() []EntityKey {
	return slices.SortedFunc(maps.Keys(u.counts.rates), func(a, b EntityKey) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
}

// Level is how often incidents reach what key names, for Expected. One of those
// that did, own, is not counted where it is set.
func (u *Usual) Level(key EntityKey, own bool, now schemas.Time) int64 {
	level := u.counts.level(key, now, usualHalfLife)
	if own {
		level = max(0, level-RateUnit)
	}
	return level
}

// Expected is how many incidents were to be expected to reach something within a
// span, in thousandths, had nothing but the usual happened.
func Expected(level, span int64) int64 {
	// A steady rate has the level rate * half-life / ln 2; where it is counted
	// many times a half-life, up to two fifths more.
	const window = usualHalfLife * 1443 / 1000
	return level * min(max(span, 0), schemas.Day) / window
}
