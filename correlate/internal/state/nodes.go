package state

import "iter"

// NodeEntities are the entities of one scope for the topology's services, by
// node. There may be many scopes, each with alerts on a few of thousands of
// services: memory is taken in pages, where there is something.
type NodeEntities struct{ pages []*nodePage }

// pageNodes is how many neighbouring nodes share a page.
const pageNodes = 64

type nodePage [pageNodes]*Entity

// NewNodeEntities has room for a topology of n services.
func NewNodeEntities(n int) NodeEntities {
	return NodeEntities{make([]*nodePage, (n+pageNodes-1)/pageNodes)}
}

// At is the entity of a node, nil while nothing is known of it.
func (e *NodeEntities) At(node int32) *Entity {
	p := e.pages[node/pageNodes]
	if p == nil {
		return nil
	}
	return p[node%pageNodes]
}

// Set makes ent the entity of a node, nil for none.
func (e *NodeEntities) Set(node int32, ent *Entity) {
	p := e.pages[node/pageNodes]
	if p == nil {
		if ent == nil {
			return
		}
		p = new(nodePage)
		e.pages[node/pageNodes] = p
	}
	p[node%pageNodes] = ent
}

// All are the entities there are, in order of their nodes. The one that is
// handed out may be taken away.
func (e *NodeEntities) All() iter.Seq[*Entity] {
	return func(yield func(*Entity) bool) {
		for _, p := range e.pages {
			if p == nil {
				continue
			}
			for _, ent := range p {
				if ent != nil && !yield(ent) {
					return
				}
			}
		}
	}
}
