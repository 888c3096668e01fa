package state

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// extent is what a tree's incidents affect and may come from, each thing once.
type extent struct {
	where      map[*Entity]*Touched
	names      []string // of the services, sorted
	fresh      []string // of those that came since they were sorted
	first      []*Touched
	teams      []string // sorted
	candidates map[string]schemas.Candidate
	notices    []schemas.Notice // in order of their times
}

// Touched is an entity that signals of a tree are about.
type Touched struct {
	Entity *Entity
	First  schemas.Time
	Count  int32
	among  bool // the first ones
}

// FirstCap is how many of the entities that were affected first are kept apart.
const FirstCap = 96

// before orders by when they were affected.
func (s *Touched) compare(o *Touched) int {
	return cmp.Or(cmp.Compare(s.First, o.First), strings.Compare(s.Entity.Key.Name, o.Entity.Key.Name), cmp.Compare(s.Entity.Key.Kind, o.Entity.Key.Kind))
}

// share brings what is shared up to date.
func (t *Tree) share() *extent {
	todo := t.unshared
	if t.stale || t.extent.where == nil {
		t.extent = extent{where: map[*Entity]*Touched{}, candidates: map[string]schemas.Candidate{}}
		todo = t.Main.Tree(nil)
		for _, x := range todo {
			x.part.teams, x.part.notices, x.part.candidates = 0, 0, nil
			for _, p := range x.Services {
				p.told = 0
			}
		}
		t.stale = false
	}
	for _, x := range todo {
		if x.part == nil || x.part.tree != t {
			continue // it belongs elsewhere by now
		}
		x.part.unshared = false
		t.take(x)
	}
	clear(t.unshared)
	t.unshared = t.unshared[:0]
	if t.stale { // what had been told is not so any more
		return t.share()
	}
	return &t.extent
}

// take adds what x affects beyond what it had told.
func (t *Tree) take(x *Incident) {
	for _, p := range x.Services {
		t.takePlace(p)
	}
	for _, team := range x.Teams {
		if x.part.teams == len(x.Teams) {
			break // all were told
		}
		if i, ok := slices.BinarySearch(t.extent.teams, team); !ok {
			t.extent.teams = slices.Insert(t.extent.teams, i, team)
		}
	}
	x.part.teams = len(x.Teams)
	t.takeCauses(x)
}

func (t *Tree) takePlace(p *Affected) {
	kind := p.Entity.Key.Kind
	if kind != EntityService && kind != EntityHost {
		return
	}
	s := t.extent.where[p.Entity]
	if s == nil {
		s = &Touched{Entity: p.Entity}
		t.extent.where[p.Entity] = s
		if kind == EntityService {
			t.extent.fresh = append(t.extent.fresh, p.Entity.Key.Name)
		}
	}
	if p.Mentioned && t.sum.alerts > 0 { // only a text names it, and there is better evidence
		t.stale = t.stale || p.told > 0
		return
	}
	if p.told == p.Count {
		return
	}
	if s.Count == 0 || p.First < s.First {
		s.First = p.First
		t.extent.offer(s)
	}
	s.Count += p.Count - p.told
	p.told = p.Count
}

// offer puts s among those that were affected first, if it is one of them.
func (h *extent) offer(s *Touched) {
	if s.among {
		return
	}
	if len(h.first) < FirstCap {
		s.among = true
		h.first = append(h.first, s)
		return
	}
	last := 0
	for i, o := range h.first {
		if o.compare(h.first[last]) > 0 {
			last = i
		}
	}
	if s.compare(h.first[last]) < 0 {
		h.first[last].among, s.among = false, true
		h.first[last] = s
	}
}

// takeCauses adds the candidate causes and notices of x. One that says something
// else than it did has all of them gathered anew.
func (t *Tree) takeCauses(x *Incident) {
	told := x.part.candidates
	x.part.candidates = x.Pub.Candidates
	for _, o := range told {
		if !slices.ContainsFunc(x.Pub.Candidates, func(c schemas.Candidate) bool { return c.SignalID == o.SignalID }) {
			t.stale = true // likelier ones have taken its place
		}
	}
	for _, c := range x.Pub.Candidates {
		if i := slices.IndexFunc(told, func(o schemas.Candidate) bool { return o.SignalID == c.SignalID }); i >= 0 {
			t.stale = t.stale || told[i] != c
			continue
		}
		if best, ok := t.extent.candidates[c.SignalID]; !ok || c.Score > best.Score || c.Score == best.Score && c.Reason < best.Reason {
			t.extent.candidates[c.SignalID] = c
		}
	}
	for _, n := range x.Pub.Notices[min(x.part.notices, len(x.Pub.Notices)):] {
		t.extent.notice(n)
	}
	x.part.notices = len(x.Pub.Notices)
}

// notice adds n, once for what it is about: the first.
func (h *extent) notice(n schemas.Notice) {
	order := func(a, b schemas.Notice) int {
		return cmp.Or(cmp.Compare(a.At, b.At), strings.Compare(a.SignalID, b.SignalID), strings.Compare(a.Text, b.Text))
	}
	if i := slices.IndexFunc(h.notices, func(o schemas.Notice) bool { return o.SignalID == n.SignalID }); i >= 0 {
		if order(h.notices[i], n) <= 0 {
			return
		}
		h.notices = slices.Delete(h.notices, i, i+1)
	}
	i, _ := slices.BinarySearchFunc(h.notices, n, order)
	h.notices = slices.Insert(h.notices, i, n)
}

// First are the entities that were affected first, in no particular order.
func (t *Tree) First() []*Touched { return t.share().first }

// Touches is how many services and machines the tree affects.
func (t *Tree) Touches() int { return len(t.share().where) }

// ServiceNames are the services that the tree affects, sorted.
func (t *Tree) ServiceNames() []string {
	h := t.share()
	if len(h.fresh) > 0 {
		slices.Sort(h.fresh)
		h.names = merge(h.names, h.fresh)
		h.fresh = nil
	}
	return h.names
}

// merge is what is in two sorted lists that have nothing in common.
func merge(a, b []string) []string {
	all := make([]string, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0] < b[0] {
			all, a = append(all, a[0]), a[1:]
		} else {
			all, b = append(all, b[0]), b[1:]
		}
	}
	return append(append(all, a...), b...)
}

// Teams are those that the tree concerns, sorted.
func (t *Tree) Teams() []string { return t.share().teams }

// Notices says whom to tell what because of something in the tree, in order.
func (t *Tree) Notices() []schemas.Notice { return t.share().notices }

// Candidates are the candidate causes of everything in the tree, the likeliest
// first.
func (t *Tree) Candidates() []schemas.Candidate {
	return slices.SortedFunc(maps.Values(t.share().candidates), CompareCandidates)
}
