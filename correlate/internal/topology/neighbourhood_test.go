package topology

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"pinkstar/correlate/rules"
)

// A service that thousands call costs no more to look around than what is kept of
// it, and nothing else is found for that.
func TestLookingAroundHubsIsBounded(t *testing.T) {
	const services = 4000
	r := rand.New(rand.NewPCG(1, 2))
	name := func(i int) string { return fmt.Sprintf("%c%04d-svc", 'a'+i%26, i) }
	src := &rules.Topology{Services: map[string]*rules.Service{}}
	for i := range services {
		s := &rules.Service{}
		if i > 3 {
			s.DependsOn = append(s.DependsOn, name(r.IntN(4))) // one of four hubs
		}
		for range r.IntN(3) {
			s.DependsOn = append(s.DependsOn, name(r.IntN(services)))
		}
		src.Services[name(i)] = s
	}
	src.Services["everything"] = &rules.Service{DependsOn: slices.Sorted(maps.Keys(src.Services))}
	c := rules.Default().Correlation
	c.HubDegree = 0
	g := New(src, &c)
	for range 100 {
		i := int32(r.IntN(len(g.Nodes)))
		g.Looked = 0
		got, want := g.explore(i), g.exploreAll(i)
		if !slices.Equal(got.Order, want.Order) || !maps.Equal(got.Of, want.Of) {
			t.Fatalf("around %s: %d services, want %d", g.Nodes[i].Name, len(got.Order), len(want.Order))
		}
		if limit := int64(40 * neighbourhoodCap); g.Looked > limit {
			t.Errorf("around %s %d edges were looked at", g.Nodes[i].Name, g.Looked)
		}
	}
}

// exploreAll looks at every edge.
func (t *Graph) exploreAll(i int32) *Neighbourhood {
	v := &Neighbourhood{Of: map[int32]Relation{}}
	for _, w := range []struct {
		next func(*node) []int32
		set  func(*Relation, uint8)
	}{
		{func(n *node) []int32 { return n.deps.list }, func(r *Relation, d uint8) { r.Up = d }},
		{func(n *node) []int32 { return n.callers.list }, func(r *Relation, d uint8) { r.Down = d }},
	} {
		seen, level := map[int32]bool{i: true}, []int32{i}
		for d := 1; d <= t.hops; d++ {
			var below []int32
			for _, at := range level {
				for _, n := range w.next(&t.Nodes[at]) {
					if seen[n] {
						continue
					}
					seen[n] = true
					if v.add(n, func(r *Relation) { w.set(r, uint8(d)) }) {
						below = append(below, n)
					}
				}
			}
			level = below
		}
	}
	beside := func(back []int32, set func(*Relation)) {
		for _, c := range back {
			if c != i {
				v.add(c, set)
			}
		}
	}
	for _, d := range t.Nodes[i].deps.list {
		beside(t.Nodes[d].callers.list, func(r *Relation) { r.Shared = true })
	}
	for _, d := range t.Nodes[i].callers.list {
		beside(t.Nodes[d].deps.list, func(r *Relation) { r.Caller = true })
	}
	for _, c := range t.Family(t.Nodes[i].Name) {
		if c != i {
			v.add(c, func(r *Relation) { r.Alike = true })
		}
	}
	return v
}
