package sim

import (
	"fmt"
	"slices"
	"strings"

	"pinkstar/schemas"
)

// deliver turns true events into what arrives: each team's clock, the way to
// us (seconds, now and then minutes), repeats by pairs of Alertmanagers and by
// resending, and the losses.
func (g *generator) deliver(d dice) error {
	skew := map[string]int64{}
	for _, t := range append([]string{""}, teamNames...) {
		skew[t] = int64(d.NormFloat64() * float64(g.Params.Skew))
	}
	paired := map[string]bool{}
	for _, t := range teamNames {
		paired[t] = d.chance(0.3)
	}
	naming := schemas.DefaultNaming()
	for i := range g.events {
		e := &g.events[i]
		if e.silent {
			continue
		}
		team := g.teamOf(&e.lab)
		lab := e.lab
		if lab.Kind == schemas.KindAlert {
			lab.StartsAt = lab.StartsAt.Add(skew[team])
			if lab.EndsAt != 0 {
				lab.EndsAt = lab.EndsAt.Add(skew[team])
			}
		}
		lab.ReceivedAt = e.at.Add(g.way(d))
		if err := naming.Complete(&lab.Signal); err != nil {
			return fmt.Errorf("signal %d (%s): %w", i, lab.Name, err)
		}
		g.Signals = append(g.Signals, lab)
		g.repeat(lab, paired[team], d)
	}
	slices.SortStableFunc(g.Signals, func(a, b Labelled) int { return int(a.ReceivedAt - b.ReceivedAt) })
	g.stopResends()
	g.mark()
	return nil
}

// way is how long a signal travels: mostly under five seconds, sometimes
// minutes (a queue, a retry, a proxy that was down).
func (g *generator) way(d dice) int64 {
	ms := 100 + min(4900, d.span(900, 0.8))
	if d.chance(g.Params.Reorder) {
		ms += d.span(2*schemas.Minute, 0.7)
	}
	return ms
}

// repeat delivers a firing alert again: at once by the second Alertmanager of
// a pair, and every five minutes as its group changes.
func (g *generator) repeat(lab Labelled, paired bool, d dice) {
	if lab.Kind != schemas.KindAlert {
		return
	}
	lab.Repeat = true
	first := lab.ReceivedAt
	if paired {
		lab.ReceivedAt = first.Add(int64(d.IntN(3000)))
		g.Signals = append(g.Signals, lab)
	}
	for k := int64(1); lab.Status == schemas.StatusFiring && d.chance(0.35) && k < 5; k++ {
		lab.ReceivedAt = first.Add(k*5*schemas.Minute + int64(d.IntN(2000)))
		g.Signals = append(g.Signals, lab)
	}
}

// stopResends takes out what no Alertmanager sends: an alert told again as firing
// after its recovery was told. Sent later, that is a new firing. What the other
// one of a pair is late with by seconds stays.
func (g *generator) stopResends() {
	const late = 5 * schemas.Second
	over := map[string]schemas.Time{} // when the recovery of an episode came
	g.Signals = slices.DeleteFunc(g.Signals, func(l Labelled) bool {
		if l.Kind != schemas.KindAlert {
			return false
		}
		episode := l.Scope + l.Source + l.Fingerprint + l.StartsAt.String()
		if l.Status != schemas.StatusFiring {
			over[episode] = l.ReceivedAt
			return false
		}
		end, is := over[episode]
		return is && l.Repeat && l.ReceivedAt > end.Add(late)
	})
}

// mark says which delivery is the first, and which state of a thing is the
// first to arrive: late delivery may have swapped them.
func (g *generator) mark() {
	ids := map[string]bool{}
	things := map[string]bool{}
	faults := map[string]*Fault{}
	for i := range g.Faults {
		faults[g.Faults[i].ID] = &g.Faults[i]
	}
	for i := range g.Signals {
		l := &g.Signals[i]
		l.Repeat = ids[l.ID]
		ids[l.ID] = true
		thing := l.Scope + l.Source + l.Fingerprint
		if l.Kind == schemas.KindAlert {
			thing += l.StartsAt.String()
		}
		l.Later = things[thing]
		things[thing] = true
		if l.Kind == schemas.KindChange && l.Status == schemas.StatusStarted && l.Fault != "" {
			faults[l.Fault].Change = l.ID
		}
	}
}

func (g *generator) teamOf(l *Labelled) string {
	if l.Kind == schemas.KindAlert {
		if s, ok := g.estate.lookup(&l.Signal); ok {
			return g.estate.services[s].team
		}
		return "platform" // hosts are watched by the platform team
	}
	return ""
}

// lookup finds the service of a signal by everything it carries, as somebody
// who knows every system by heart would.
func (e *estate) lookup(s *schemas.Signal) (int, bool) {
	e.index()
	for _, l := range s.Labels {
		if i, ok := e.byInstance[schemas.StripPort(l.Value)]; ok {
			return i, true
		}
		if url, ok := strings.CutPrefix(l.Value, "https://"); ok {
			name, _, _ := strings.Cut(url, ".")
			if i, ok := e.byName[name]; ok {
				return i, true
			}
		}
	}
	if i, ok := e.byName[s.Service]; ok {
		return i, true
	}
	for _, l := range s.Labels {
		if l.Name == "namespace" || l.Name == "team" {
			continue // a family or a team may be called like a service
		}
		if i, ok := e.byName[l.Value]; ok {
			return i, true
		}
	}
	return 0, false
}

func (e *estate) index() {
	if e.byInstance != nil {
		return
	}
	e.byInstance = map[string]int{}
	for _, in := range e.instances {
		e.byInstance[in.name] = in.service
		e.byInstance[schemas.StripPort(in.addr)] = in.service
	}
}
