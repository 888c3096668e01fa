package eval

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"pinkstar/schemas"
)

// graph is the topology as the comparators read it: services, hosts that
// several services list, and who depends on whom. Instances are collapsed to
// their service, without which one-hop rules lose most of their recall.
type graph struct {
	names     []string
	byName    map[string]int
	instance  map[string]int // -2: listed by several services
	neighbour []map[int]bool
	deps      []map[int]bool // service -> what it depends on
}

func parseGraph(text []byte) (*graph, error) {
	var file struct {
		Services map[string]struct {
			DependsOn []string `yaml:"depends_on"`
			Instances []string `yaml:"instances"`
			Hosts     []string `yaml:"hosts"`
		} `yaml:"services"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return nil, fmt.Errorf("topology: %w", err)
	}
	g := &graph{byName: map[string]int{}, instance: map[string]int{}}
	for _, name := range sortedKeys(file.Services) {
		g.node(name)
	}
	for _, name := range sortedKeys(file.Services) {
		s := file.Services[name]
		id := g.node(name)
		for _, dep := range s.DependsOn {
			to := g.node(dep)
			g.edge(id, to)
			g.deps[id][to] = true
		}
		for _, in := range s.Instances {
			if old, taken := g.instance[in]; taken && old != id {
				g.instance[in] = -2
				continue
			}
			g.instance[in] = id
		}
	}
	// A host that several services list is a node beside them all.
	for _, name := range sortedKeys(file.Services) {
		for _, in := range file.Services[name].Instances {
			if g.instance[in] == -2 || g.byName["host "+in] > 0 {
				host := g.node("host " + in)
				g.instance[in] = host
				g.edge(host, g.byName[name])
			}
		}
	}
	for _, name := range sortedKeys(file.Services) {
		for _, h := range file.Services[name].Hosts {
			g.edge(g.node("host "+h), g.byName[name])
		}
	}
	return g, nil
}

func (g *graph) node(name string) int {
	if id, ok := g.byName[name]; ok {
		return id
	}
	id := len(g.names)
	g.byName[name] = id
	g.names = append(g.names, name)
	g.neighbour, g.deps = append(g.neighbour, map[int]bool{}), append(g.deps, map[int]bool{})
	return id
}

func (g *graph) edge(a, b int) {
	if a != b {
		g.neighbour[a][b], g.neighbour[b][a] = true, true
	}
}

func (g *graph) adjacent(a, b int) bool { return g.neighbour[a][b] }

func (g *graph) within2(a, b int) bool {
	if a == b || g.neighbour[a][b] {
		return true
	}
	for m := range g.neighbour[a] {
		if g.neighbour[m][b] {
			return true
		}
	}
	return false
}

// resolve finds the node a signal is about: a declared service, a declared
// instance or host, a pod's deployment, or a node of its own.
func (g *graph) resolve(s *schemas.Signal) int {
	if id, ok := g.byName[s.Service]; ok && s.Service != "" {
		return id
	}
	for _, v := range []string{s.Instance, s.Service, s.Host} {
		if id, ok := g.instance[v]; ok && id >= 0 {
			return id
		}
		if id, ok := g.byName[v]; ok && v != "" {
			return id
		}
	}
	for name := s.Instance; strings.Contains(name, "-"); {
		name = name[:strings.LastIndexByte(name, '-')]
		if id, ok := g.byName[name]; ok {
			return id
		}
	}
	for _, v := range []string{s.Instance, s.Host, s.Service} {
		if v != "" {
			return g.node("unknown " + v)
		}
	}
	return -1
}
