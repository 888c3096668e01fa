package schemas

import "iter"

// Newest holds the newest revision of each thing, in the order in which the
// things first came. It never changes what it was given: a revision replaces
// the whole, so what Get returned before stays as it was.
type Newest[T any] struct {
	// Trim, when it is set, takes out of a copy what need not be kept.
	Trim func(*T)

	said     func(*Output) *[]T
	emission func(*T) Emission
	id       func(*T) string
	revision func(*T) int64
	at       map[string]int
	list     []*T // nil where one was dropped
}

// Newest returns an empty store of o's.
func (o *Outcome[T]) Newest() *Newest[T] {
	n := NewestBy(o.ID, o.Revision)
	n.said, n.emission = o.Said, o.Emission
	return n
}

// NewestBy returns an empty store of things that id tells apart. Without a
// revision the one that came last is the newest.
func NewestBy[T any](id func(*T) string, revision func(*T) int64) *Newest[T] {
	return &Newest[T]{id: id, revision: revision, at: map[string]int{}}
}

// Put takes v unless a later revision is there, and returns what was there
// before, or nil.
func (n *Newest[T]) Put(v *T) (old *T, taken bool) {
	id := n.id(v)
	i, ok := n.at[id]
	if !ok {
		n.at[id] = len(n.list)
		n.list = append(n.list, v)
		return nil, true
	}
	if old = n.list[i]; n.revision != nil && n.revision(v) < n.revision(old) {
		return old, false
	}
	n.list[i] = v
	return old, true
}

// Drop forgets a thing.
func (n *Newest[T]) Drop(id string) {
	i, ok := n.at[id]
	if !ok {
		return
	}
	delete(n.at, id)
	n.list[i] = nil
	if len(n.list) > 2*len(n.at)+64 { // mostly holes
		kept := make([]*T, 0, len(n.at))
		for v := range n.All() {
			n.at[n.id(v)] = len(kept)
			kept = append(kept, v)
		}
		n.list = kept
	}
}

// Get returns the newest revision of a thing, or nil.
func (n *Newest[T]) Get(id string) *T {
	if i, ok := n.at[id]; ok {
		return n.list[i]
	}
	return nil
}

// Len returns how many things there are.
func (n *Newest[T]) Len() int { return len(n.at) }

// All yields the newest revision of each thing, the one that first came first.
func (n *Newest[T]) All() iter.Seq[*T] {
	return func(yield func(*T) bool) {
		for _, v := range n.list {
			if v != nil && !yield(v) {
				return
			}
		}
	}
}

// Kept is the Newest of an Outcome of any type.
type Kept interface {
	// Take copies what a step said.
	Take(out *Output)
	Len() int
	// Each hands on the newest of each.
	Each(f func(Emission))
}

// Take implements Kept. It is for what the engine says.
func (n *Newest[T]) Take(out *Output) {
	list := *n.said(out)
	for i := range list {
		v := list[i]
		if n.Trim != nil {
			n.Trim(&v)
		}
		n.Put(&v)
	}
}

// Each implements Kept.
func (n *Newest[T]) Each(f func(Emission)) {
	for v := range n.All() {
		f(n.emission(v))
	}
}
