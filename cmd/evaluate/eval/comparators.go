package eval

import (
	"fmt"
	"slices"
	"strings"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

// Comparators returns what we are measured against, as published: nothing of
// ours was used to improve them, and none looks at the truth but the oracle.
func Comparators() []Assigner {
	return []Assigner{
		Singleton{}, Tumbling{5 * schemas.Minute}, Session{60 * schemas.Second}, Session{5 * schemas.Minute},
		GroupBy{Window: 5 * schemas.Minute}, ALEC{}, TopologyUnion{}, Text{}, &Oracle{},
	}
}

// Everything returns the engine and all it is compared with.
func Everything() []Assigner { return append([]Assigner{Engine{}}, Comparators()...) }

// entry is a judged signal as a comparator sees it.
type entry struct {
	i       int // index in the stream
	arrived schemas.Time
	started schemas.Time
	scope   string
	node    int // in the graph, -1 when it names nothing
	s       *schemas.Signal
}

func entries(g *graph, signals []sim.Labelled) []entry {
	var out []entry
	for i := range signals {
		l := &signals[i]
		if !l.Scored() {
			continue
		}
		e := entry{i: i, arrived: l.ReceivedAt, started: l.StartsAt, scope: l.Scope, node: -1, s: &l.Signal}
		if g != nil {
			e.node = g.resolve(&l.Signal)
		}
		out = append(out, e)
	}
	return out
}

// Singleton leaves every signal alone.
type Singleton struct{}

// Name implements Assigner.
func (Singleton) Name() string { return "singleton" }

// Assign implements Assigner.
func (Singleton) Assign(_ []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	out := make([]string, len(signals))
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out, nil, nil
}

// Tumbling cuts the arrival time into windows of equal length.
type Tumbling struct{ Width int64 }

// Name implements Assigner.
func (t Tumbling) Name() string { return fmt.Sprintf("tumbling %ds", t.Width/1000) }

// Assign implements Assigner.
func (t Tumbling) Assign(_ []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	out := make([]string, len(signals))
	for _, e := range entries(nil, signals) {
		out[e.i] = fmt.Sprint(e.scope, "/", int64(e.arrived)/t.Width)
	}
	return out, nil, nil
}

// Session ends a group when nothing arrived for as long as Gap.
type Session struct{ Gap int64 }

// Name implements Assigner.
func (s Session) Name() string { return fmt.Sprintf("session %ds", s.Gap/1000) }

// Assign implements Assigner.
func (s Session) Assign(_ []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	out := make([]string, len(signals))
	last, n := map[string]schemas.Time{}, map[string]int{}
	for _, e := range entries(nil, signals) {
		if e.arrived.Sub(last[e.scope]) > s.Gap {
			n[e.scope]++
		}
		last[e.scope] = e.arrived
		out[e.i] = fmt.Sprint(e.scope, "/", n[e.scope])
	}
	return out, nil, nil
}

// GroupBy is Alertmanager grouping by service: one group per value of the
// label, kept until Window after its last new alert. An alert without the
// label falls into the group of the empty value, as Alertmanager does it.
type GroupBy struct{ Window int64 }

// Name implements Assigner.
func (g GroupBy) Name() string {
	return fmt.Sprintf("alertmanager group_by service, %ds", g.Window/1000)
}

// Assign implements Assigner.
func (g GroupBy) Assign(_ []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	out := make([]string, len(signals))
	last, n := map[string]schemas.Time{}, map[string]int{}
	for _, e := range entries(nil, signals) {
		key := e.scope + "/" + e.s.Service
		if e.s.Service == "" && e.s.Source == sourceMicroSS {
			key += strings.TrimRight(e.s.Instance, "0123456789")
		}
		if e.arrived.Sub(last[key]) > g.Window {
			n[key]++
		}
		last[key] = e.arrived
		out[e.i] = fmt.Sprint(key, "/", n[key])
	}
	return out, nil, nil
}

// ALEC is OpenNMS ALEC's clustering with its defaults: DBSCAN with minPts 1
// (single linkage) over d = alpha * (beta*minutes + (1-beta)*hops) and epsilon
// 100. Same node up to 75 s apart, one hop up to 26 s, two hops never.
type ALEC struct{}

const (
	alecAlpha   = 144.47
	alecBeta    = 0.55257
	alecEpsilon = 100.0
)

// Name implements Assigner.
func (ALEC) Name() string { return "alec dbscan" }

// Assign implements Assigner.
func (ALEC) Assign(topology []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	g, err := parseGraph(topology)
	if err != nil {
		return nil, nil, err
	}
	return linked(g, signals, 76*schemas.Second, 0, func(a, b *entry) bool {
		h := 0
		if a.node != b.node {
			if !g.adjacent(a.node, b.node) {
				return false
			}
			h = 1
		}
		minutes := float64(b.started.Sub(a.started)) / float64(schemas.Minute)
		return alecAlpha*(alecBeta*minutes+(1-alecBeta)*float64(h)) <= alecEpsilon
	})
}

// TopologyUnion joins signals within two hops and 60 s, and lets no group last
// longer than ten minutes.
type TopologyUnion struct{}

// Name implements Assigner.
func (TopologyUnion) Name() string { return "topology 2 hops 60s cap 10m" }

// Assign implements Assigner.
func (TopologyUnion) Assign(topology []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	g, err := parseGraph(topology)
	if err != nil {
		return nil, nil, err
	}
	return linked(g, signals, 60*schemas.Second, 10*schemas.Minute, func(a, b *entry) bool {
		return g.within2(a.node, b.node)
	})
}

// Text joins signals whose words overlap by half (Jaccard) within five minutes.
type Text struct{}

// Name implements Assigner.
func (Text) Name() string { return "text similarity" }

// Assign implements Assigner.
func (Text) Assign(_ []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	words := map[int]map[string]bool{}
	bag := func(e *entry) map[string]bool {
		if words[e.i] == nil {
			words[e.i] = wordsOf(e.s.Name + " " + e.s.Summary)
		}
		return words[e.i]
	}
	return linked(nil, signals, 5*schemas.Minute, 0, func(a, b *entry) bool {
		return jaccard(bag(a), bag(b)) >= 0.5
	})
}

func wordsOf(s string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9')
	}) {
		m[w] = true
	}
	return m
}

func jaccard(a, b map[string]bool) float64 {
	n := 0
	for w := range a {
		if b[w] {
			n++
		}
	}
	return ratio(float64(n), len(a)+len(b)-n)
}

// linked is single linkage: it joins every two signals of a scope that began
// within reach and that near accepts, unless the group would last longer than
// limit (0: no limit).
func linked(g *graph, signals []sim.Labelled, reach, limit int64, near func(earlier, later *entry) bool) ([]string, map[string][]string, error) {
	es := entries(g, signals)
	slices.SortStableFunc(es, func(a, b entry) int { return int(a.started - b.started) })
	u := newUnion(len(es))
	for k := range es {
		u.first[k], u.last[k] = es[k].started, es[k].started
	}
	for k := range es {
		for j := k - 1; j >= 0 && es[k].started.Sub(es[j].started) <= reach; j-- {
			if es[j].scope != es[k].scope || u.find(j) == u.find(k) || g != nil && (es[j].node < 0 || es[k].node < 0) {
				continue
			}
			if near(&es[j], &es[k]) {
				u.join(j, k, limit)
			}
		}
	}
	out := make([]string, len(signals))
	for k := range es {
		out[es[k].i] = fmt.Sprint(u.find(k))
	}
	return out, nil, nil
}

// union is a union-find that knows how long each group lasts.
type union struct {
	parent      []int
	first, last []schemas.Time
}

func newUnion(n int) *union {
	u := &union{parent: make([]int, n), first: make([]schemas.Time, n), last: make([]schemas.Time, n)}
	for i := range u.parent {
		u.parent[i] = i
	}
	return u
}

func (u *union) find(i int) int {
	for u.parent[i] != i {
		u.parent[i] = u.parent[u.parent[i]]
		i = u.parent[i]
	}
	return i
}

func (u *union) join(a, b int, limit int64) {
	a, b = u.find(a), u.find(b)
	first, last := min(u.first[a], u.first[b]), max(u.last[a], u.last[b])
	if a == b || limit > 0 && last.Sub(first) > limit {
		return
	}
	u.parent[b] = a
	u.first[a], u.last[a] = first, last
}
