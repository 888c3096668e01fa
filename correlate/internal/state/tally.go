package state

import (
	"maps"

	"pinkstar/schemas"
)

// tally is how often something happens of late, by what it happens to. What has
// become faint is as if it had never been: a snapshot leaves it out.
type tally[K comparable] map[K]Rate

const (
	// tallyCap bounds how many are counted.
	tallyCap = 4096
	// tallyFaint is a level that tells nothing any more.
	tallyFaint = RateUnit / 32
)

// add counts one more of key, if there is room.
func (t *tally[K]) add(key K, now schemas.Time, halfLife int64) {
	r, known := (*t)[key]
	if !known && len(*t) >= tallyCap && t.forget(now, halfLife) == 0 {
		return
	}
	if t.level(key, now, halfLife) == 0 {
		r = Rate{}
	}
	r.Add(now, halfLife)
	t.set(key, r)
}

func (t *tally[K]) set(key K, r Rate) {
	if *t == nil {
		*t = tally[K]{}
	}
	(*t)[key] = r
}

func (t tally[K]) level(key K, now schemas.Time, halfLife int64) int64 {
	if level := t[key].Now(now, halfLife); level >= tallyFaint {
		return level
	}
	return 0
}

// forget drops what has become faint, and says how many that were.
func (t tally[K]) forget(now schemas.Time, halfLife int64) int {
	before := len(t)
	maps.DeleteFunc(t, func(key K, _ Rate) bool { return t.level(key, now, halfLife) == 0 })
	return before - len(t)
}
