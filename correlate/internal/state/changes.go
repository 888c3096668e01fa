package state

import (
	"cmp"
	"slices"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// changeIndex finds changes and windows by what they can be about, so that an
// alert costs the same however many there are that are about others.
type changeIndex struct {
	byID      map[schemas.ID]*Change
	byService map[string][]*Change    // by each service they name
	bySet     map[string][]*Change    // by what they are part of
	byValue   map[[2]string][]*Change // windows, by the name and value of a label they ask for
	scan      []*Change               // windows that can't be found so
}

// found is under what a change is to be found.
type found struct {
	services, sets []string
	values         [][2]string
	scan           bool
}

// AddChange puts ch, which is not there, last.
func (sc *Scope) AddChange(ch *Change) {
	if sc.found.byID == nil {
		sc.found = changeIndex{byID: map[schemas.ID]*Change{}, byService: map[string][]*Change{},
			bySet: map[string][]*Change{}, byValue: map[[2]string][]*Change{}}
	}
	sc.Changes, sc.ByKey[ch.Key] = append(sc.Changes, ch), ch
	if sc.found.byID[ch.ID] == nil {
		sc.found.byID[ch.ID] = ch
	}
	sc.IndexChange(ch)
}

// IndexChange has ch be found by what it is about now.
func (sc *Scope) IndexChange(ch *Change) {
	if sc.ByKey[ch.Key] != ch {
		return // not added yet
	}
	x := &sc.found
	x.remove(ch)
	f := found{services: ch.Services, sets: ch.Sets}
	if ch.Suppress && len(ch.Texts) > 0 {
		f.values, f.scan = x.valuesOf(&ch.Matchers)
	}
	ch.found = f
	for _, name := range f.services {
		put(x.byService, name, ch)
	}
	for _, name := range f.sets {
		put(x.bySet, name, ch)
	}
	for _, v := range f.values {
		put(x.byValue, v, ch)
	}
	if f.scan {
		x.scan = insert(x.scan, ch)
	}
}

// DropChange takes ch out.
func (sc *Scope) DropChange(ch *Change) {
	sc.Changes = remove(sc.Changes, ch)
	delete(sc.ByKey, ch.Key)
	if sc.found.byID[ch.ID] == ch {
		delete(sc.found.byID, ch.ID)
	}
	sc.found.remove(ch)
}

func (x *changeIndex) remove(ch *Change) {
	for _, name := range ch.found.services {
		take(x.byService, name, ch)
	}
	for _, name := range ch.found.sets {
		take(x.bySet, name, ch)
	}
	for _, v := range ch.found.values {
		take(x.byValue, v, ch)
	}
	if ch.found.scan {
		x.scan = remove(x.scan, ch)
	}
	ch.found = found{}
}

// valuesOf picks the values of the one label by which what matches ms is found
// best: those that the fewest others are found by.
func (x *changeIndex) valuesOf(ms *rules.Matchers) (values [][2]string, scan bool) {
	least := -1
	for _, e := range ms.Equalities() {
		n := 0
		keys := make([][2]string, len(e.Values))
		for i, v := range e.Values {
			keys[i] = [2]string{e.Name, v}
			n += len(x.byValue[keys[i]])
		}
		if least < 0 || n < least {
			least, values = n, keys
		}
	}
	return values, least < 0
}

// put and take keep a list under a key in order of arrival.
func put[K comparable](m map[K][]*Change, k K, ch *Change) { m[k] = insert(m[k], ch) }

func take[K comparable](m map[K][]*Change, k K, ch *Change) {
	if rest := remove(m[k], ch); len(rest) > 0 {
		m[k] = rest
		return
	}
	delete(m, k)
}

func bySeq(a, b *Change) int { return cmp.Compare(a.Seq, b.Seq) }

func insert(list []*Change, ch *Change) []*Change {
	i, there := slices.BinarySearchFunc(list, ch, bySeq)
	if there {
		return list
	}
	return slices.Insert(list, i, ch)
}

func remove(list []*Change, ch *Change) []*Change {
	if i, there := slices.BinarySearchFunc(list, ch, bySeq); there {
		return without(list, i)
	}
	return list
}

// without is list without what is at i. What leaves is mostly near one of its
// ends, and the shorter part moves.
func without[T any](list []*T, i int) []*T {
	if i >= len(list)/2 {
		return slices.Delete(list, i, i+1)
	}
	copy(list[1:i+1], list[:i])
	list[0] = nil
	return list[1:]
}

// WindowOf is the change or window that a signal began, or nil.
func (sc *Scope) WindowOf(id schemas.ID) *Change { return sc.found.byID[id] }

// ChangesOn appends the changes that name a service, in order of arrival.
func (sc *Scope) ChangesOn(service string, into []*Change) []*Change {
	return append(into, sc.found.byService[service]...)
}

// ChangesOf are the windows that are part of one of some sets, in order of
// arrival.
func (sc *Scope) ChangesOf(sets []string) (all []*Change) {
	for _, name := range sets {
		all = append(all, sc.found.bySet[name]...)
	}
	return InOrder(all)
}

// InOrder sorts changes by their arrival, each once.
func InOrder(list []*Change) []*Change {
	slices.SortFunc(list, bySeq)
	return slices.Compact(list)
}

// derived are the names by which a matcher sees what is not a label.
var derived = [...]string{"alertname", "name", "kind", "source", "service", "instance", "host", "severity", "team", "environment", "tenant"}

// FirstWindow returns the window that arrived first among those that may cover s,
// which is about service, and for which covers holds; nil for none.
func (st *State) FirstWindow(sc *Scope, s *schemas.Signal, service string, covers func(*Change) bool) *Change {
	var first *Change
	look := func(list []*Change) {
		for _, ch := range list {
			if first != nil && ch.Seq >= first.Seq {
				return
			}
			st.Looked++
			if covers(ch) {
				first = ch
			}
		}
	}
	x := &sc.found
	if service != "" {
		look(x.byService[service])
	}
	look(x.scan)
	if len(x.byValue) == 0 {
		return first
	}
	for _, l := range s.Labels {
		look(x.byValue[[2]string{l.Name, l.Value}])
	}
	for _, name := range derived {
		if v := rules.ValueOf(s, name); v != "" {
			look(x.byValue[[2]string{name, v}])
		}
	}
	return first
}
