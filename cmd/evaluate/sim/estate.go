package sim

import (
	"fmt"
	"slices"
)

// estate is the true state of the systems: what exists, what runs where, and
// what calls what.
type estate struct {
	services   []*service
	instances  []*instance
	hosts      []*host
	byName     map[string]int
	byInstance map[string]int // filled by index
	placed     bool           // alerts of pods name their node
}

// Layers, from the users down. Dependencies point down, or sideways to a
// service that was built earlier, so the graph has no cycle.
const (
	layerFront = iota
	layerGate
	layerApp
	layerHub
	layerData
)

type service struct {
	name, family, team, class string
	exporter, port            string // of backing systems
	layer                     int
	deps, callers             []int
	undeclared                []int // needed too, and nobody wrote it down
	instances                 []int
	style                     style
}

type instance struct {
	name    string // pod, or machine:process
	addr    string // ip:port
	service int
	host    int
}

type host struct {
	name, region string
	instances    []int
}

// newEstate builds services until the entity budget is spent: about one
// service to four instances to one host of seven instances.
func newEstate(p Params, d dice) *estate {
	e := &estate{byName: map[string]int{}}
	n := max(10, p.Entities*10/52)
	teams := slices.Clone(teamNames)
	d.Shuffle(len(teams), func(i, j int) { teams[i], teams[j] = teams[j], teams[i] })
	teams = teams[:min(len(teams), 3+n/8)]
	b := builder{estate: e, d: d, teams: teams, styles: map[string]style{}}
	for _, t := range teams {
		b.styles[t] = newStyle(d)
	}
	b.hubs(min(len(hubNames), max(2, n/14)))
	for b.family = 0; len(e.services) < n; b.family++ {
		b.addFamily()
	}
	b.fronts(min(len(frontNames), max(2, n/16)))
	b.machines()
	for i, s := range e.services {
		for _, dep := range s.deps {
			e.services[dep].callers = append(e.services[dep].callers, i)
		}
	}
	if p.Storm {
		e.share(0.3, d)
	}
	return e
}

type builder struct {
	*estate
	d      dice
	teams  []string
	styles map[string]style
	family int
	apis   []int // what other families may call
	hubIDs []int
}

func (b *builder) add(name, family, team, class string, layer int, deps ...int) int {
	id := len(b.services)
	s := &service{name: name, family: family, team: team, class: class, layer: layer}
	s.style = b.styles[team]
	if b.d.chance(0.15) { // the service somebody else wrote first
		s.style = newStyle(b.d)
	}
	for _, dep := range deps {
		if dep != id && !slices.Contains(s.deps, dep) {
			s.deps = append(s.deps, dep)
		}
	}
	b.byName[name] = id
	b.services = append(b.services, s)
	return id
}

func (b *builder) team() string { return b.teams[b.d.IntN(len(b.teams))] }

func (b *builder) hubs(n int) {
	names := slices.Clone(hubNames)
	b.d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:n] {
		b.hubIDs = append(b.hubIDs, b.add(name, name, "platform", hubClass[name], layerHub))
	}
}

// addFamily builds one family: one to three backing systems, a core service
// and, by chance, an API, a gateway and workers around it.
func (b *builder) addFamily() {
	base := families[b.family%len(families)]
	if b.family >= len(families) {
		base = fmt.Sprintf("%s%d", base, b.family/len(families)+1)
	}
	team := b.team()
	var data []int
	for range b.d.between(1, 2) {
		k := backings[b.d.IntN(len(backings))]
		name := base + "-" + k.suffix
		if _, taken := b.byName[name]; taken {
			continue
		}
		id := b.add(name, base, team, k.class, layerData)
		b.services[id].exporter, b.services[id].port = k.exporter, k.port
		data = append(data, id)
	}
	core := b.add(base, base, team, runtimes[b.d.IntN(len(runtimes))], layerApp, append(data, b.outside()...)...)
	top := core
	if b.d.chance(0.7) {
		top = b.add(base+"-api", base, team, b.services[core].class, layerApp, append([]int{core}, b.outside()...)...)
	}
	if b.d.chance(0.35) {
		top = b.add(b.services[top].name+"-gateway", base, team, "proxy", layerGate, append([]int{top}, b.hub()...)...)
	}
	if b.d.chance(0.4) {
		b.add(base+"-worker", base, team, b.services[core].class, layerApp, append([]int{data[0], core}, b.hub()...)...)
	}
	b.apis = append(b.apis, top)
}

// outside draws what a service needs besides its own family.
func (b *builder) outside() []int {
	out := b.hub()
	for range b.d.between(0, 2) {
		if len(b.apis) > 0 {
			out = append(out, b.apis[b.d.IntN(len(b.apis))])
		}
	}
	return out
}

func (b *builder) hub() []int {
	var out []int
	for i, h := range b.hubIDs {
		if b.d.chance(0.35 / float64(i+1)) {
			out = append(out, h)
		}
	}
	return out
}

func (b *builder) fronts(n int) {
	for _, name := range frontNames[:n] {
		var deps []int
		for range b.d.between(3, 7) {
			deps = append(deps, b.apis[b.d.IntN(len(b.apis))])
		}
		b.add(name, name, b.team(), "http", layerFront, append(deps, b.hub()...)...)
	}
}

// machines places two to six instances of every service on hosts that they
// share with others, in two regions.
func (b *builder) machines() {
	for i, s := range b.services {
		n := b.d.between(2, 6)
		if s.layer == layerData || s.layer == layerHub {
			n = b.d.between(1, 3)
		}
		for k := range n {
			in := &instance{service: i, name: podName(b.d, s.name, s.layer >= layerHub, k)}
			s.instances = append(s.instances, len(b.instances))
			b.instances = append(b.instances, in)
		}
	}
	for i := range max(3, len(b.instances)/7) {
		region := regions[i%len(regions)]
		b.hosts = append(b.hosts, &host{region: region, name: fmt.Sprintf("ip-10-%d-%d-%d.%s", i%2, b.d.IntN(250), i%250, region)})
		if b.d.chance(0.5) {
			b.hosts[i].name = fmt.Sprintf("node-%02d.%s.example.com", i, region)
		}
	}
	for i, in := range b.instances {
		in.host = b.d.IntN(len(b.hosts))
		b.hosts[in.host].instances = append(b.hosts[in.host].instances, i)
		port := b.services[in.service].port
		if port == "" {
			port = "8080"
		}
		in.addr = fmt.Sprintf("10.%d.%d.%d:%s", 64+i/62500, i/250%250, i%250+1, port)
	}
}
