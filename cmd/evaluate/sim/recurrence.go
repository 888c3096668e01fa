package sim

import (
	"fmt"
	"slices"

	"pinkstar/schemas"
)

// ForProblems is a quiet month with causes that return and jobs that only look
// like it.
func ForProblems(seed uint64) Params {
	p := For(Easy, seed)
	p.Duration = 40 * schemas.Day
	p.FaultsPerHour, p.NoisePerHour = 0.08, 0.4
	p.Latent, p.Seasonal = 5, 3
	return p
}

// recurrences adds the occurrences of latent causes (irregular, signature
// perturbed each time) and of seasonal jobs (by the clock, a few minutes off).
func (g *generator) recurrences(d dice) {
	p := g.Params
	for k := range p.Latent {
		pl := g.cause(d)
		id := fmt.Sprintf("latent-%02d", k+1)
		mean := float64(p.Duration) / float64(d.between(6, 14))
		for at := p.Start.Add(d.wait(mean)); at < p.Start.Add(p.Duration-schemas.Hour); at = at.Add(p.Duration/60 + d.wait(mean)) {
			g.again(at, pl, Fault{Latent: id}, d)
		}
	}
	for k := range p.Seasonal {
		pl := g.cause(d)
		id := fmt.Sprintf("seasonal-%02d", k+1)
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

// cause fixes what recurs: where, and the rules that fire.
func (g *generator) cause(d dice) plan {
	pl := plan{spread: spreads[0], host: -1, one: -1, root: d.IntN(len(g.estate.services))}
	s := g.estate.services[pl.root]
	for range d.between(3, 6) {
		class := d.pick(s.class, s.class, "app", "pod")
		pl.kinds = append(pl.kinds, g.one(class, d))
	}
	return pl
}

func (g *generator) again(at schemas.Time, pl plan, f Fault, d dice) {
	f.ID = fmt.Sprintf("fault-%04d", len(g.Faults)+1)
	f.Kind, f.Start = "service", at
	f.End = at.Add(max(8*schemas.Minute, d.span(14*schemas.Minute, 0.4)))
	g.begin(f, pl, d)
}

// recurringSymptoms raises most of what the cause always raises, and now and
// then something else.
func (g *generator) recurringSymptoms(f *Fault, pl *plan, used map[string]bool, d dice) {
	s := g.estate.services[pl.root]
	kinds := pl.kinds
	if d.chance(0.3) {
		kinds = append(slices.Clip(kinds), g.one("app", d))
	}
	for _, r := range kinds {
		if !d.chance(0.85) {
			continue
		}
		on := ofService(pl.root)
		if r.class == "pod" || r.class == s.class {
			in := s.instances[d.IntN(len(s.instances))]
			on = subject{pl.root, in, g.estate.instances[in].host}
		}
		g.symptom(f, r, on, touch{from: nowhere}, used, d)
	}
}
