package topology

import (
	"maps"
	"slices"

	"pinkstar/correlate/rules"
)

// Graph is the declared topology with numbers instead of names.
type Graph struct {
	Source    *rules.Topology
	Nodes     []node
	byName    map[string]int32   // services and aliases
	ByFolded  map[string]int32   // the same, folded
	Instances map[string][]int32 // services an instance belongs to
	Hosts     map[string][]int32 // services that run on a host
	shortened map[string]string  // hosts by the first part of their names; "" for several
	Families  map[string][]int32 // services by the first word of their names
	hops      int
	hubDegree int
	Priced    bool // some service has a revenue

	lookups map[string]int32 // cache of fuzzy names; -1 for unknown

	Looked int64 // edges looked at so far: what work there was, whatever the machine
}

// edges lead to nodes, in a fixed order.
type edges struct {
	list   []int32
	sorted []int32 // the same, of many
}

// manyEdges are worth a sorted list.
const manyEdges = neighbourhoodCap

func (e *edges) sort() {
	if len(e.list) > manyEdges {
		e.sorted = slices.Sorted(slices.Values(e.list))
	}
}

func (e *edges) has(n int32) bool {
	if e.sorted == nil {
		return slices.Contains(e.list, n)
	}
	_, there := slices.BinarySearch(e.sorted, n)
	return there
}

type node struct {
	Name     string
	Service  *rules.Service
	deps     edges    // what it calls
	callers  edges    // what calls it
	Machines []string // hosts it runs on, and instances it shares
	hub      bool
	part     int32          // of the topology: what dependencies connect shares the lowest number
	near     *Neighbourhood // computed on first use
}

// New makes the graph of a topology.
func New(src *rules.Topology, c *rules.Correlation) *Graph {
	t := &Graph{
		Source:    src,
		byName:    map[string]int32{},
		ByFolded:  map[string]int32{},
		Instances: map[string][]int32{},
		Hosts:     map[string][]int32{},
		shortened: map[string]string{},
		hops:      c.Hops,
		hubDegree: c.HubDegree,
		lookups:   map[string]int32{},
		Families:  map[string][]int32{},
	}
	names := slices.Sorted(maps.Keys(src.Services))
	t.Nodes = make([]node, len(names))
	for i, n := range names {
		t.Nodes[i] = node{Name: n, Service: src.Services[n]}
		t.Priced = t.Priced || src.Services[n].RevenuePerMinute > 0
		t.byName[n] = int32(i)
	}
	for i := range t.Nodes {
		if w := firstWord(t.Nodes[i].Name); len(w) >= MinWord {
			t.Families[w] = append(t.Families[w], int32(i))
		}
		t.addNames(int32(i))
		t.addEdges(int32(i))
		t.addPlaces(int32(i))
	}
	for i := range t.Nodes {
		n := &t.Nodes[i]
		n.Machines = append(n.Machines, n.Service.Hosts...)
		for _, name := range n.Service.Instances {
			if len(t.Instances[name]) > 1 {
				n.Machines = append(n.Machines, name)
			}
		}
		t.addPart(int32(i))
		n.deps.sort()
		n.callers.sort()
		n.hub = c.HubDegree > 0 && len(n.deps.list)+len(n.callers.list) > c.HubDegree
	}
	return t
}

func (t *Graph) addNames(i int32) {
	n := &t.Nodes[i]
	fold := Fold(n.Name)
	if _, taken := t.ByFolded[fold]; !taken {
		t.ByFolded[fold] = i
	}
	for _, a := range n.Service.Aliases {
		if _, taken := t.byName[a]; !taken {
			t.byName[a] = i
		}
		if _, taken := t.ByFolded[Fold(a)]; !taken {
			t.ByFolded[Fold(a)] = i
		}
	}
}

func (t *Graph) addEdges(i int32) {
	for _, dep := range t.Nodes[i].Service.DependsOn {
		d, ok := t.byName[dep]
		if !ok || d == i || slices.Contains(t.Nodes[i].deps.list, d) {
			continue
		}
		t.Nodes[i].deps.list = append(t.Nodes[i].deps.list, d)
		t.Nodes[d].callers.list = append(t.Nodes[d].callers.list, i)
	}
}

func (t *Graph) addPlaces(i int32) {
	add := func(m map[string][]int32, name string) {
		if !slices.Contains(m[name], i) {
			m[name] = append(m[name], i)
		}
	}
	for _, name := range t.Nodes[i].Service.Instances {
		add(t.Instances, name)
	}
	for _, name := range t.Nodes[i].Service.Hosts {
		add(t.Hosts, name)
		short := firstPart(name)
		if other, taken := t.shortened[short]; taken && other != name {
			name = ""
		}
		t.shortened[short] = name
	}
}

// addPart numbers the part of the topology that i lies in, if that is not done.
func (t *Graph) addPart(i int32) {
	if t.Nodes[i].part != 0 {
		return
	}
	t.Nodes[i].part = i + 1
	for todo := []int32{i}; len(todo) > 0; {
		n := &t.Nodes[todo[len(todo)-1]]
		todo = todo[:len(todo)-1]
		for _, list := range [][]int32{n.deps.list, n.callers.list} {
			for _, j := range list {
				if t.Nodes[j].part == 0 {
					t.Nodes[j].part = i + 1
					todo = append(todo, j)
				}
			}
		}
	}
}

// Connected reports whether dependencies, of whatever length and direction,
// connect two services.
func (t *Graph) Connected(a, b int32) bool { return t.Nodes[a].part == t.Nodes[b].part }

// Lone reports whether a service declares no dependency and nobody declares one
// on it: then nothing is known of what it is connected with.
func (t *Graph) Lone(x int32) bool {
	return len(t.Nodes[x].deps.list)+len(t.Nodes[x].callers.list) == 0
}
