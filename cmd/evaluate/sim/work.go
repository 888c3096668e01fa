package sim

import (
	"fmt"

	"pinkstar/schemas"
)

// window is one announced piece of work.
type window struct {
	service    int
	start, end schemas.Time
	suppress   bool
}

// work makes what people do to the systems: changes that cause faults, many
// more that do not, and maintenance windows, some with a real fault inside.
func (g *generator) work(d dice) {
	n := 0
	for i := range g.Faults {
		f := &g.Faults[i]
		if g.plans[i].root >= 0 && !f.Seasonal && f.Latent == "" && d.chance(g.Params.CausedByChange) {
			n++
			before := min(40*schemas.Minute, d.span(4*schemas.Minute, 0.8))
			g.change(n, g.plans[i].root, f.Start.Add(-before), f.ID, d)
		}
	}
	between := float64(schemas.Day) / max(g.Params.InnocentChanges, 1e-3)
	for at := g.Params.Start; at < g.Params.Start.Add(g.Params.Duration); at = at.Add(d.wait(between)) {
		n++
		g.change(n, d.IntN(len(g.estate.services)), at, "", d)
	}
	n = 0
	for at := g.Params.Start.Add(d.wait(float64(2 * schemas.Hour))); at < g.Params.Start.Add(g.Params.Duration); at = at.Add(schemas.Hour + d.wait(float64(4*schemas.Hour))) {
		n++
		g.maintenance(n, at, d)
	}
}

func (g *generator) change(n, svc int, at schemas.Time, fault string, d dice) {
	s := g.estate.services[svc]
	kind := d.pick("deployment", "deployment", "config", "rollback")
	sig := schemas.Signal{
		Kind: schemas.KindChange, Source: d.pick("argocd", "github"), Status: schemas.StatusStarted,
		Fingerprint: fmt.Sprintf("change-%d", n), Service: s.name, StartsAt: at,
		Name:   fmt.Sprintf("%s of %s v%d.%d.%d", kind, s.name, d.IntN(5), d.IntN(30), d.IntN(10)),
		Change: &schemas.Change{Type: kind, By: s.team},
	}
	lab := Labelled{Signal: sig, Fault: fault, Noise: sig.Fingerprint}
	g.add(event{at: at, lab: lab})
	lab.Status, lab.EndsAt = schemas.StatusFinished, at.Add(d.span(3*schemas.Minute, 0.5))
	g.add(event{at: lab.EndsAt, lab: lab})
}

// maintenance announces a window half an hour ahead, works in it, and raises
// the alerts that work raises. Some windows lie over a real fault nearby.
func (g *generator) maintenance(n int, at schemas.Time, d dice) {
	w := window{service: d.IntN(len(g.estate.services)), start: at, suppress: d.chance(0.6)}
	if len(g.Faults) > 0 && d.chance(0.4) {
		i := d.IntN(len(g.Faults))
		near := g.neighbour(g.plans[i].root, d)
		if _, touched := g.Faults[i].Touched[g.estate.services[near].name]; !touched {
			w.service, w.start = near, g.Faults[i].Start.Add(-d.wait(float64(20*schemas.Minute)))
		}
	}
	w.end = w.start.Add(20*schemas.Minute + d.wait(float64(30*schemas.Minute)))
	s := g.estate.services[w.service]
	id := fmt.Sprintf("maintenance-%d", n)
	sig := schemas.Signal{
		Kind: schemas.KindMaintenance, Source: "calendar", Status: schemas.StatusPlanned, Fingerprint: id,
		Name: "work on " + s.name, Service: s.name, StartsAt: w.start, EndsAt: w.end,
		Change: &schemas.Change{Type: "calendar", By: s.team, Contact: "#" + s.team, Suppress: w.suppress},
	}
	lab := Labelled{Signal: sig, Noise: id}
	g.add(event{at: w.start.Add(-30 * schemas.Minute), lab: lab})
	lab.Status = schemas.StatusStarted
	g.add(event{at: w.start, lab: lab})
	lab.Status = schemas.StatusFinished
	g.add(event{at: w.end, lab: lab})
	for range d.between(1, 5) {
		r, on := g.draw(&plan{root: w.service, one: -1}, touch{service: w.service, from: nowhere}, d)
		from := w.start.Add(schemas.Minute + int64(d.Float64()*float64(w.end.Sub(w.start)-3*schemas.Minute)))
		to := min(w.end.Add(-schemas.Second), from.Add(d.span(3*schemas.Minute, 0.6)))
		lab := Labelled{Signal: g.estate.labelled(r, on, nowhere, d), Noise: id, Expected: true}
		g.raise(lab, from, max(to, from.Add(10*schemas.Second)), d)
	}
}
