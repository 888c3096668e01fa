package sim

import (
	"fmt"
	"slices"

	"pinkstar/schemas"
)

// hidden is how many small faults lie in a storm.
const hidden = 2

// share makes every service need the first hub. A part of them wrote it down.
func (e *estate) share(declared float64, d dice) {
	for i, s := range e.services {
		if i == 0 || s.layer == layerData {
			continue
		}
		keep := d.chance(declared)
		known := slices.Index(s.deps, 0)
		if known < 0 {
			e.services[0].callers = append(e.services[0].callers, i)
		}
		switch {
		case keep && known < 0:
			s.deps = append(s.deps, 0)
		case !keep:
			s.undeclared = append(s.undeclared, 0)
			if known >= 0 {
				s.deps = slices.Delete(s.deps, known, known+1)
			}
		}
	}
}

// storm lets the hub that all share fail: within minutes every service alerts,
// most of which never said that they need it. Small faults that have nothing to
// do with it begin meanwhile.
func (g *generator) storm(d dice) {
	at := g.Params.Start.Add(g.Params.Duration * 2 / 3)
	f := Fault{Kind: "hub", Start: at, End: at.Add(25 * schemas.Minute)}
	root := g.estate.services[0]
	f.Root, f.Roots = root.name, []string{root.name}
	pl := plan{spread: spread{name: "storm", loud: [2]int{6, 10}, quiet: [2]int{1, 2}}, root: 0, host: -1, one: -1}
	pl.order = []touch{{service: 0, from: nowhere}}
	ill := map[int]bool{}
	for len(ill) < hidden {
		i := d.IntN(len(g.estate.services))
		if s := g.estate.services[i]; s.layer == layerData && len(s.callers) > 0 && !g.taken(i, at) {
			ill[i] = true
			g.fault1(at.Add(int64(d.IntN(int(3*schemas.Minute)))), i, d)
		}
	}
	for _, c := range root.callers {
		pl.order = append(pl.order, touch{service: c, from: 0, after: d.span(50*schemas.Second, 0.6)})
	}
	f.ID, f.Touched = fmt.Sprintf("fault-%04d", len(g.Faults)+1), map[string]int{}
	for _, t := range pl.order {
		f.Touched[g.estate.services[t.service].name] = int(t.after)
	}
	g.Faults, g.plans = append(g.Faults, f), append(g.plans, pl)
}

// fault1 is a small fault of one backing system: loud there, and its callers
// complain.
func (g *generator) fault1(start schemas.Time, root int, d dice) {
	f := Fault{ID: fmt.Sprintf("fault-%04d", len(g.Faults)+1), Start: start, Kind: "service", End: start.Add(20 * schemas.Minute)}
	g.begin(f, plan{spread: spread{name: "hidden", reach: 0.5, depth: 1, loud: [2]int{4, 6}, quiet: [2]int{1, 2}}, root: root, host: -1, one: -1}, d)
}
