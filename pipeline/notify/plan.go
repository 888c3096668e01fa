package notify

import (
	"slices"
	"strings"

	"pinkstar/schemas"
	"pinkstar/schemas/outbound"
)

// Route is a target of the settings, and which effects it gets beside those
// that name it.
type Route struct {
	Name   string
	Target outbound.Target
	Teams  []string // what concerns one of these
	// Everything has it get the news of every incident; Company what the whole
	// company is told.
	Everything, Company bool
	// Channels says that what begins with # in the rules is a channel of this one.
	Channels bool
}

// Routes are the targets of the settings, by their names.
type Routes map[string]*Route

// destination is what stands before and after the colon of "slack:#shield".
func destination(target string) (name, address string) {
	name, address, _ = strings.Cut(target, ":")
	return name, address
}

// whole is a target as the rules write it with its name: "#shield" is a channel
// of the chat that has them.
func (rs Routes) whole(target string) string {
	if !strings.HasPrefix(target, "#") {
		return target
	}
	for _, name := range rs.names() {
		if rs[name].Channels {
			return name + ":" + target
		}
	}
	return target
}

func routeName(target string) string {
	name, _ := destination(target)
	return name
}

func (rs Routes) of(target string) *Route {
	return rs[routeName(target)]
}

// leg is one target of an effect.
type leg struct {
	target, person string
	problem        string // why it can't be delivered; "" it can
}

// plan says where e goes, the same for the same effect and settings.
func (rs Routes) plan(e *schemas.Effect) []leg {
	if len(rs) == 0 { // who has no targets has not asked for messages
		return nil
	}
	var legs []leg
	add := func(l leg) {
		if l.problem == "" && !rs.of(l.target).Target.Takes(e) {
			return
		}
		if !slices.ContainsFunc(legs, func(x leg) bool { return x.target == l.target && x.person == l.person }) {
			legs = append(legs, l)
		}
	}
	for _, target := range e.To.Targets {
		target = rs.whole(target)
		l := leg{target: target}
		if rs.of(target) == nil {
			l.problem = unknownTarget(target)
		}
		add(l)
	}
	for _, name := range rs.names() {
		if r := rs[name]; r.chosen(e) {
			add(leg{target: name})
		}
	}
	for i := range e.To.People {
		add(rs.call(&e.To.People[i]))
	}
	return legs
}

// chosen reports whether a route gets e though nothing names it. What is only
// between two systems (a link to a ticket) is everybody's who keeps tickets.
func (r *Route) chosen(e *schemas.Effect) bool {
	if e.Kind == schemas.EffectReport { // goes to whom its schedule names
		return false
	}
	return e.To.Company && r.Company || r.Everything && !e.To.Company || e.To.Team != "" && slices.Contains(r.Teams, e.To.Team)
}

// call is how a person is called: the first way that the settings know.
func (rs Routes) call(p *schemas.Person) leg {
	if l, ok := rs.another(p, ""); ok {
		return l
	}
	if len(p.Targets) == 0 {
		return leg{person: p.Name, problem: "the rota names no way to reach " + p.Name + ": add targets to the person"}
	}
	return leg{target: p.Targets[0], person: p.Name,
		problem: "the settings know no way to reach " + p.Name + ": give notify.targets one of the names that the rota has"}
}

// another is the first way to call a person after the one that did not work; ok
// says whether there is one.
func (rs Routes) another(p *schemas.Person, failed string) (l leg, ok bool) {
	ways := make([]string, len(p.Targets))
	for i, target := range p.Targets {
		ways[i] = rs.whole(target)
	}
	ways = ways[slices.Index(ways, failed)+1:]
	i := slices.IndexFunc(ways, func(target string) bool { return rs.of(target) != nil })
	if i < 0 {
		return leg{}, false
	}
	return leg{target: ways[i], person: p.Name}, true
}

func (rs Routes) names() []string {
	names := make([]string, 0, len(rs))
	for n := range rs {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

func unknownTarget(target string) string {
	if strings.HasPrefix(target, "#") {
		return "no target of the settings has channels: true, so nobody knows where " + target + " is"
	}
	return "the settings have no target " + routeName(target) + ": add it to notify.targets, or take it out of the rules"
}
