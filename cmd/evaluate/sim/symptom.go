package sim

import (
	"bufio"
	_ "embed"
	"fmt"
	"strings"

	"pinkstar/schemas"
)

// The vocabulary is derived from awesome-prometheus-alerts (CC BY 4.0); its
// licence lies beside it.
//
//go:embed vocabulary/rules.tsv
var rulesText string

// vocabulary returns the rules by class. The text is embedded and checked by a
// test, so a bad line is a broken build.
func vocabulary() map[string][]rule {
	out := map[string][]rule{}
	sc := bufio.NewScanner(strings.NewReader(rulesText))
	for sc.Scan() {
		line := sc.Text()
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := vocabularyLine(line)
		if err != nil {
			panic("sim: " + err.Error())
		}
		out[r.class] = append(out[r.class], r)
	}
	return out
}

// longestWait cuts for: clauses: nobody waits a quarter of an hour to hear of
// an outage.
const longestWait = 5 * schemas.Minute

// symptoms raises the alerts of every fault.
func (g *generator) symptoms(d dice) {
	for i := range g.Faults {
		f, pl := &g.Faults[i], &g.plans[i]
		used := map[string]bool{}
		switch {
		case pl.host >= 0 && pl.recurs != nil:
			g.recurringMachine(f, pl, used, d)
		case pl.host >= 0:
			g.hostSymptoms(f, pl, used, d)
		}
		for _, t := range pl.order {
			n := d.between(pl.spread.quiet[0], pl.spread.quiet[1])
			if t.service == pl.root {
				n = d.between(pl.spread.loud[0], pl.spread.loud[1])
			}
			g.serviceSymptoms(f, pl, t, n, used, d)
		}
	}
}

func (g *generator) hostSymptoms(f *Fault, pl *plan, used map[string]bool, d dice) {
	for range d.between(1, 4) {
		g.symptom(f, g.one("host", d), subject{-1, -1, pl.host}, touch{from: nowhere}, used, d)
	}
	for _, i := range g.estate.hosts[pl.host].instances {
		if d.chance(0.5) {
			s := g.estate.instances[i].service
			g.symptom(f, g.one("pod", d), subject{s, i, pl.host}, touch{after: d.span(15*schemas.Second, 0.7), from: nowhere}, used, d)
		}
	}
}

func (g *generator) serviceSymptoms(f *Fault, pl *plan, t touch, n int, used map[string]bool, d dice) {
	if t.service == pl.root && pl.recurs != nil {
		g.recurringSymptoms(f, pl, used, d)
		return
	}
	for range 2 * n { // some draws repeat one another, some come too late
		if n == 0 {
			return
		}
		r, on := g.draw(pl, t, d)
		if g.symptom(f, r, on, t, used, d) {
			n--
		}
	}
}

// draw picks what an affected service complains of. Where the fault sits, it
// is the thing itself (its runtime, its database engine, its pods); where it
// only arrives, it is mostly what users of a service see: errors and latency.
func (g *generator) draw(pl *plan, t touch, d dice) (rule, subject) {
	s := g.estate.services[t.service]
	in := s.instances[d.IntN(len(s.instances))]
	if t.service == pl.root && pl.one >= 0 {
		in = pl.one
	}
	one := subject{t.service, in, g.estate.instances[in].host}
	all := ofService(t.service)
	if t.starved {
		return g.one("starved", d), all
	}
	roll := d.Float64()
	if t.service == pl.root {
		switch {
		case s.layer >= layerHub && roll < 0.75:
			return g.one(s.class, d), one
		case roll < 0.3:
			return g.one("pod", d), one
		case roll < 0.55:
			return g.one(s.class, d), one
		}
		return g.one("app", d), all
	}
	switch {
	case roll < 0.65:
		return g.one("app", d), all
	case roll < 0.8:
		return g.one(s.class, d), one
	case roll < 0.92 && s.layer <= layerGate:
		return g.one("http", d), all
	}
	return g.one("pod", d), one
}

func (g *generator) one(class string, d dice) rule {
	list := g.rules[class]
	if len(list) == 0 {
		panic("sim: no rule of class " + class)
	}
	return list[d.IntN(len(list))]
}

// symptom raises one alert of a fault; t says when its service was reached, and
// from where. It reports false when there is nothing new to raise.
func (g *generator) symptom(f *Fault, r rule, on subject, t touch, used map[string]bool, d dice) bool {
	key := fmt.Sprint(r.name, on.service, on.instance, on.host)
	wait := min(r.wait, longestWait)
	if d.chance(0.75) { // what pages is set to fire sooner than the published rule
		wait = min(wait, 15*schemas.Second)
	}
	at := f.Start.Add(t.after + d.span(10*schemas.Second, 1) + wait + int64(d.IntN(15000)))
	if d.chance(0.05) { // what takes its time: queues, disks, budgets
		at = at.Add(int64(d.Float64() * float64(f.End.Sub(f.Start))))
	}
	if used[key] || at >= f.End {
		return false
	}
	used[key] = true
	end := f.End.Add(d.span(60*schemas.Second, 0.8))
	g.raise(Labelled{Signal: g.estate.labelled(r, on, t.from, d), Fault: f.ID, Root: f.Root}, at, end, d)
	f.Alerts++
	return true
}

// raise makes the states of one alert between start and end. A few alerts flap
// meanwhile, and some resolves are never sent.
func (g *generator) raise(lab Labelled, start, end schemas.Time, d dice) {
	for d.chance(0.06) && end.Sub(start) > 6*schemas.Minute {
		stop := start.Add(schemas.Minute + d.wait(float64(schemas.Minute)))
		if stop.Add(2*schemas.Minute) >= end {
			break
		}
		g.states(lab, start, stop, false)
		start = stop.Add(30*schemas.Second + d.wait(float64(30*schemas.Second)))
	}
	g.states(lab, start, max(end, start.Add(20*schemas.Second)), d.chance(g.Params.MissingResolves))
}

func (g *generator) states(lab Labelled, start, end schemas.Time, lost bool) {
	lab.StartsAt = start
	g.add(event{at: start, lab: lab})
	lab.Status, lab.EndsAt = schemas.StatusResolved, end
	g.add(event{at: end, lab: lab, silent: lost})
}
