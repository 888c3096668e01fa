package correlate

import (
	"maps"
	"slices"
	"strings"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// topology is the declared topology with numbers instead of names.
type topology struct {
	src       *rules.Topology
	nodes     []node
	byName    map[string]int32   // services and aliases
	byFolded  map[string]int32   // the same, folded
	instances map[string][]int32 // services an instance belongs to
	hosts     map[string][]int32 // services that run on a host
	shortened map[string]string  // hosts by the first part of their names; "" for several
	families  map[string][]int32 // services by the first word of their names
	hops      int
	hubDegree int
	priced    bool // some service has a revenue

	lookups map[string]int32 // cache of fuzzy names; -1 for unknown
}

type node struct {
	name     string
	svc      *rules.Service
	deps     []int32  // what it calls
	callers  []int32  // what calls it
	machines []string // hosts it runs on, and instances it shares
	hub      bool
	near     *vicinity // computed on first use
}

// relation says how a service (X) stands to another one (Y).
type relation struct {
	up     uint8 // hops from X to Y along depends_on: Y is upstream, a cause
	down   uint8 // hops from Y to X: Y is downstream, an effect
	shared bool  // both depend on something in common, directly
	caller bool  // something depends on both, directly
	alike  bool  // their names begin with the same word
}

// vicinity is what is near a service: for each node the relation, and the
// nodes in a fixed order.
type vicinity struct {
	of    map[int32]relation
	order []int32
}

// lookupsCap bounds how many names are kept that were looked up.
const lookupsCap = 1 << 16

// vicinityCap bounds the neighbourhood of one service.
const vicinityCap = 512

func newTopology(src *rules.Topology, c *rules.Correlation) *topology {
	t := &topology{
		src:       src,
		byName:    map[string]int32{},
		byFolded:  map[string]int32{},
		instances: map[string][]int32{},
		hosts:     map[string][]int32{},
		shortened: map[string]string{},
		hops:      c.Hops,
		hubDegree: c.HubDegree,
		lookups:   map[string]int32{},
		families:  map[string][]int32{},
	}
	names := slices.Sorted(maps.Keys(src.Services))
	t.nodes = make([]node, len(names))
	for i, n := range names {
		t.nodes[i] = node{name: n, svc: src.Services[n]}
		t.priced = t.priced || src.Services[n].RevenuePerMinute > 0
		t.byName[n] = int32(i)
	}
	for i := range t.nodes {
		if w := firstWord(t.nodes[i].name); len(w) >= minWord {
			t.families[w] = append(t.families[w], int32(i))
		}
		t.addNames(int32(i))
		t.addEdges(int32(i))
		t.addPlaces(int32(i))
	}
	for i := range t.nodes {
		n := &t.nodes[i]
		n.machines = append(n.machines, n.svc.Hosts...)
		for _, name := range n.svc.Instances {
			if len(t.instances[name]) > 1 {
				n.machines = append(n.machines, name)
			}
		}
		n.hub = c.HubDegree > 0 && len(n.deps)+len(n.callers) > c.HubDegree
	}
	return t
}

func (t *topology) addNames(i int32) {
	n := &t.nodes[i]
	fold := foldName(n.name)
	if _, taken := t.byFolded[fold]; !taken {
		t.byFolded[fold] = i
	}
	for _, a := range n.svc.Aliases {
		if _, taken := t.byName[a]; !taken {
			t.byName[a] = i
		}
		if _, taken := t.byFolded[foldName(a)]; !taken {
			t.byFolded[foldName(a)] = i
		}
	}
}

func (t *topology) addEdges(i int32) {
	for _, dep := range t.nodes[i].svc.DependsOn {
		d, ok := t.byName[dep]
		if !ok || d == i || slices.Contains(t.nodes[i].deps, d) {
			continue
		}
		t.nodes[i].deps = append(t.nodes[i].deps, d)
		t.nodes[d].callers = append(t.nodes[d].callers, i)
	}
}

func (t *topology) addPlaces(i int32) {
	add := func(m map[string][]int32, name string) {
		if !slices.Contains(m[name], i) {
			m[name] = append(m[name], i)
		}
	}
	for _, name := range t.nodes[i].svc.Instances {
		add(t.instances, name)
	}
	for _, name := range t.nodes[i].svc.Hosts {
		add(t.hosts, name)
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

// machine is the name the topology has for a machine, with a domain or without,
// or else name itself.
func (t *topology) machine(name string) string {
	if _, ok := t.hosts[name]; !ok && len(t.hosts) > 0 {
		short := firstPart(name)
		if full := t.shortened[short]; full != "" && (full == short || name == short) { // not one of another domain
			return full
		}
	}
	return name
}

// isMachine reports whether the topology knows a machine of this name.
func (t *topology) isMachine(name string) bool {
	_, ok := t.hosts[t.machine(name)]
	return ok || len(t.instances[name]) > 1
}

// servicesOn lists the services that run on a machine, which the topology names
// as a host or as an instance of several.
func (t *topology) servicesOn(name string) []int32 {
	if on := t.hosts[name]; len(on) > 0 {
		return on
	}
	if on := t.instances[name]; len(on) > 1 {
		return on
	}
	return nil
}

// foldName makes the spellings of one name equal: lower case, and '_', '.' and
// spaces become '-'.
func foldName(s string) string { return string(appendFolded(nil, s)) }

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

// folded returns the node of a declared name or alias, however it is written,
// or -1.
func (t *topology) folded(name string) int32 {
	var room [64]byte
	if n, ok := t.byFolded[string(appendFolded(room[:0], name))]; ok {
		return n
	}
	return -1
}

// exact returns the node of a declared name or alias, or -1.
func (t *topology) exact(name string) int32 {
	if n, ok := t.byName[name]; ok {
		return n
	}
	return -1
}

// lookup returns the node that name most likely means, or -1: exactly, folded,
// and for host-like names the first part.
func (t *topology) lookup(name string) int32 {
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

func (t *topology) search(name string) int32 {
	if _, rest, ok := strings.Cut(name, "://"); ok { // https://name.example.com/healthz
		rest, _, _ = strings.Cut(rest, "/")
		if name = schemas.StripPort(rest); name == "" {
			return -1
		}
	}
	if n, ok := t.byFolded[foldName(name)]; ok {
		return n
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 && i+1 < len(name) { // namespace/name
		if n, ok := t.byFolded[foldName(name[i+1:])]; ok {
			return n
		}
	}
	if i := strings.IndexByte(name, '.'); i > 0 { // name.namespace.svc.cluster.local
		if n, ok := t.byFolded[foldName(name[:i])]; ok {
			return n
		}
	}
	return -1
}

// ofPod returns the service whose name is the longest prefix of a pod-like
// name on a '-' boundary, or of a name with a number at its end; -1 if none.
func (t *topology) ofPod(name string) int32 {
	key := "pod\x00" + name
	if n, ok := t.lookups[key]; ok {
		return n
	}
	n := int32(-1)
	f := foldName(name)
	for p := f; p != "" && n < 0; {
		if i, ok := t.byFolded[p]; ok {
			n = i
			break
		}
		if trimmed := strings.TrimRight(p, "0123456789"); trimmed != p {
			if i, ok := t.byFolded[strings.TrimSuffix(trimmed, "-")]; ok && trimmed != "" {
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

// near returns what is near node i.
func (t *topology) near(i int32) *vicinity {
	n := &t.nodes[i]
	if n.near == nil {
		n.near = t.explore(i)
	}
	return n.near
}

// explore walks from i upstream and downstream. A hub is reached but not
// passed, and gives nothing to strangers; neither does it from itself.
func (t *topology) explore(i int32) *vicinity {
	v := &vicinity{of: map[int32]relation{}}
	if t.nodes[i].hub {
		return v
	}
	t.walk(i, v, func(n *node) []int32 { return n.deps }, func(r *relation, d uint8) { r.up = d })
	t.walk(i, v, func(n *node) []int32 { return n.callers }, func(r *relation, d uint8) { r.down = d })
	if t.hops >= 2 {
		for _, d := range t.nodes[i].deps {
			if t.nodes[d].hub {
				continue
			}
			for _, c := range t.nodes[d].callers {
				if c != i && !t.nodes[c].hub {
					v.add(c, func(r *relation) { r.shared = true })
				}
			}
		}
		for _, d := range t.nodes[i].callers {
			if t.nodes[d].hub {
				continue
			}
			for _, c := range t.nodes[d].deps {
				if c != i && !t.nodes[c].hub {
					v.add(c, func(r *relation) { r.caller = true })
				}
			}
		}
	}
	for _, c := range t.family(t.nodes[i].name) {
		if c != i && !t.nodes[c].hub {
			v.add(c, func(r *relation) { r.alike = true })
		}
	}
	return v
}

// Teams name the parts of one system after it: payment, payment-db,
// payment-api. A word that many names begin with is a company's, not a
// system's.
const (
	familySize = 8
	minWord    = 3
)

// family lists the services whose names begin with the first word of name.
func (t *topology) family(name string) []int32 {
	if fam := t.families[firstWord(name)]; len(fam) <= familySize {
		return fam
	}
	return nil
}

// firstWord is the first word of a service's name, without a number.
func firstWord(name string) string {
	f := foldName(name)
	if i := strings.IndexByte(f, '-'); i > 0 {
		f = f[:i]
	}
	return strings.TrimRight(f, "0123456789")
}

func (v *vicinity) add(n int32, set func(*relation)) bool {
	r, ok := v.of[n]
	if !ok {
		if len(v.order) >= vicinityCap {
			return false
		}
		v.order = append(v.order, n)
	}
	set(&r)
	v.of[n] = r
	return true
}

func (t *topology) walk(from int32, v *vicinity, next func(*node) []int32, set func(*relation, uint8)) {
	seen := map[int32]bool{from: true}
	level := []int32{from}
	for d := 1; d <= t.hops; d++ {
		var below []int32
		for _, at := range level {
			for _, n := range next(&t.nodes[at]) {
				if seen[n] {
					continue
				}
				seen[n] = true
				if t.nodes[n].hub {
					continue
				}
				if v.add(n, func(r *relation) { set(r, uint8(d)) }) {
					below = append(below, n)
				}
			}
		}
		level = below
	}
}
