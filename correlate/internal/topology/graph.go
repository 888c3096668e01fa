package topology

import (
	"maps"
	"slices"
	"strings"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// LookupNonEmpty is Lookup, which finds nothing for no name.
func (t *Graph) LookupNonEmpty(name string) int32 {
	if name == "" {
		return -1
	}
	return t.Lookup(name)
}

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
}

type node struct {
	Name     string
	Service  *rules.Service
	deps     []int32  // what it calls
	callers  []int32  // what calls it
	Machines []string // hosts it runs on, and instances it shares
	hub      bool
	near     *Neighbourhood // computed on first use
}

// Relation says how a service (X) stands to another one (Y).
type Relation struct {
	Up     uint8 // hops from X to Y along depends_on: Y is upstream, a cause
	Down   uint8 // hops from Y to X: Y is downstream, an effect
	Shared bool  // both depend on something in common, directly
	Caller bool  // something depends on both, directly
	Alike  bool  // their names begin with the same word
}

// Neighbourhood is what is near a service: for each node the relation, and the
// nodes in a fixed order.
type Neighbourhood struct {
	Of    map[int32]Relation
	Order []int32
}

// lookupsCap bounds how many names are kept that were looked up.
const lookupsCap = 1 << 16

// neighbourhoodCap bounds the neighbourhood of one service.
const neighbourhoodCap = 512

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
		n.hub = c.HubDegree > 0 && len(n.deps)+len(n.callers) > c.HubDegree
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
		if !ok || d == i || slices.Contains(t.Nodes[i].deps, d) {
			continue
		}
		t.Nodes[i].deps = append(t.Nodes[i].deps, d)
		t.Nodes[d].callers = append(t.Nodes[d].callers, i)
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

// firstPart is a machine's name without its domain.
func firstPart(name string) string {
	short, _, _ := strings.Cut(name, ".")
	return short
}

// Machine is the name the topology has for a machine, with a domain or without,
// or else name itself.
func (t *Graph) Machine(name string) string {
	if _, ok := t.Hosts[name]; !ok && len(t.Hosts) > 0 {
		short := firstPart(name)
		if full := t.shortened[short]; full != "" && (full == short || name == short) { // not one of another domain
			return full
		}
	}
	return name
}

// IsMachine reports whether the topology knows a machine of this name.
func (t *Graph) IsMachine(name string) bool {
	_, ok := t.Hosts[t.Machine(name)]
	return ok || len(t.Instances[name]) > 1
}

// ServicesOn lists the services that run on a machine, which the topology names
// as a host or as an instance of several.
func (t *Graph) ServicesOn(name string) []int32 {
	if on := t.Hosts[name]; len(on) > 0 {
		return on
	}
	if on := t.Instances[name]; len(on) > 1 {
		return on
	}
	return nil
}

// Fold makes the spellings of one name equal: lower case, and '_', '.' and
// spaces become '-'.
func Fold(s string) string { return string(appendFolded(nil, s)) }

func appendFolded(b []byte, s string) []byte {
	for i := range len(s) {
		c := s[i]
		switch {
		case c == '_' || c == '.' || c == ' ' || c == '/':
			c = '-'
		case c >= 'A' && c <= 'Z':
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return b
}

// Folded returns the node of a declared name or alias, however it is written,
// or -1.
func (t *Graph) Folded(name string) int32 {
	var room [64]byte
	if n, ok := t.ByFolded[string(appendFolded(room[:0], name))]; ok {
		return n
	}
	return -1
}

// Exact returns the node of a declared name or alias, or -1.
func (t *Graph) Exact(name string) int32 {
	if n, ok := t.byName[name]; ok {
		return n
	}
	return -1
}

// Lookup returns the node that name most likely means, or -1: exactly, folded,
// and for host-like names the first part.
func (t *Graph) Lookup(name string) int32 {
	if n, ok := t.byName[name]; ok {
		return n
	}
	if n, ok := t.lookups[name]; ok {
		return n
	}
	n := t.search(name)
	if len(t.lookups) >= lookupsCap {
		clear(t.lookups)
	}
	t.lookups[name] = n
	return n
}

func (t *Graph) search(name string) int32 {
	if _, rest, ok := strings.Cut(name, "://"); ok { // https://name.example.com/healthz
		rest, _, _ = strings.Cut(rest, "/")
		if name = schemas.StripPort(rest); name == "" {
			return -1
		}
	}
	if n, ok := t.ByFolded[Fold(name)]; ok {
		return n
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 && i+1 < len(name) { // namespace/name
		if n, ok := t.ByFolded[Fold(name[i+1:])]; ok {
			return n
		}
	}
	if i := strings.IndexByte(name, '.'); i > 0 { // name.namespace.svc.cluster.local
		if n, ok := t.ByFolded[Fold(name[:i])]; ok {
			return n
		}
	}
	return -1
}

// OfPod returns the service whose name is the longest prefix of a pod-like
// name on a '-' boundary, or of a name with a number at its end; -1 if none.
func (t *Graph) OfPod(name string) int32 {
	key := "pod\x00" + name
	if n, ok := t.lookups[key]; ok {
		return n
	}
	n := int32(-1)
	f := Fold(name)
	for p := f; p != "" && n < 0; {
		if i, ok := t.ByFolded[p]; ok {
			n = i
			break
		}
		if trimmed := strings.TrimRight(p, "0123456789"); trimmed != p {
			if i, ok := t.ByFolded[strings.TrimSuffix(trimmed, "-")]; ok && trimmed != "" {
				n = i
				break
			}
		}
		i := strings.LastIndexByte(p, '-')
		if i < 0 {
			break
		}
		p = p[:i]
	}
	if len(t.lookups) >= lookupsCap {
		clear(t.lookups)
	}
	t.lookups[key] = n
	return n
}

// Near returns what is near node i.
func (t *Graph) Near(i int32) *Neighbourhood {
	n := &t.Nodes[i]
	if n.near == nil {
		n.near = t.explore(i)
	}
	return n.near
}

// explore walks from i upstream and downstream. A hub is reached but not
// passed, and gives nothing to strangers; neither does it from itself.
func (t *Graph) explore(i int32) *Neighbourhood {
	v := &Neighbourhood{Of: map[int32]Relation{}}
	if t.Nodes[i].hub {
		return v
	}
	t.walk(i, v, func(n *node) []int32 { return n.deps }, func(r *Relation, d uint8) { r.Up = d })
	t.walk(i, v, func(n *node) []int32 { return n.callers }, func(r *Relation, d uint8) { r.Down = d })
	if t.hops >= 2 {
		for _, d := range t.Nodes[i].deps {
			if t.Nodes[d].hub {
				continue
			}
			for _, c := range t.Nodes[d].callers {
				if c != i && !t.Nodes[c].hub {
					v.add(c, func(r *Relation) { r.Shared = true })
				}
			}
		}
		for _, d := range t.Nodes[i].callers {
			if t.Nodes[d].hub {
				continue
			}
			for _, c := range t.Nodes[d].deps {
				if c != i && !t.Nodes[c].hub {
					v.add(c, func(r *Relation) { r.Caller = true })
				}
			}
		}
	}
	for _, c := range t.Family(t.Nodes[i].Name) {
		if c != i && !t.Nodes[c].hub {
			v.add(c, func(r *Relation) { r.Alike = true })
		}
	}
	return v
}

// Teams name the parts of one system after it: payment, payment-db,
// payment-api. A word that many names begin with is a company's, not a
// system's.
const (
	familySize = 8
	MinWord    = 3
)

// Family lists the services whose names begin with the first word of name.
func (t *Graph) Family(name string) []int32 {
	if fam := t.Families[firstWord(name)]; len(fam) <= familySize {
		return fam
	}
	return nil
}

// firstWord is the first word of a service's name, without a number.
func firstWord(name string) string {
	f := Fold(name)
	if i := strings.IndexByte(f, '-'); i > 0 {
		f = f[:i]
	}
	return strings.TrimRight(f, "0123456789")
}

func (v *Neighbourhood) add(n int32, set func(*Relation)) bool {
	r, ok := v.Of[n]
	if !ok {
		if len(v.Order) >= neighbourhoodCap {
			return false
		}
		v.Order = append(v.Order, n)
	}
	set(&r)
	v.Of[n] = r
	return true
}

func (t *Graph) walk(from int32, v *Neighbourhood, next func(*node) []int32, set func(*Relation, uint8)) {
	seen := map[int32]bool{from: true}
	level := []int32{from}
	for d := 1; d <= t.hops; d++ {
		var below []int32
		for _, at := range level {
			for _, n := range next(&t.Nodes[at]) {
				if seen[n] {
					continue
				}
				seen[n] = true
				if t.Nodes[n].hub {
					continue
				}
				if v.add(n, func(r *Relation) { set(r, uint8(d)) }) {
					below = append(below, n)
				}
			}
		}
		level = below
	}
}
