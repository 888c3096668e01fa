package problem

import (
	"slices"
	"strings"

	"pinkstar/schemas"
)

// Usual is what fails at a place, whatever the cause: incidents by the alerts
// they showed. All counts are in thousandths of incidents, since a suspect counts
// by its weight, and are halved with every period.
type Usual struct {
	At        Place
	Incidents int64 // that may have begun there
	Touched   int64 // that affected it
	Names     []UsualName
	Last      schemas.Time
}

// UsualName is an alert's name at a place.
type UsualName struct {
	Name    string
	Root    int64 // incidents that may have begun there and showed it
	Touched int64 // incidents that affected the place and showed it there
}

// spread is how common a name is over all places that ever showed it.
type spread struct {
	shown    int64 // incidents that may have begun at a place and showed it there
	possible int64 // all that may have begun at a place that is known to show it
}

const (
	unit      = 1000 // one incident
	namesCap  = 64   // of a place
	priorRate = 100  // thousandths: share of the incidents of a place that show an alert nothing is known of
	priorSize = 2 * unit
	// The same over all alerts.
	priorSizeAny = 100 * unit
)

func (u *Usual) find(name string) (int, bool) {
	return slices.BinarySearchFunc(u.Names, name, func(n UsualName, s string) int { return strings.Compare(n.Name, s) })
}

// counts is what u knows of a name; u may be nil.
func (u *Usual) counts(name string) UsualName {
	if u != nil {
		if i, ok := u.find(name); ok {
			return u.Names[i]
		}
	}
	return UsualName{}
}

// ShareOf is in which share of all incidents, in thousandths, an alert of that name
// fires at a place. What has fired once among few is not known to be common: learntFew
// incidents more are taken to have been without it.
func (ps *Book) ShareOf(at Place, name string) int64 {
	n := ps.usuals[at].counts(name)
	shown := n.Touched
	if at.Machine {
		shown = n.Root
	}
	return min(shown*unit/(ps.learnt+learntFew*unit), unit)
}

// learntFew: see ShareOf.
const learntFew = 3

// Learnt is from how many incidents what is usual was learnt.
func (ps *Book) Learnt() int64 { return ps.learnt / unit }

// Learn counts an incident that ended in what is usual. Where nothing is known yet,
// a single alert is not worth the memory: names of services come and go.
func (ps *Book) Learn(s *Sight, most int) {
	for i := range s.Suspects {
		c := &s.Suspects[i]
		if s.narrow() && !ps.again(c.Place) {
			continue
		}
		u, weight := ps.usual(c.Place, s.Start, most), s.counts(c)
		u.Incidents += weight
		ps.learnt += weight
		for k := range u.Names {
			ps.spread(u.At.kind(u.Names[k].Name), 0, weight)
		}
		for _, name := range c.Names {
			if n := ps.nameAt(u, name); n != nil {
				n.Root += weight
				ps.spread(u.At.kind(name), weight, 0)
			}
		}
	}
	service := ""
	var u *Usual
	for i, it := range s.Items { // sorted by service
		if it.Service == "" || s.narrow() && ps.usuals[Place{Name: it.Service}] == nil {
			continue
		}
		if u == nil || it.Service != service {
			service = it.Service
			u = ps.usual(Place{Name: service}, s.Start, most)
			u.Touched += unit
		}
		if i > 0 && s.Items[i-1] == it {
			continue
		}
		if n := ps.nameAt(u, it.Name); n != nil {
			n.Touched += unit
		}
	}
}

// noticedCap is how many places are noticed for one single alert.
const noticedCap = 8

// again reports whether a place is known, or was noticed for a single alert of
// late: then it is known from now on. What always comes must be known as usual
// before it comes together with something else.
func (ps *Book) again(at Place) bool {
	if ps.usuals[at] != nil {
		return true
	}
	if i := slices.Index(ps.Noticed, at); i >= 0 {
		ps.Noticed = slices.Delete(ps.Noticed, i, i+1)
		return true
	}
	if len(ps.Noticed) >= noticedCap {
		ps.Noticed = slices.Delete(ps.Noticed, 0, 1)
	}
	ps.Noticed = append(ps.Noticed, at)
	return false
}

// usual is what is known of a place, made when there is nothing. When there are
// too many, the one that was quiet for longest is forgotten.
func (ps *Book) usual(at Place, now schemas.Time, most int) *Usual {
	u := ps.usuals[at]
	if u == nil {
		if len(ps.Usuals) >= max(most, 1) {
			ps.forgetUsual()
		}
		u = &Usual{At: at}
		ps.AddUsual(u)
	}
	u.Last = max(u.Last, now)
	return u
}

// AddUsual puts in what is usual at a place that is not there.
func (ps *Book) AddUsual(u *Usual) {
	if ps.usuals == nil {
		ps.usuals = map[Place]*Usual{}
	}
	ps.Usuals, ps.usuals[u.At] = append(ps.Usuals, u), u
	ps.learnt += u.Incidents
	for i := range u.Names {
		ps.spread(u.At.kind(u.Names[i].Name), u.Names[i].Root, u.Incidents)
	}
}

func (ps *Book) forgetUsual() {
	oldest := 0
	for i, u := range ps.Usuals {
		if u.Last < ps.Usuals[oldest].Last {
			oldest = i
		}
	}
	u := ps.Usuals[oldest]
	for i := range u.Names {
		ps.spread(u.At.kind(u.Names[i].Name), -u.Names[i].Root, -u.Incidents)
	}
	ps.learnt -= u.Incidents
	delete(ps.usuals, u.At)
	ps.Usuals = slices.Delete(ps.Usuals, oldest, oldest+1)
}

// nameAt is where to count a name at u, nil when there are too many.
func (ps *Book) nameAt(u *Usual, name string) *UsualName {
	i, ok := u.find(name)
	if !ok {
		if len(u.Names) >= namesCap {
			return nil
		}
		u.Names = slices.Insert(u.Names, i, UsualName{Name: name})
		ps.spread(u.At.kind(name), 0, u.Incidents)
	}
	return &u.Names[i]
}

// kind is an alert's name at places like this one. What fires on a machine mostly
// fires at a service too, so the two are counted apart.
func (p Place) kind(name string) Place { return Place{Name: name, Machine: p.Machine} }

// spread counts how common a name is.
func (ps *Book) spread(at Place, shown, possible int64) {
	s := ps.spreads[at]
	if s == nil {
		if ps.spreads == nil {
			ps.spreads = map[Place]*spread{}
		}
		s = &spread{}
		ps.spreads[at] = s
	}
	s.add(shown, possible)
	ps.all.add(shown, possible)
	if *s == (spread{}) {
		delete(ps.spreads, at)
	}
}

func (s *spread) add(shown, possible int64) {
	s.shown += shown
	s.possible += possible
}

// Age halves what was counted, once for each period that has passed: what was
// usual long ago says less.
func (ps *Book) Age(now schemas.Time, period int64) {
	if ps.AgedAt == 0 {
		ps.AgedAt = now
	}
	for n := 0; now.Sub(ps.AgedAt) >= period && n < 40; n++ {
		ps.AgedAt = ps.AgedAt.Add(period)
		old := ps.Usuals
		ps.Usuals, ps.usuals, ps.spreads, ps.all, ps.learnt = nil, nil, nil, spread{}, 0
		for _, u := range old {
			u.halve()
			if u.Incidents > 0 || u.Touched > 0 {
				ps.AddUsual(u)
			}
		}
		for _, p := range ps.List {
			if p.Weight < 2*unit {
				continue // how it failed stays known
			}
			p.Weight /= 2
			for i := range p.Symptoms {
				p.Symptoms[i].Count /= 2
			}
		}
	}
	if now.Sub(ps.AgedAt) >= period {
		ps.AgedAt = now
	}
}

func (u *Usual) halve() {
	u.Incidents /= 2
	u.Touched /= 2
	for i := range u.Names {
		u.Names[i].Root /= 2
		u.Names[i].Touched /= 2
	}
	u.Names = slices.DeleteFunc(u.Names, func(n UsualName) bool { return n.Root == 0 && n.Touched == 0 })
}
