package state

import (
	"iter"
	"slices"
)

type correctionKind uint8

const (
	MustLink   correctionKind = iota + 1 // alerts of this key belong to the incident
	CannotLink                           // they do not
	Unlinked                             // the two incidents are not to be linked
)

// Correction is an operator's correction that later decisions honour, for as long as
// the incident it names is live.
type Correction struct {
	Kind     correctionKind
	Key      AlertKey
	Incident *Incident
	Other    *Incident
	gone     bool // it holds no longer
}

type keyIncident struct {
	Key AlertKey
	Inc *Incident
}

// Corrections holds corrections in order, found by what they name. Later ones win
// over earlier ones: an alert belongs where it was put last, unless it was taken
// out of there.
type Corrections struct {
	list     []*Correction // also those that hold no longer
	N        int           // that hold
	byKey    map[AlertKey][]*Correction
	of       map[*Incident]*named
	mustLink map[AlertKey]*Correction    // in force
	cannot   map[keyIncident]*Correction // in force
}

// named are the corrections that name an incident.
type named struct {
	list  []*Correction // also some that hold no longer
	clean int           // how many there were when those were taken out
}

// alike is the key shared by alerts of one name on one service, whatever their
// fingerprint.
func alike(name, service string) AlertKey { return KeyOf("", name+"\x00"+service) }

// All are the corrections that hold, the oldest first.
func (f *Corrections) All() iter.Seq[*Correction] {
	return func(yield func(*Correction) bool) {
		for _, x := range f.list {
			if !x.gone && !yield(x) {
				return
			}
		}
	}
}

func (f *Corrections) add(x Correction, limit int) {
	if f.N >= limit {
		f.dropOldest()
	}
	f.hold(&x)
}

// hold puts x last.
func (f *Corrections) hold(x *Correction) {
	if f.of == nil {
		f.byKey, f.of = map[AlertKey][]*Correction{}, map[*Incident]*named{}
		f.mustLink, f.cannot = map[AlertKey]*Correction{}, map[keyIncident]*Correction{}
	}
	f.list = append(f.list, x)
	f.N++
	f.name(x.Incident, x)
	if x.Other != nil {
		f.name(x.Other, x)
	}
	if x.Kind != Unlinked {
		f.byKey[x.Key] = append(f.byKey[x.Key], x)
		f.enforce(x)
	}
}

func (f *Corrections) name(inc *Incident, x *Correction) {
	n := f.of[inc]
	if n == nil {
		n = &named{}
		f.of[inc] = n
	}
	if len(n.list) > 2*n.clean+8 {
		n.list = slices.DeleteFunc(n.list, func(x *Correction) bool { return x.gone })
		n.clean = len(n.list)
	}
	n.list = append(n.list, x)
	inc.corrected++
	inc.Changed()
}

// enforce has x win over what was ordered before it under its key.
func (f *Corrections) enforce(x *Correction) {
	k := keyIncident{x.Key, x.Incident}
	if x.Kind == MustLink {
		f.mustLink[x.Key] = x
		delete(f.cannot, k)
		return
	}
	f.cannot[k] = x
	if m := f.mustLink[x.Key]; m != nil && m.Incident == x.Incident {
		delete(f.mustLink, x.Key)
	}
}

// forget takes x out of all but what is found by its key.
func (f *Corrections) forget(x *Correction) {
	x.gone = true
	f.N--
	for _, inc := range [...]*Incident{x.Incident, x.Other} {
		if inc != nil {
			inc.corrected--
			inc.Changed()
		}
	}
	if len(f.list) > 2*f.N+16 {
		f.list = slices.DeleteFunc(f.list, func(x *Correction) bool { return x.gone })
	}
}

// dropOldest makes room. Nothing before it can come into force again.
func (f *Corrections) dropOldest() {
	i := slices.IndexFunc(f.list, func(x *Correction) bool { return !x.gone })
	x := f.list[i]
	f.list = f.list[i:]
	if x.Kind != Unlinked {
		if rest := f.byKey[x.Key][1:]; len(rest) > 0 {
			f.byKey[x.Key] = rest
		} else {
			delete(f.byKey, x.Key)
		}
		if f.mustLink[x.Key] == x {
			delete(f.mustLink, x.Key)
		}
		if k := (keyIncident{x.Key, x.Incident}); f.cannot[k] == x {
			delete(f.cannot, k)
		}
	}
	f.forget(x)
}

// InForce reports whether x, which holds, was not undone by a later order.
func (f *Corrections) InForce(x *Correction) bool {
	switch x.Kind {
	case MustLink:
		return f.mustLink[x.Key] == x
	case CannotLink:
		return f.cannot[keyIncident{x.Key, x.Incident}] == x
	}
	return true
}

// MustLinkTo returns the incident that an operator put alerts like this one into, nil
// for none: by its key, or by its name on its service.
func (f *Corrections) MustLinkTo(key AlertKey, name, service string) *Incident {
	if len(f.mustLink) == 0 {
		return nil
	}
	for _, k := range [...]AlertKey{key, alike(name, service)} {
		if x := f.mustLink[k]; x != nil {
			return x.Incident
		}
	}
	return nil
}

// CannotLinkTo reports whether an operator moved such an alert out of the tree of inc:
// joining a sibling would bring it back to what it was taken from. What an
// operator then put into the tree is welcome in it.
func (f *Corrections) CannotLinkTo(key AlertKey, name, service string, inc *Incident) bool {
	if len(f.cannot) == 0 {
		return false
	}
	main, taken := inc.Main(), false
	for _, k := range [...]AlertKey{key, alike(name, service)} {
		if f.cannot[keyIncident{k, inc}] != nil {
			return true
		}
		taken = taken || f.takenOut(k, main)
	}
	if !taken {
		return false
	}
	to := f.MustLinkTo(key, name, service)
	return to == nil || to.Main() != main
}

// takenOut reports whether alerts of a key were taken out of one of main's tree.
func (f *Corrections) takenOut(k AlertKey, main *Incident) bool {
	return slices.ContainsFunc(f.byKey[k], func(x *Correction) bool {
		return x.Kind == CannotLink && x.Incident.Main() == main && f.InForce(x)
	})
}

// AreUnlinked reports whether an operator keeps anything of the trees of two main
// incidents apart.
func (f *Corrections) AreUnlinked(a, b *Incident) bool {
	if a.orders() == 0 && b.orders() == 0 {
		return false
	}
	if f.takenFrom(a, b) || f.takenFrom(b, a) {
		return true
	}
	if b.orders() < a.orders() {
		a, b = b, a
	}
	for x := range f.between(a, b) {
		_ = x
		return true
	}
	return false
}

// between are the orders to keep parts of the trees of two main incidents apart;
// the one of a has fewer orders.
func (f *Corrections) between(a, b *Incident) iter.Seq[*Correction] {
	return func(yield func(*Correction) bool) {
		if a.orders() == 0 {
			return
		}
		for _, inc := range a.Tree(nil) {
			if inc.corrected == 0 {
				continue
			}
			for _, x := range f.of[inc].list {
				if !x.gone && x.Kind == Unlinked && (x.Incident.Main() == b || x.Other.Main() == b) && !yield(x) {
					return
				}
			}
		}
	}
}

// takenFrom reports whether an operator took an alert like one of those inside out
// of one of from: linking the two would bring it back.
func (f *Corrections) takenFrom(from, inside *Incident) bool {
	if from.orders() == 0 {
		return false
	}
	for _, inc := range inside.Tree(nil) {
		for _, a := range inc.Alerts {
			for _, k := range [...]AlertKey{a.Key, alike(a.Name, a.Service)} {
				if !f.takenOut(k, from) {
					continue
				}
				if to := f.mustLink[k]; to == nil || to.Incident.Main() != from {
					return true
				}
			}
		}
	}
	return false
}

// Evict drops what names an incident that leaves.
func (f *Corrections) Evict(inc *Incident) {
	n := f.of[inc]
	if n == nil {
		return
	}
	delete(f.of, inc)
	keys := map[AlertKey]bool{} // iterated where the order can't be seen
	for _, x := range n.list {
		if x.gone {
			continue
		}
		if x.Kind != Unlinked {
			keys[x.Key] = true
		}
		f.forget(x)
	}
	for k := range keys {
		f.settle(k)
	}
}

// settle finds anew what is in force under a key.
func (f *Corrections) settle(k AlertKey) {
	delete(f.mustLink, k)
	left := slices.DeleteFunc(f.byKey[k], func(x *Correction) bool {
		delete(f.cannot, keyIncident{k, x.Incident})
		return x.gone
	})
	if len(left) == 0 {
		delete(f.byKey, k)
		return
	}
	f.byKey[k] = left
	for _, x := range left {
		f.enforce(x)
	}
}

// CorrectMove notes that alerts like a belong to "to" and not to "from". Two
// incidents that an operator took apart in this way are not to be linked
// either: that would undo it.
func (st *State) CorrectMove(sc *Scope, a *Alert, from, to *Incident) {
	limit := st.Rules.Limits.Corrections
	for _, k := range [...]AlertKey{a.Key, alike(a.Name, a.Service)} {
		sc.Corrections.add(Correction{Kind: CannotLink, Key: k, Incident: from}, limit)
		sc.Corrections.add(Correction{Kind: MustLink, Key: k, Incident: to}, limit)
	}
	st.KeepApart(sc, from, to)
}

// KeepApart notes that two incidents are not related, unless they are parts of
// one already.
func (st *State) KeepApart(sc *Scope, a, b *Incident) {
	f := &sc.Corrections
	if n := f.of[a]; a.Main() == b.Main() || n != nil && slices.ContainsFunc(n.list, func(x *Correction) bool {
		return !x.gone && x.Kind == Unlinked && x.Incident == a && x.Other == b
	}) {
		return
	}
	f.add(Correction{Kind: Unlinked, Incident: a, Other: b}, st.Rules.Limits.Corrections)
}

// Relink drops every order to keep the trees of two incidents apart.
func (f *Corrections) Relink(a, b *Incident) {
	a, b = a.Main(), b.Main()
	if b.orders() < a.orders() {
		a, b = b, a
	}
	for _, x := range slices.Collect(f.between(a, b)) {
		f.forget(x)
	}
}
