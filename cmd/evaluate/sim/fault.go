package sim

import (
	"fmt"
	"slices"

	"pinkstar/schemas"
)

// spread is how far a fault goes. Most faults stay where they are; a few take
// a hundred alerts with them.
type spread struct {
	name  string
	share float64 // of all faults
	reach float64 // chance that a caller of an affected service is affected
	depth int
	loud  [2]int  // alerts on the root
	quiet [2]int  // alerts on each service it spreads to
	down  float64 // chance that a callee of the root starves
}

var spreads = []spread{
	{name: "small", share: 0.62, reach: 0.08, depth: 1, loud: [2]int{3, 7}, quiet: [2]int{1, 2}},
	{name: "medium", share: 0.26, reach: 0.5, depth: 3, loud: [2]int{4, 9}, quiet: [2]int{1, 4}, down: 0.12},
	{name: "large", share: 0.12, reach: 0.85, depth: 4, loud: [2]int{6, 14}, quiet: [2]int{2, 8}, down: 0.2},
}

// plan travels with a fault until its symptoms are drawn.
type plan struct {
	spread spread
	root   int         // service, -1 for a host
	host   int         // host, -1 for a service
	one    int         // the one instance that is ill, -1 for all
	recurs *recurrence // nil draws the symptoms freely
	blast  int         // services it reaches, at most; 0: as its spread has it
	// onset of every service touched, and the service it came from
	order []touch
}

type touch struct {
	service int
	after   int64 // milliseconds from the fault's start
	from    int   // the service it came from; nowhere where the fault sits
	starved bool
}

// nowhere is where a fault comes from that sits here.
const nowhere = -1

// spell is how long new faults begin before it is calm again.
const spell = 20 * schemas.Minute

// faults draws the faults. They come in busy spells: while one is under way
// others begin, up to the concurrency of the level, and then it is calm. A
// fault lasts a quarter of an hour, so what begins within a spell overlaps.
func (g *generator) faults(d dice) {
	p := g.Params
	if p.FaultsPerHour <= 0 {
		return
	}
	mean := float64(schemas.Hour) / p.FaultsPerHour
	end := p.Start.Add(p.Duration - 20*schemas.Minute)
	spells := d.wait(mean)
	for at := p.Start.Add(5*schemas.Minute + spells/4); at < end; {
		n := 1
		if p.Concurrency > 1 {
			n = d.between(1, p.Concurrency)
			if p.Level == Hard {
				n = p.Concurrency
			}
		}
		var running []int
		for i := range n {
			start := at
			if i > 0 {
				start = at.Add(int64(d.Float64() * float64(spell)))
			}
			running = append(running, g.fault(start, running, d))
		}
		at = at.Add(int64(float64(n)*mean*0.4) + d.wait(float64(n)*mean*0.6))
	}
}

// fault draws one fault and returns its index. Some begin next to one that is
// under way.
func (g *generator) fault(start schemas.Time, running []int, d dice) int {
	sp := drawSpread(d)
	f := Fault{ID: fmt.Sprintf("fault-%04d", len(g.Faults)+1), Start: start, Kind: "service"}
	f.End = start.Add(max(4*schemas.Minute, d.span(14*schemas.Minute, 0.5)))
	pl := plan{spread: sp, host: -1, one: -1}
	switch roll := d.Float64(); {
	case len(running) > 0 && d.chance(g.Params.Adjacent):
		other := g.plans[running[d.IntN(len(running))]]
		pl.root = g.neighbour(other.root, d)
		f.Adjacency = true
	case roll < g.Params.HostFaults:
		pl.root, pl.host = -1, d.IntN(len(g.estate.hosts))
		f.Kind = "host"
	default:
		pl.root = g.drawRoot(sp, d)
	}
	if pl.root >= 0 && g.taken(pl.root, start) {
		pl.root = g.drawRoot(sp, d) // the same service does not fail twice at once
	}
	if pl.host < 0 && sp.name == "small" && d.chance(0.4) {
		ins := g.estate.services[pl.root].instances
		pl.one = ins[d.IntN(len(ins))]
		f.Kind = "instance"
	}
	if m := g.Params.Manner; m != "" && m != Alike && pl.root >= 0 { // each fails in a way of its own
		pl.recurs = &recurrence{kinds: g.kindsBut(pl.root, nil, d), shows: 0.85, odd: 0.25, late: 0.2}
	}
	return g.begin(f, pl, d)
}

// taken reports whether a service is the root of a fault under way.
func (g *generator) taken(root int, at schemas.Time) bool {
	for i := range g.Faults {
		if g.plans[i].root == root && at < g.Faults[i].End.Add(10*schemas.Minute) {
			return true
		}
	}
	return false
}

// begin spreads the fault and records it.
func (g *generator) begin(f Fault, pl plan, d dice) int {
	if pl.host >= 0 {
		g.spreadFromHost(&f, &pl, d)
	} else {
		root := g.estate.services[pl.root]
		switch root.layer {
		case layerData:
			f.Kind = "data"
		case layerHub:
			f.Kind = "hub"
		}
		f.Root, f.Roots = root.name, []string{root.name}
		pl.order = append(pl.order, touch{service: pl.root, from: nowhere})
		g.spread(&pl, map[int]bool{pl.root: true}, d)
	}
	f.Touched = map[string]int{}
	for _, t := range pl.order {
		f.Touched[g.estate.services[t.service].name] = int(t.after)
	}
	if pl.host >= 0 {
		f.Touched[f.Root] = 0
	}
	g.Faults = append(g.Faults, f)
	g.plans = append(g.plans, pl)
	return len(g.Faults) - 1
}

func drawSpread(d dice) spread {
	roll := d.Float64()
	for _, s := range spreads {
		if roll < s.share {
			return s
		}
		roll -= s.share
	}
	return spreads[0]
}

// drawRoot picks where a fault starts. What spreads far started deep: a
// database, a hub, a service many call.
func (g *generator) drawRoot(sp spread, d dice) int {
	best, most := 0, -1
	tries := map[string]int{"small": 1, "medium": 2, "large": 5}[sp.name]
	for range tries {
		i := d.IntN(len(g.estate.services))
		if n := len(g.estate.services[i].callers); n > most {
			best, most = i, n
		}
	}
	return best
}

func (g *generator) neighbour(i int, d dice) int {
	if i < 0 {
		return d.IntN(len(g.estate.services))
	}
	s := g.estate.services[i]
	near := append(slices.Clone(s.callers), s.deps...)
	if len(near) == 0 {
		return d.IntN(len(g.estate.services))
	}
	return near[d.IntN(len(near))]
}

// spread walks from the root to its callers, and sometimes starves a callee.
// A delay between two services is log-normal: 20 s in the middle, minutes in
// the tail (time-outs, retries, queues that fill).
func (g *generator) spread(pl *plan, seen map[int]bool, d dice) {
	frontier := pl.order
	most := 40
	if pl.blast > 0 {
		most = pl.blast - 1
	}
	for depth := 0; depth < pl.spread.depth && len(frontier) > 0; depth++ {
		var next []touch
		for _, from := range frontier {
			for _, c := range g.estate.services[from.service].callers {
				if seen[c] || !d.chance(pl.spread.reach) || len(pl.order)+len(next) > most {
					continue
				}
				seen[c] = true
				next = append(next, touch{service: c, from: from.service, after: from.after + d.span(20*schemas.Second, 0.9)})
			}
		}
		pl.order = append(pl.order, next...)
		frontier = next
	}
	if pl.root < 0 {
		return
	}
	for _, dep := range g.estate.services[pl.root].deps {
		if !seen[dep] && d.chance(pl.spread.down) {
			seen[dep] = true
			pl.order = append(pl.order, touch{service: dep, after: d.span(60*schemas.Second, 0.6), from: nowhere, starved: true})
		}
	}
}

// spreadFromHost takes down what runs on a host. A service with instances
// elsewhere often rides it out.
func (g *generator) spreadFromHost(f *Fault, pl *plan, d dice) {
	h := g.estate.hosts[pl.host]
	f.Root = h.name
	f.Roots = []string{h.name}
	if pl.recurs != nil { // what fails there is drawn with its symptoms
		for _, i := range h.instances {
			f.Roots = append(f.Roots, g.estate.services[g.estate.instances[i].service].name)
		}
		return
	}
	seen := map[int]bool{}
	for _, i := range h.instances {
		s := g.estate.instances[i].service
		if seen[s] || !d.chance(0.7) {
			continue
		}
		seen[s] = true
		f.Roots = append(f.Roots, g.estate.services[s].name)
		pl.order = append(pl.order, touch{service: s, after: d.span(10*schemas.Second, 0.7), from: nowhere})
	}
	g.spread(pl, seen, d)
}
