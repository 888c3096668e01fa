package lifecycle

import (
	"cmp"
	"slices"

	"pinkstar/correlate/internal/cause"
	"pinkstar/correlate/internal/problem"
	"pinkstar/correlate/internal/state"
	"pinkstar/correlate/internal/topology"
)

const (
	leastSuspected = 150 // thousandths: a root that is less likely is no suspect
	farSuspected   = 40  // likewise: how likely what is no suspect is counted
	leastOnMachine = 600 // thousandths: of the alerts whose machine is known
	machineDoubt   = 500 // thousandths: that all of it is on one machine may be chance
)

// Sight is what inc, with everything below it, shows of its cause. Its roots are
// those last found.
func (lc *Lifecycle) Sight(inc *state.Incident) *problem.Sight {
	s := &problem.Sight{ID: inc.Pub.ID, Start: inc.Pub.StartedAt, Open: !inc.Over()}
	seen := map[state.AlertKey]bool{} // only looked up
	var alerts []*state.Alert
	for _, x := range inc.Tree(nil) {
		s.End = max(s.End, x.LastEnd, x.LastStart)
		for _, a := range x.Alerts {
			if !seen[a.Key] && len(seen) < 8*problem.ItemsCap {
				seen[a.Key] = true
				alerts = append(alerts, a)
				s.Items = append(s.Items, topology.AlertType{Name: a.Name, Service: a.Service})
			}
		}
	}
	s.Alerts = len(alerts)
	slices.SortFunc(s.Items, topology.CompareTypes)
	s.Items = slices.Compact(s.Items)
	s.Items = s.Items[:min(len(s.Items), problem.ItemsCap)]
	for _, r := range inc.Pub.Roots {
		if r.Score < leastSuspected && len(s.Suspects) > 0 {
			break
		}
		if c := suspect(r.Service, r.Score, alerts); len(c.Names) == 0 || slices.ContainsFunc(c.Names, func(n string) bool { return !cause.Starved(n) }) {
			s.Suspects = append(s.Suspects, c)
		}
	}
	if c, ok := machineSuspect(alerts); ok && !slices.ContainsFunc(s.Suspects, func(x problem.Suspect) bool { return x.Place == c.Place }) {
		s.Suspects = append(s.Suspects, c)
	}
	s.Far = far(s, alerts)
	return s
}

// far are the affected services that are no suspects.
func far(s *problem.Sight, alerts []*state.Alert) []problem.Suspect {
	var out []problem.Suspect
	for i, it := range s.Items {
		if it.Service == "" || i > 0 && s.Items[i-1].Service == it.Service ||
			slices.ContainsFunc(s.Suspects, func(c problem.Suspect) bool { return c.Name == it.Service }) {
			continue
		}
		out = append(out, suspect(it.Service, farSuspected, alerts))
	}
	return out
}

func hostOf(a *state.Alert) string { return cmp.Or(a.Host, a.Machine) }

// suspect is a suspected root: a service, or a machine when no alert is of a
// service of that name.
func suspect(name string, weight int64, alerts []*state.Alert) problem.Suspect {
	c := problem.Suspect{Place: problem.Place{Name: name}, Weight: weight}
	for _, a := range alerts {
		if a.Service == name {
			c.Names = append(c.Names, a.Name)
		}
	}
	if len(c.Names) == 0 {
		on := onMachine(name, alerts)
		if len(on.Names) > 0 {
			on.Weight = weight
			return on
		}
	}
	c.Names = sorted(c.Names)
	return c
}

// onMachine is a machine as a suspect, and what fired on it.
func onMachine(host string, alerts []*state.Alert) problem.Suspect {
	c := problem.Suspect{Place: problem.Place{Name: host, Machine: true}}
	for _, a := range alerts {
		if hostOf(a) != host {
			continue
		}
		c.Names = append(c.Names, a.Name)
		c.Services = append(c.Services, a.Service)
	}
	c.Names, c.Services = sorted(c.Names), sorted(c.Services)
	return c
}

// machineSuspect is the machine that carries most of the alerts whose machine is
// known.
func machineSuspect(alerts []*state.Alert) (problem.Suspect, bool) {
	known, most, host := 0, 0, ""
	on := map[string]int{} // only looked up
	for _, a := range alerts {
		h := hostOf(a)
		if h == "" {
			continue
		}
		known++
		if on[h]++; on[h] > most {
			most, host = on[h], h
		}
	}
	if known == 0 || most*1000 < leastOnMachine*known {
		return problem.Suspect{}, false
	}
	c := onMachine(host, alerts)
	c.Weight = max(1, int64(most)*machineDoubt/int64(len(alerts)))
	return c, true
}

func sorted(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
