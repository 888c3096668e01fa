package topology

import "strings"

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

// neighbourhoodCap bounds the neighbourhood of one service.
const neighbourhoodCap = 512

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
	calls, calledBy := func(n *node) *edges { return &n.deps }, func(n *node) *edges { return &n.callers }
	t.walk(i, v, calls, func(r *Relation, d uint8) { r.Up = d })
	t.walk(i, v, calledBy, func(r *Relation, d uint8) { r.Down = d })
	if t.hops >= 2 {
		t.siblings(i, v, calls, calledBy, func(r *Relation) { r.Shared = true })
		t.siblings(i, v, calledBy, calls, func(r *Relation) { r.Caller = true })
	}
	for _, c := range t.Family(t.Nodes[i].Name) {
		if c != i && !t.Nodes[c].hub {
			v.add(c, func(r *Relation) { r.Alike = true })
		}
	}
	return v
}

// siblings adds what is reached from i by one step and one step back.
func (t *Graph) siblings(i int32, v *Neighbourhood, step, back func(*node) *edges, set func(*Relation)) {
	for _, d := range step(&t.Nodes[i]).list {
		if t.Nodes[d].hub {
			continue
		}
		t.each(v, back(&t.Nodes[d]), func(c int32) {
			if c != i && !t.Nodes[c].hub {
				v.add(c, set)
			}
		})
	}
}

// each calls f with what edges lead to, as far as it matters to v: once that is
// full, only what is in it already. So a service that thousands call costs no
// more than the neighbourhood holds.
func (t *Graph) each(v *Neighbourhood, e *edges, f func(int32)) {
	for k, n := range e.list {
		if len(v.Order) < neighbourhoodCap || len(e.list)-k <= neighbourhoodCap {
			t.Looked++
			f(n)
			continue
		}
		for _, n := range v.Order {
			t.Looked++
			if e.has(n) {
				f(n)
			}
		}
		return
	}
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

func (t *Graph) walk(from int32, v *Neighbourhood, next func(*node) *edges, set func(*Relation, uint8)) {
	seen := map[int32]bool{from: true}
	level := []int32{from}
	for d := 1; d <= t.hops; d++ {
		var below []int32
		for _, at := range level {
			t.each(v, next(&t.Nodes[at]), func(n int32) {
				if seen[n] || t.Nodes[n].hub {
					return
				}
				seen[n] = true
				if v.add(n, func(r *Relation) { set(r, uint8(d)) }) {
					below = append(below, n)
				}
			})
		}
		level = below
	}
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
