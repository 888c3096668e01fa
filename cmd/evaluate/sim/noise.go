package sim

import (
	"fmt"
	"math"

	"pinkstar/schemas"
)

// noise raises what no fault causes: a Poisson stream that is busier by day,
// alerts that flap for half an hour, staging systems under the same names, and
// a few chronic offenders.
func (g *generator) noise(d dice) {
	p := g.Params
	if p.NoisePerHour <= 0 {
		return
	}
	n := 0
	next := func() string { n++; return fmt.Sprintf("noise-%05d", n) }
	mean := float64(schemas.Hour) / p.NoisePerHour
	for at := p.Start.Add(d.wait(mean)); at < p.Start.Add(p.Duration); at = at.Add(d.wait(mean / diurnal(at))) {
		g.background(at, next(), d)
	}
	for range 1 + len(g.estate.services)/60 { // chronic: the same alert, again and again
		r, on := g.anything(d)
		for at := p.Start.Add(d.wait(float64(schemas.Hour))); at < p.Start.Add(p.Duration); at = at.Add(40*schemas.Minute + d.wait(float64(2*schemas.Hour))) {
			g.raise(Labelled{Signal: g.estate.labelled(r, on, nowhere, d), Noise: next()}, at, at.Add(d.span(4*schemas.Minute, 0.5)), d)
		}
	}
}

// diurnal is the load over the day, 1 on average, highest at 15:00 UTC.
func diurnal(at schemas.Time) float64 {
	hour := float64(int64(at)%schemas.Day) / float64(schemas.Hour)
	return 1 + 0.6*math.Cos((hour-15)/24*2*math.Pi)
}

func (g *generator) background(at schemas.Time, id string, d dice) {
	r, on := g.anything(d)
	lab := Labelled{Signal: g.estate.labelled(r, on, nowhere, d), Noise: id}
	if d.chance(0.08) { // the same names, elsewhere
		lab.Labels = schemas.LabelsOf(withEnv(lab.Labels.Map(), "staging"))
	}
	end := at.Add(d.span(5*schemas.Minute, 0.8))
	switch {
	case d.chance(0.12): // flaps on its own
		for range d.between(2, 5) {
			stop := at.Add(schemas.Minute + d.wait(float64(schemas.Minute)))
			g.states(lab, at, stop, false)
			at = stop.Add(schemas.Minute + d.wait(float64(2*schemas.Minute)))
		}
	default:
		g.raise(lab, at, end, d)
	}
}

// anything draws a rule and what it fires on, weighted towards what is noisy
// in life: pods and hosts.
func (g *generator) anything(d dice) (rule, subject) {
	if d.chance(0.2) {
		return g.one("host", d), subject{-1, -1, d.IntN(len(g.estate.hosts))}
	}
	i := d.IntN(len(g.estate.services))
	s := g.estate.services[i]
	in := s.instances[d.IntN(len(s.instances))]
	one := subject{i, in, g.estate.instances[in].host}
	switch roll := d.Float64(); {
	case roll < 0.35:
		return g.one("pod", d), one
	case roll < 0.65:
		return g.one(s.class, d), one
	case roll < 0.7:
		return g.one("tls", d), ofService(i)
	default:
		return g.one("app", d), ofService(i)
	}
}

func withEnv(m map[string]string, env string) map[string]string {
	delete(m, "env")
	m["environment"] = env
	return m
}
