package rules

import (
	"fmt"
	"maps"
	"slices"

	"pinkstar/schemas"
)

// gapStep is how finely a rota is looked through for gaps.
const gapStep = 15 * schemas.Minute

// Unready says what would keep people from being told or called between two
// moments, in words: steps that reach nobody, people whom nobody can reach, rotas
// with gaps. A rota whose calendar is not among calendars is not judged.
func (s *Set) Unready(from, to schemas.Time, calendars map[string]*Shifts) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	for i := range s.Procedures {
		s.Procedures[i].unready(s, say)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Teams)) {
		if call := s.Teams[name].OnCall; call != "" {
			s.unreachable(call, "team "+name, say)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Rotas)) {
		out = append(out, s.UnreadyRota(name, from, to, calendars)...)
	}
	return slices.Compact(out)
}

// UnreadyRota is Unready of one rota.
func (s *Set) UnreadyRota(name string, from, to schemas.Time, calendars map[string]*Shifts) (out []string) {
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	r := s.Rotas[name]
	shifts := calendars[r.Calendar]
	if r.Calendar == "" || shifts != nil {
		r.gaps(name, from, to, shifts, say)
	}
	for _, who := range r.everybody(from, to, shifts) {
		s.unreachable(who, "rota "+name, say)
	}
	return out
}

func (p *Procedure) unready(s *Set, say func(string, ...any)) {
	steps := p.steps()
	switch {
	case len(steps) == 0 && p.Emergency == "" && len(s.Messages.Channels) == 0 && (s.Teams[p.Owner] == nil || len(s.Teams[p.Owner].Channels) == 0):
		say("procedure %q calls nobody and tells no channel", p.Name)
	case s.Messages.PerIncident == 0:
		say("procedure %q: nobody is told or called while messages.per_incident is 0", p.Name)
	case p.Severity != "" && p.Severity.Rank() < s.Messages.From.Rank():
		say("procedure %q: its severity %s is below messages.from (%s): it is told of only when alerts are worse", p.Name, p.Severity, s.Messages.From)
	}
	if p.Owner != "" && s.Teams[p.Owner] == nil {
		say("procedure %q: its owner %q is not among teams, so no channel of its own hears of it", p.Name, p.Owner)
	}
	if p.MailCompany && len(s.Messages.Company) == 0 {
		say("procedure %q has the company told, and messages.company names no target", p.Name)
	}
	for i := range steps {
		for _, name := range steps[i].Call {
			s.unreachable(name, fmt.Sprintf("procedure %q, step %d", p.Name, i+1), say)
		}
	}
}

// unreachable says when nobody would know how to reach who is called name.
func (s *Set) unreachable(name, where string, say func(string, ...any)) {
	switch c := s.People[name]; {
	case s.Rotas[name] != nil:
	case c == nil:
		say("%s calls %q, which is neither a rota nor one of people: nobody knows how to reach them", where, name)
	case len(c.Reach) == 0:
		say("%s calls %q, who has no way to be reached (people.%s.reach)", where, name, name)
	}
}

// everybody is who may be on duty, each once; of a calendar between two moments.
func (r *Rota) everybody(from, to schemas.Time, shifts *Shifts) []string {
	all := slices.Clone(r.People)
	for _, w := range r.Week {
		all = append(all, w.People...)
	}
	for _, o := range r.Overrides {
		all = append(all, o.People...)
	}
	if shifts != nil {
		for _, x := range shifts.spans {
			if x.from <= to && from < x.to {
				all = append(all, x.people...)
			}
		}
	}
	return unique(all)
}

// gaps says when nobody is on duty, the first three times.
func (r *Rota) gaps(name string, from, to schemas.Time, shifts *Shifts, say func(string, ...any)) {
	const shown = 3
	var since schemas.Time
	found := 0
	for t := from; t <= to; t = schemas.Time(int64(t)/gapStep*gapStep + gapStep) { // on the quarter, where shifts change
		who, _ := r.OnDuty(t, shifts)
		switch {
		case len(who) == 0 && since == 0:
			since = t
		case len(who) > 0 && since != 0:
			if found++; found <= shown {
				say("rota %q has nobody on duty from %s to %s", name, r.local(since), r.local(t))
			}
			since = 0
		}
	}
	if since != 0 {
		if found++; found <= shown {
			say("rota %q has nobody on duty from %s on", name, r.local(since))
		}
	}
	switch more := found - shown; {
	case more == 1:
		say("rota %q has one more gap", name)
	case more > 1:
		say("rota %q has %d more gaps", name, more)
	}
}
