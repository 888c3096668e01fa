package correlate

import (
	"slices"
)

type factKind uint8

const (
	factTogether factKind = iota + 1 // alerts of this key belong to the incident
	factApart                        // they do not
	factUnlinked                     // the two incidents are not to be linked
)

// fact is an operator's correction that later decisions honour, for as long as
// the incident it names is live.
type fact struct {
	kind  factKind
	key   alertKey
	inc   *incident
	other *incident
}

type keyIncident struct {
	key alertKey
	inc *incident
}

// facts holds corrections in order, with indices for looking them up.
type facts struct {
	list   []fact
	must   map[alertKey]*incident
	cannot map[keyIncident]bool
	pairs  map[[2]*incident]bool
}

// alike is the key shared by alerts of one name on one service, whatever their
// fingerprint.
func alike(name, service string) alertKey { return keyOf("", name+"\x00"+service) }

func (f *facts) add(x fact, limit int) {
	if len(f.list) >= limit {
		f.list = slices.Delete(f.list, 0, 1)
	}
	f.list = append(f.list, x)
	f.index()
}

// index rebuilds the maps; later facts win over earlier ones.
func (f *facts) index() {
	f.must, f.cannot, f.pairs = map[alertKey]*incident{}, map[keyIncident]bool{}, map[[2]*incident]bool{}
	for _, x := range f.list {
		switch x.kind {
		case factTogether:
			f.must[x.key] = x.inc
			delete(f.cannot, keyIncident{x.key, x.inc})
		case factApart:
			f.cannot[keyIncident{x.key, x.inc}] = true
			if f.must[x.key] == x.inc {
				delete(f.must, x.key)
			}
		case factUnlinked:
			f.pairs[[2]*incident{x.inc, x.other}] = true
		}
	}
}

// together returns the incident that an operator put alerts like this one into, nil
// for none: by its key, or by its name on its service.
func (f *facts) together(key alertKey, name, service string) *incident {
	if len(f.must) == 0 {
		return nil
	}
	if inc := f.must[key]; inc != nil {
		return inc
	}
	return f.must[alike(name, service)]
}

// apart reports whether an operator moved such an alert out of the tree of inc:
// joining a sibling would bring it back to what it was taken from. What an
// operator then put into the tree is welcome in it.
func (f *facts) apart(key alertKey, name, service string, inc *incident) bool {
	if len(f.cannot) == 0 {
		return false
	}
	keys := [...]alertKey{key, alike(name, service)}
	direct := f.cannot[keyIncident{keys[0], inc}] || f.cannot[keyIncident{keys[1], inc}]
	if direct {
		return true
	}
	main := inc.main()
	if to := f.together(key, name, service); to != nil && to.main() == main {
		return false
	}
	for _, x := range main.tree(nil) {
		if f.cannot[keyIncident{keys[0], x}] || f.cannot[keyIncident{keys[1], x}] {
			return true
		}
	}
	return false
}

// unlinked reports whether an operator keeps anything of the two trees apart.
func (f *facts) unlinked(a, b *incident) bool {
	if len(f.list) == 0 {
		return false
	}
	left, right := a.tree(nil), b.tree(nil)
	if f.taken(left, right) || f.taken(right, left) {
		return true
	}
	for _, x := range left {
		for _, y := range right {
			if f.pairs[[2]*incident{x, y}] || f.pairs[[2]*incident{y, x}] {
				return true
			}
		}
	}
	return false
}

// taken reports whether an operator took an alert like one of those inside out
// of one of from: linking the two would bring it back.
func (f *facts) taken(from, inside []*incident) bool {
	for _, x := range f.list {
		if x.kind != factApart || !f.cannot[keyIncident{x.key, x.inc}] || !slices.Contains(from, x.inc) {
			continue
		}
		if to := f.must[x.key]; to != nil && slices.Contains(from, to) {
			continue
		}
		for _, inc := range inside {
			for _, a := range inc.alerts {
				if a.key == x.key || alike(a.name, a.service) == x.key {
					return true
				}
			}
		}
	}
	return false
}

// forget drops what names an incident that leaves.
func (f *facts) forget(inc *incident) {
	n := len(f.list)
	f.list = slices.DeleteFunc(f.list, func(x fact) bool { return x.inc == inc || x.other == inc })
	if len(f.list) != n {
		f.index()
	}
}

// moveFacts notes that alerts like a belong to "to" and not to "from". Two
// incidents that an operator took apart in this way are not to be linked
// either: that would undo it.
func (e *Engine) moveFacts(sc *scope, a *alert, from, to *incident) {
	limit := e.set.Limits.Facts
	for _, k := range [...]alertKey{a.key, alike(a.name, a.service)} {
		sc.facts.add(fact{kind: factApart, key: k, inc: from}, limit)
		sc.facts.add(fact{kind: factTogether, key: k, inc: to}, limit)
	}
	e.keepApart(sc, from, to)
}

// keepApart notes that two incidents are not related, unless they are parts of
// one already.
func (e *Engine) keepApart(sc *scope, a, b *incident) {
	if a.main() != b.main() && !sc.facts.pairs[[2]*incident{a, b}] {
		sc.facts.add(fact{kind: factUnlinked, inc: a, other: b}, e.set.Limits.Facts)
	}
}

// relink drops every order to keep the trees of two incidents apart.
func (f *facts) relink(a, b *incident) {
	of := func(x *incident) *incident {
		if x == nil {
			return nil
		}
		return x.main()
	}
	n := len(f.list)
	f.list = slices.DeleteFunc(f.list, func(x fact) bool {
		p, q := of(x.inc), of(x.other)
		return x.kind == factUnlinked && (p == a.main() && q == b.main() || p == b.main() && q == a.main())
	})
	if len(f.list) != n {
		f.index()
	}
}
