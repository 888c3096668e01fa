package state

import (
	"cmp"
	"slices"
	"strings"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// changeIndex finds changes and windows by what they can be about, so that an
// alert costs the same however many there are that are about others.
type changeIndex struct {
	byID      map[schemas.ID]*Change
	byService map[string][]*Change  // by each service they name
	bySet     map[string][]*Change  // by what they are part of
	byNeed    map[need][]*Change    // windows, by what they ask of a label
	lengths   map[need]*textLengths // of the texts in byNeed, by what is asked but for the text
	scan      []*Change             // windows that can't be found so
}

// need is one text of a rules.Need.
type need struct {
	part       rules.Part
	name, text string
}

// textLengths counts texts by their length.
type textLengths [rules.MaxAffix + 1]int

// found is under what a change is to be found.
type found struct {
	services, sets []string
	needs          []need
	scan           bool
}

// AddChange puts ch, which is not there, last.
func (sc *Scope) AddChange(ch *Change) {
	if sc.found.byID == nil {
		sc.found = changeIndex{byID: map[schemas.ID]*Change{}, byService: map[string][]*Change{},
			bySet: map[string][]*Change{}, byNeed: map[need][]*Change{}, lengths: map[need]*textLengths{}}
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
		f.needs, f.scan = x.needsOf(&ch.Matchers)
	}
	ch.found = f
	for _, name := range f.services {
		put(x.byService, name, ch)
	}
	for _, name := range f.sets {
		put(x.bySet, name, ch)
	}
	for _, n := range f.needs {
		put(x.byNeed, n, ch)
		x.count(n, 1)
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
	for _, n := range ch.found.needs {
		take(x.byNeed, n, ch)
		x.count(n, -1)
	}
	if ch.found.scan {
		x.scan = remove(x.scan, ch)
	}
	ch.found = found{}
}

// needsOf picks the one matcher by which what matches ms is found best: the one
// whose texts the fewest others are found by, and that there is a label at all only
// where nothing else is asked.
func (x *changeIndex) needsOf(ms *rules.Matchers) (needs []need, scan bool) {
	least, best := -1, rules.There
	for _, asked := range ms.Needs() {
		n := 0
		keys := make([]need, len(asked.Texts))
		for i, text := range asked.Texts {
			keys[i] = need{asked.Part, asked.Name, text}
			n += len(x.byNeed[keys[i]])
		}
		if least < 0 || best == rules.There && asked.Part != rules.There || n < least && (asked.Part != rules.There || best == rules.There) {
			least, best, needs = n, asked.Part, keys
		}
	}
	slices.SortFunc(needs, func(a, b need) int { return strings.Compare(a.text, b.text) })
	return slices.Compact(needs), least < 0
}

// count notes the length of the text of a prefix or suffix.
func (x *changeIndex) count(n need, by int) {
	if n.part != rules.Prefix && n.part != rules.Suffix {
		return
	}
	of := need{part: n.part, name: n.name}
	if x.lengths[of] == nil {
		x.lengths[of] = &textLengths{}
	}
	x.lengths[of][len(n.text)] += by
	if *x.lengths[of] == (textLengths{}) {
		delete(x.lengths, of)
	}
}

// meeting calls look with the windows of which one need is met by a label's value.
func (x *changeIndex) meeting(name, value string, look func([]*Change)) {
	look(x.byNeed[need{rules.Whole, name, value}])
	look(x.byNeed[need{rules.There, name, ""}])
	for _, part := range [...]rules.Part{rules.Prefix, rules.Suffix} {
		lengths := x.lengths[need{part: part, name: name}]
		if lengths == nil {
			continue
		}
		for n, there := range lengths[:min(len(lengths), len(value)+1)] {
			if there == 0 {
				continue
			}
			text := value[:n]
			if part == rules.Suffix {
				text = value[len(value)-n:]
			}
			look(x.byNeed[need{part, name, text}])
		}
	}
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
	if len(x.byNeed) == 0 {
		return first
	}
	for _, l := range s.Labels {
		if l.Value != "" {
			x.meeting(l.Name, l.Value, look)
		}
	}
	for _, name := range derived {
		if v := rules.ValueOf(s, name); v != "" {
			x.meeting(name, v, look)
		}
	}
	return first
}
