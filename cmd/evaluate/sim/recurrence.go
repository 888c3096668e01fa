package sim

import (
	"fmt"
	"math"
	"slices"

	"pinkstar/schemas"
)

// Manner is how recurring causes show themselves in a world. What is found in
// one need not be found in the next: each breaks another assumption.
type Manner string

// The manners.
const (
	Alike    Manner = "alike"    // the same few alerts each time, and only on the root
	Cascades Manner = "cascades" // 1 to 38 services suffer, other ones each time; the root shows some of what it may show
	Quiet    Manner = "quiet"    // the root raises one or two alerts, late or by halves, and its victims are loud
	Common   Manner = "common"   // every service has the same dozen alerts; only which of them come together tells causes apart
)

// Manners lists the manners, the easiest first.
var Manners = []Manner{Alike, Cascades, Quiet, Common}

// ForProblems is a quiet time with causes that return, and with what only looks
// like it: jobs by the clock, single faults at the same roots that fail in
// another way, alerts that always come. The manner Alike is the mildest: forty
// days without the last two.
func ForProblems(seed uint64, m Manner) Params {
	p := For(Easy, seed)
	p.Manner = m
	p.FaultsPerHour, p.NoisePerHour, p.InnocentChanges = 0.08, 0.4, 48
	if m == Alike {
		p.Duration = 40 * schemas.Day
		p.Latent, p.Seasonal = 5, 3
		return p
	}
	p.Duration = 60 * schemas.Day
	p.Latent, p.Machines, p.Seasonal, p.OneOffs = 7, 2, 6, 3
	p.TopologyMissing, p.TopologyWrong, p.Reorder = 0.1, 0.02, 0.01
	return p
}

// recurrence is what a cause fixes; the rest is drawn each time.
type recurrence struct {
	kinds  []rule  // what the root may show
	shows  float64 // each of them, each time
	odd    float64 // chance that it shows something else besides
	widest int     // services that suffer, at most
	late   float64 // chance that the root alerts after its victims
}

// recurrences adds the occurrences of latent causes (irregular, other symptoms
// each time), of jobs by the clock (a few minutes off, some runs missed, some
// doubled), and single faults where causes sit.
func (g *generator) recurrences(d dice) {
	p := g.Params
	for k := range p.Latent + p.Machines {
		pl := g.cause(d)
		id := fmt.Sprintf("latent-%02d", k+1)
		if k >= p.Latent {
			id = fmt.Sprintf("machine-%02d", k-p.Latent+1)
			pl = g.machineCause(d)
		}
		mean := float64(p.Duration) / float64(d.between(6, 14))
		for at := p.Start.Add(d.wait(mean)); at < p.Start.Add(p.Duration-schemas.Hour); at = at.Add(p.Duration/60 + d.wait(mean)) {
			g.again(at, pl, Fault{Latent: id}, d)
		}
		if pl.root >= 0 {
			g.oneOffs(pl, d)
		}
	}
	for k := range p.Seasonal {
		pl := g.cause(d)
		id := fmt.Sprintf("seasonal-%02d", k+1)
		if p.Manner != Alike {
			g.job(k, id, pl, d)
			continue
		}
		at := p.Start - p.Start%schemas.Time(schemas.Day) + schemas.Time(d.IntN(int(schemas.Day)))
		step := schemas.Day
		if d.chance(0.3) && p.Duration > 30*schemas.Day {
			step = 7 * schemas.Day
		}
		for ; at < p.Start.Add(p.Duration-schemas.Hour); at = at.Add(step) {
			if at > p.Start && !d.chance(0.08) { // now and then it works
				g.again(at.Add(int64(d.NormFloat64()*float64(3*schemas.Minute))), pl, Fault{Latent: id, Seasonal: true}, d)
			}
		}
	}
}

// job runs at local times, as a scheduler does: its hour stays when the clocks
// change. Now and then it works, and is not heard of; now and then somebody runs
// it again.
func (g *generator) job(k int, id string, pl plan, d dice) {
	p := g.Params
	day := p.Start - p.Start%schemas.Time(schemas.Day)
	minute := int64(d.IntN(24 * 60))
	var times []schemas.Time
	add := func(n int, of int64) {
		at := day.Add(int64(n)*schemas.Day + of%schemas.Day)
		if summer := schemas.Time(1774746000000); at >= summer { // 2026-03-29T01:00Z: Europe changes its clocks
			at = at.Add(-schemas.Hour)
		}
		times = append(times, at)
	}
	for n := range int(p.Duration / schemas.Day) {
		switch weekday := (n + 3) % 7; k % 6 { // the world begins on a Wednesday
		case 0: // nightly
			add(n, minute*schemas.Minute)
		case 1: // every eight hours
			for h := range int64(3) {
				add(n, minute*schemas.Minute+h*8*schemas.Hour)
			}
		case 2: // weekly
			if weekday == int(minute)%7 {
				add(n, minute*schemas.Minute)
			}
		case 3: // on weekdays, and a second run on some
			if weekday != 0 && weekday != 6 {
				add(n, minute*schemas.Minute)
				add(n, (minute+337)*schemas.Minute)
			}
		case 4: // hourly, for ten days
			if n >= 20 && n < 30 {
				for h := range int64(24) {
					add(n, minute%60*schemas.Minute+h*schemas.Hour)
				}
			}
		case 5: // every twelve hours
			add(n, minute*schemas.Minute)
			add(n, minute*schemas.Minute+12*schemas.Hour)
		}
	}
	slices.Sort(times)
	for _, at := range times {
		if at <= p.Start || at >= p.Start.Add(p.Duration-schemas.Hour) || d.chance(0.12) {
			continue
		}
		at = at.Add(int64(d.NormFloat64() * float64(2*schemas.Minute)))
		g.again(at, pl, Fault{Latent: id, Seasonal: true}, d)
		if k%6 != 4 && d.chance(0.06) {
			g.again(at.Add(25*schemas.Minute+d.wait(float64(20*schemas.Minute))), pl, Fault{Latent: id, Seasonal: true}, d)
		}
	}
}

// oneOffs are single faults where a cause sits, each of which fails in a way of
// its own.
func (g *generator) oneOffs(pl plan, d dice) {
	for range g.Params.OneOffs {
		other := pl
		other.recurs = nil
		r := *pl.recurs
		r.kinds = g.kindsBut(pl.root, r.kinds, d)
		other.recurs = &r
		at := g.Params.Start.Add(int64(d.Float64() * float64(g.Params.Duration-schemas.Hour)))
		g.again(at, other, Fault{}, d)
	}
}

// cause fixes what recurs: where, and the rules that may fire there.
func (g *generator) cause(d dice) plan {
	pl := plan{spread: spreads[0], host: -1, one: -1, root: d.IntN(len(g.estate.services))}
	s := g.estate.services[pl.root]
	r := &recurrence{shows: 0.85, odd: 0.3}
	if g.Params.Manner == Alike {
		for range d.between(3, 6) {
			r.kinds = append(r.kinds, g.one(d.pick(s.class, s.class, "app", "pod"), d))
		}
		pl.recurs = r
		return pl
	}
	for range 6 { // one cause to a service, and mostly where others can suffer
		taken := slices.ContainsFunc(g.plans, func(o plan) bool { return o.recurs != nil && o.recurs.widest > 0 && o.root == pl.root })
		if !taken && (len(g.estate.services[pl.root].callers) > 1 || d.chance(0.3)) {
			break
		}
		pl.root = d.IntN(len(g.estate.services))
	}
	r.widest, r.shows, r.odd, r.late = d.between(3, 38), 0.6+0.35*d.Float64(), 0.25, 0.2
	if g.Params.Manner == Quiet {
		r.shows, r.odd, r.late = 0.85, 0.05, 0.5
	}
	r.kinds = g.kindsBut(pl.root, nil, d)
	pl.recurs = r
	return pl
}

// kindsBut draws rules for a service of which none is among others.
func (g *generator) kindsBut(service int, others []rule, d dice) []rule {
	s := g.estate.services[service]
	n := d.between(2, 5)
	if g.Params.Manner == Quiet {
		n = d.between(1, 2)
	}
	var out []rule
	for range 60 {
		class := d.pick(s.class, s.class, "app", "pod")
		if g.Params.Manner == Common {
			class = "app"
			n = 3
		}
		r := g.one(class, d)
		same := func(o rule) bool { return o.name == r.name }
		shared := g.Params.Manner == Common && len(others) > 0 && len(out) == 0 // one of them is always the same
		if slices.ContainsFunc(out, same) || !shared && slices.ContainsFunc(others, same) {
			continue
		}
		if out = append(out, r); len(out) == n {
			break
		}
	}
	return out
}

// machineCause fixes a machine: what runs there fails, another part of it each
// time.
func (g *generator) machineCause(d dice) plan {
	pl := plan{spread: spreads[0], root: -1, one: -1, host: d.IntN(len(g.estate.hosts))}
	r := &recurrence{shows: 0.6, odd: 0.1, widest: d.between(2, 8)}
	for range d.between(1, 2) {
		r.kinds = append(r.kinds, g.one("host", d))
	}
	for range d.between(1, 2) {
		r.kinds = append(r.kinds, g.one("pod", d))
	}
	pl.recurs = r
	return pl
}

func (g *generator) again(at schemas.Time, pl plan, f Fault, d dice) {
	f.ID = fmt.Sprintf("fault-%04d", len(g.Faults)+1)
	f.Kind, f.Start = "service", at
	f.End = at.Add(max(8*schemas.Minute, d.span(14*schemas.Minute, 0.4)))
	if pl.recurs.widest > 0 { // from one to the widest, as often two to four as five to ten
		size := int(math.Exp(d.Float64()*math.Log(float64(pl.recurs.widest)+0.99) + 1e-9))
		pl.blast = max(1, size)
		pl.spread = spreads[1]
		pl.spread.depth, pl.spread.reach, pl.spread.down, pl.spread.quiet = 6, 0.8, 0.05, [2]int{1, 3}
	}
	if pl.host >= 0 {
		f.Kind = "host"
	}
	g.begin(f, pl, d)
}

// recurringSymptoms raises what the cause shows this time, and now and then
// something else.
func (g *generator) recurringSymptoms(f *Fault, pl *plan, used map[string]bool, d dice) {
	s, r := g.estate.services[pl.root], pl.recurs
	kinds := r.kinds
	if d.chance(r.odd) {
		kinds = append(slices.Clip(kinds), g.one("app", d))
	}
	after := int64(0)
	if r.late > 0 && d.chance(r.late) {
		after = d.span(90*schemas.Second, 0.5)
	}
	shown := 0
	for tries := 0; shown == 0 && tries < 4; tries++ {
		for _, k := range kinds {
			if !d.chance(r.shows) {
				continue
			}
			on := ofService(pl.root)
			if k.class == "pod" || k.class == s.class {
				in := s.instances[d.IntN(len(s.instances))]
				on = subject{pl.root, in, g.estate.instances[in].host}
			}
			if g.symptom(f, k, on, touch{after: after, from: nowhere}, used, d) {
				shown++
			}
		}
		if g.Params.Manner == Alike {
			return
		}
	}
}

// recurringMachine raises what a machine shows this time: on itself, and on some
// of what runs there.
func (g *generator) recurringMachine(f *Fault, pl *plan, used map[string]bool, d dice) {
	h := g.estate.hosts[pl.host]
	for _, k := range pl.recurs.kinds {
		if k.class == "host" && d.chance(pl.recurs.shows) {
			g.symptom(f, k, subject{-1, -1, pl.host}, touch{from: nowhere}, used, d)
		}
	}
	on := slices.Clone(h.instances)
	d.Shuffle(len(on), func(i, j int) { on[i], on[j] = on[j], on[i] })
	for _, i := range on[:min(len(on), pl.blast)] {
		for _, k := range pl.recurs.kinds {
			if k.class == "pod" && d.chance(0.8) {
				g.estate.placed = true // by kube-state-metrics, which name the node
				g.symptom(f, k, subject{g.estate.instances[i].service, i, pl.host}, touch{after: d.span(15*schemas.Second, 0.7), from: nowhere}, used, d)
				g.estate.placed = false
			}
		}
	}
}
