package state

import (
	"cmp"
	"slices"

	"pinkstar/schemas"
)

// Tree is a main incident with everything below it: what they are together. It
// is summed up from what changed since it was last asked, so that an alert costs
// the same however many incidents there are. All but Rate follows from the
// incidents.
type Tree struct {
	Main *Incident
	Rate Rate // of joining signals
	sum  sums
	lead *Incident // of the highest severity, the oldest

	changed  []*Incident // not summed up since
	unshared []*Incident // summed up, and what they affect is not yet among what is shared
	stale    bool        // something left: what is shared is to be found anew
	extent   extent
}

// sums are counts over incidents, or the part of one of them.
type sums struct {
	incidents, open          int
	alerts, active, services int // services: of each incident
	signals, repeats         int64
	orders                   int // of operators, that name it
}

func (s *sums) add(x *sums, sign int) {
	s.incidents += sign * x.incidents
	s.open += sign * x.open
	s.alerts += sign * x.alerts
	s.active += sign * x.active
	s.services += sign * x.services
	s.signals += int64(sign) * x.signals
	s.repeats += int64(sign) * x.repeats
	s.orders += sign * x.orders
}

// part is an incident's part in its tree; an incident that stands alone has none.
type part struct {
	tree       *Tree
	told       sums
	changed    bool                // it is among Tree.changed
	unshared   bool                // likewise
	teams      int                 // how many of them are shared
	notices    int                 // likewise
	candidates []schemas.Candidate // that are shared
}

func (inc *Incident) sums() sums {
	s := sums{incidents: 1, alerts: len(inc.Alerts), active: inc.Active, services: len(inc.Services),
		signals: inc.Pub.SignalCount, repeats: inc.Pub.RepeatCount, orders: inc.corrected}
	if !inc.Over() {
		s.open = 1
	}
	return s
}

// Changed notes that inc is to be summed up anew. Whoever changes what is
// counted, or what it affects, says so afterwards.
func (inc *Incident) Changed() {
	if p := inc.part; p != nil && !p.changed {
		p.changed = true
		p.tree.changed = append(p.tree.changed, inc)
	}
}

// Whole is what inc belongs to, brought up to date; nil when it stands alone.
func (inc *Incident) Whole() *Tree {
	if inc.part == nil {
		return nil
	}
	t := inc.part.tree
	for _, x := range t.changed {
		if x.part == nil || x.part.tree != t || !x.part.changed {
			continue // it belongs elsewhere by now
		}
		t.sum.add(&x.part.told, -1)
		x.part.told = x.sums()
		t.sum.add(&x.part.told, 1)
		x.part.changed = false
		t.led(x)
		t.unshare(x)
	}
	clear(t.changed)
	t.changed = t.changed[:0]
	return t
}

func (t *Tree) unshare(x *Incident) {
	if !x.part.unshared {
		x.part.unshared = true
		t.unshared = append(t.unshared, x)
	}
}

// led offers x as the incident with the highest severity.
func (t *Tree) led(x *Incident) {
	if t.lead == nil || x.Severity > t.lead.Severity || x.Severity == t.lead.Severity && x.Seq < t.lead.Seq {
		t.lead = x
	}
}

// Main is the outermost incident above inc, or inc itself.
func (inc *Incident) Main() *Incident {
	if inc.part == nil {
		return inc
	}
	return inc.part.tree.Main
}

// TreeSize is how many incidents inc belongs together with, itself included.
func (inc *Incident) TreeSize() int {
	if inc.part == nil {
		return 1
	}
	return inc.part.tree.sum.incidents
}

// Tree appends inc and everything below it, in a fixed order.
func (inc *Incident) Tree(into []*Incident) []*Incident {
	into = append(into, inc)
	for _, c := range inc.Children {
		into = c.Tree(into)
	}
	return into
}

// Adopt makes child, which is a main incident, a child of main, which is
// another. It returns what came with it.
func (main *Incident) Adopt(child *Incident, now schemas.Time) []*Incident {
	t := main.treeFor()
	rate := child.Rate
	if child.part != nil {
		rate = child.part.tree.Rate
	}
	t.Rate = Rate{t.Rate.Now(now, IncidentHalfLife) + rate.Now(now, IncidentHalfLife), now}
	child.Parent = main
	main.Children = append(main.Children, child)
	all := child.Tree(nil)
	for _, x := range all {
		t.join(x)
	}
	return all
}

// treeFor is the tree of a main incident, made when it stands alone.
func (main *Incident) treeFor() *Tree {
	if main.part == nil {
		t := &Tree{Main: main, Rate: main.Rate}
		t.join(main)
	}
	return main.part.tree
}

func (t *Tree) join(x *Incident) {
	x.part = &part{tree: t, told: x.sums()}
	t.sum.add(&x.part.told, 1)
	t.led(x)
	for _, p := range x.Services {
		p.told = 0
	}
	t.unshare(x)
}

// Leave takes inc, with everything below it, away from its parent. It returns
// what went with it.
func (inc *Incident) Leave(now schemas.Time) []*Incident {
	t, parent := inc.Whole(), inc.Parent
	parent.Children = slices.DeleteFunc(parent.Children, func(c *Incident) bool { return c == inc })
	inc.Parent = nil
	all := inc.Tree(nil)
	level := int64(0)
	for _, x := range all {
		t.sum.add(&x.part.told, -1)
		level += x.Rate.Now(now, IncidentHalfLife)
		x.part = nil
	}
	if len(all) > 1 {
		own := &Tree{Main: inc, Rate: Rate{level, now}}
		for _, x := range all {
			own.join(x)
		}
	}
	t.Rate = Rate{max(0, t.Rate.Now(now, IncidentHalfLife)-level), now}
	if t.sum.incidents == 1 {
		t.Main.part = nil
		return all
	}
	t.Renew()
	t.lead = nil
	for _, x := range t.Main.Tree(nil) {
		t.led(x)
	}
	return all
}

// Renew has what the incidents share found anew: something of it has gone.
func (t *Tree) Renew() { t.stale = true }

// Regroup says that what inc affects is less than it was, or was found anew.
func (inc *Incident) Regroup() {
	if inc.part != nil {
		inc.part.tree.Renew()
		inc.Changed()
	}
}

// JoinedAt counts one more signal that joined inc just now.
func (inc *Incident) JoinedAt(now schemas.Time) {
	inc.Rate.Add(now, IncidentHalfLife)
	if inc.part != nil {
		inc.part.tree.Rate.Add(now, IncidentHalfLife)
	}
}

// Pace is what an incident, with everything it is linked to, looks like at a
// moment: its parts are one happening.
type Pace struct {
	Alerts, Services, Active int
	Level                    int64
}

// PaceAt sums up the tree that inc is part of.
func (inc *Incident) PaceAt(now schemas.Time) Pace {
	t := inc.Whole()
	if t == nil {
		return Pace{len(inc.Alerts), len(inc.Services), inc.Active, inc.Rate.Now(now, IncidentHalfLife)}
	}
	return Pace{t.sum.alerts, t.sum.services, t.sum.active, t.Rate.Now(now, IncidentHalfLife)}
}

// orders is how many corrections name something of the tree of inc.
func (inc *Incident) orders() int {
	if t := inc.Whole(); t != nil {
		return t.sum.orders
	}
	return inc.corrected
}

// Open is how many incidents of the tree are not over.
func (t *Tree) Open() int { return t.sum.open }

// Lead is the incident with the highest severity, the oldest of several.
func (inc *Incident) Lead() *Incident {
	if inc.Parent != nil || inc.part == nil {
		return inc
	}
	return inc.Whole().lead
}

// Counts are the tree's figures as they are written.
func (t *Tree) Counts() *schemas.IncidentTree {
	return &schemas.IncidentTree{Incidents: int64(t.sum.incidents), Open: int64(t.sum.open), Alerts: int64(t.sum.alerts),
		ActiveAlerts: int64(t.sum.active), SignalCount: t.sum.signals, RepeatCount: t.sum.repeats, Services: int64(len(t.ServiceNames()))}
}

// CompareCandidates orders candidate causes, the likeliest first.
func CompareCandidates(a, b schemas.Candidate) int {
	return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.StartedAt, b.StartedAt), cmp.Compare(a.SignalID, b.SignalID))
}
