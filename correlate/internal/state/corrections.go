package state

import "slices"

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
}

type keyIncident struct {
	Key AlertKey
	Inc *Incident
}

// Corrections holds corrections in order, with indices for looking them up.
type Corrections struct {
	List       []Correction
	mustLink   map[AlertKey]*Incident
	CannotLink map[keyIncident]bool
	Unlinked   map[[2]*Incident]bool
}

// alike is the key shared by alerts of one name on one service, whatever their
// fingerprint.
func alike(name, service string) AlertKey { return KeyOf("", name+"\x00"+service) }

func (f *Corrections) add(x Correction, limit int) {
	if len(f.List) >= limit {
		f.List = slices.Delete(f.List, 0, 1)
	}
	f.List = append(f.List, x)
	f.index()
}

// index rebuilds the maps; later ones win over earlier ones.
func (f *Corrections) index() {
	f.mustLink, f.CannotLink, f.Unlinked = map[AlertKey]*Incident{}, map[keyIncident]bool{}, map[[2]*Incident]bool{}
	for _, x := range f.List {
		switch x.Kind {
		case MustLink:
			f.mustLink[x.Key] = x.Incident
			delete(f.CannotLink, keyIncident{x.Key, x.Incident})
		case CannotLink:
			f.CannotLink[keyIncident{x.Key, x.Incident}] = true
			if f.mustLink[x.Key] == x.Incident {
				delete(f.mustLink, x.Key)
			}
		case Unlinked:
			f.Unlinked[[2]*Incident{x.Incident, x.Other}] = true
		}
	}
}

// MustLinkTo returns the incident that an operator put alerts like this one into, nil
// for none: by its key, or by its name on its service.
func (f *Corrections) MustLinkTo(key AlertKey, name, service string) *Incident {
	if len(f.mustLink) == 0 {
		return nil
	}
	if inc := f.mustLink[key]; inc != nil {
		return inc
	}
	return f.mustLink[alike(name, service)]
}

// CannotLinkTo reports whether an operator moved such an alert out of the tree of inc:
// joining a sibling would bring it back to what it was taken from. What an
// operator then put into the tree is welcome in it.
func (f *Corrections) CannotLinkTo(key AlertKey, name, service string, inc *Incident) bool {
	if len(f.CannotLink) == 0 {
		return false
	}
	keys := [...]AlertKey{key, alike(name, service)}
	direct := f.CannotLink[keyIncident{keys[0], inc}] || f.CannotLink[keyIncident{keys[1], inc}]
	if direct {
		return true
	}
	main := inc.Main()
	if to := f.MustLinkTo(key, name, service); to != nil && to.Main() == main {
		return false
	}
	for _, x := range main.Tree(nil) {
		if f.CannotLink[keyIncident{keys[0], x}] || f.CannotLink[keyIncident{keys[1], x}] {
			return true
		}
	}
	return false
}

// AreUnlinked reports whether an operator keeps anything of the two trees apart.
func (f *Corrections) AreUnlinked(a, b *Incident) bool {
	if len(f.List) == 0 {
		return false
	}
	left, right := a.Tree(nil), b.Tree(nil)
	if f.takenFrom(left, right) || f.takenFrom(right, left) {
		return true
	}
	for _, x := range left {
		for _, y := range right {
			if f.Unlinked[[2]*Incident{x, y}] || f.Unlinked[[2]*Incident{y, x}] {
				return true
			}
		}
	}
	return false
}

// takenFrom reports whether an operator took an alert like one of those inside out
// of one of from: linking the two would bring it back.
func (f *Corrections) takenFrom(from, inside []*Incident) bool {
	for _, x := range f.List {
		if x.Kind != CannotLink || !f.CannotLink[keyIncident{x.Key, x.Incident}] || !slices.Contains(from, x.Incident) {
			continue
		}
		if to := f.mustLink[x.Key]; to != nil && slices.Contains(from, to) {
			continue
		}
		for _, inc := range inside {
			for _, a := range inc.Alerts {
				if a.Key == x.Key || alike(a.Name, a.Service) == x.Key {
					return true
				}
			}
		}
	}
	return false
}

// Evict drops what names an incident that leaves.
func (f *Corrections) Evict(inc *Incident) {
	n := len(f.List)
	f.List = slices.DeleteFunc(f.List, func(x Correction) bool { return x.Incident == inc || x.Other == inc })
	if len(f.List) != n {
		f.index()
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
	if a.Main() != b.Main() && !sc.Corrections.Unlinked[[2]*Incident{a, b}] {
		sc.Corrections.add(Correction{Kind: Unlinked, Incident: a, Other: b}, st.Rules.Limits.Corrections)
	}
}

// Relink drops every order to keep the trees of two incidents apart.
func (f *Corrections) Relink(a, b *Incident) {
	of := func(x *Incident) *Incident {
		if x == nil {
			return nil
		}
		return x.Main()
	}
	n := len(f.List)
	f.List = slices.DeleteFunc(f.List, func(x Correction) bool {
		p, q := of(x.Incident), of(x.Other)
		return x.Kind == Unlinked && (p == a.Main() && q == b.Main() || p == b.Main() && q == a.Main())
	})
	if len(f.List) != n {
		f.index()
	}
}
