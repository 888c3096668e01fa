package state

import (
	"container/heap"
	"maps"
	"sort"

	"pinkstar/schemas"
)

// tally is how often something happens of late, by what it happens to. What has
// become faint is as if it had never been: a snapshot leaves it out.
type tally[K comparable] struct {
	rates map[K]Rate
	// fading has each key, the one first that may become faint next; nil until there
	// was no room, and nothing a snapshot holds. A count that grew since is there
	// under the moment it had before.
	fading fades[K]
	looked int // how many were looked at to make room: what work there was
}

const (
	// tallyCap bounds how many are counted.
	tallyCap = 4096
	// tallyFaint is a level that tells nothing any more.
	tallyFaint = RateUnit / 32
)

// add counts one more of key, if there is room.
func (t *tally[K]) add(key K, now schemas.Time, halfLife int64) {
	r, known := t.rates[key]
	if !known && len(t.rates) >= tallyCap && t.makeRoom(now, halfLife) == 0 {
		return
	}
	if t.level(key, now, halfLife) == 0 {
		r = Rate{}
	}
	r.Add(now, halfLife)
	t.set(key, r)
	if !known && t.fading != nil {
		heap.Push(&t.fading, fade[K]{r.fadesAt(halfLife), key})
	}
}

func (t *tally[K]) set(key K, r Rate) {
	if t.rates == nil {
		t.rates = map[K]Rate{}
	}
	t.rates[key] = r
}

func (t *tally[K]) level(key K, now schemas.Time, halfLife int64) int64 {
	if level := t.rates[key].Now(now, halfLife); level >= tallyFaint {
		return level
	}
	return 0
}

// forget drops what has become faint.
func (t *tally[K]) forget(now schemas.Time, halfLife int64) {
	maps.DeleteFunc(t.rates, func(key K, _ Rate) bool { return t.level(key, now, halfLife) == 0 })
	t.fading = nil
}

// makeRoom does what forget does, and says how many it dropped. It looks at those
// that may have become faint and at no others: it is asked by everything new that
// there is no room for.
func (t *tally[K]) makeRoom(now schemas.Time, halfLife int64) (dropped int) {
	if t.fading == nil {
		t.looked += len(t.rates)
		t.fading = make(fades[K], 0, len(t.rates))
		for key, r := range t.rates {
			t.fading = append(t.fading, fade[K]{r.fadesAt(halfLife), key})
		}
		heap.Init(&t.fading)
	}
	for len(t.fading) > 0 && t.fading[0].at <= now {
		t.looked++
		next := &t.fading[0]
		if at := t.rates[next.key].fadesAt(halfLife); at > now {
			next.at = at
			heap.Fix(&t.fading, 0)
			continue
		}
		delete(t.rates, next.key)
		heap.Pop(&t.fading)
		dropped++
	}
	return dropped
}

// fadesAt is the first moment at which r is faint.
func (r Rate) fadesAt(halfLife int64) schemas.Time {
	return r.at.Add(int64(sort.Search(int(rateLife*halfLife), func(dt int) bool {
		return r.Now(r.at.Add(int64(dt)), halfLife) < tallyFaint
	})))
}

// fade is a key and when its count becomes faint. It implements heap.Interface in
// lists of them.
type fade[K comparable] struct {
	at  schemas.Time
	key K
}

type fades[K comparable] []fade[K]

func (f fades[K]) Len() int           { return len(f) }
func (f fades[K]) Less(i, j int) bool { return f[i].at < f[j].at }
func (f fades[K]) Swap(i, j int)      { f[i], f[j] = f[j], f[i] }
func (f *fades[K]) Push(x any)        { *f = append(*f, x.(fade[K])) } //nolint:forcetypeassert // only fades are pushed
func (f *fades[K]) Pop() any {
	last := len(*f) - 1
	x := (*f)[last]
	*f = (*f)[:last]
	return x
}
