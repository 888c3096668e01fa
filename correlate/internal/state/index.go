package state

import (
	"hash/maphash"
	"iter"
)

// index finds things by a key that they hold themselves. A million of them in a
// map would have the keys a second time, in a table that is half empty: 54
// bytes for each, where this takes 17.
//
// It is a table with linear probing. The hashes lie beside it, so that a probe
// looks at a cache line of sixteen of them, and at a thing only when its hash
// fits; growing looks at none.
type index[V any] struct {
	hashes []uint32 // 0 where there is nothing
	items  []*V
	N      int
}

// hashSeed differs from process to process: nobody can make up keys that all
// land in one place. Nothing that is written depends on the order it gives.
var hashSeed = maphash.MakeSeed()

// hashBytes and hashText give the same for the same bytes, and never 0.
func hashBytes(key []byte) uint32 { return uint32(maphash.Bytes(hashSeed, key)) | 1 }

func hashText(key string) uint32 { return uint32(maphash.String(hashSeed, key)) | 1 }

// home is where a thing with hash h would best be.
func (x *index[V]) home(h uint32) int { return int(uint64(h) * uint64(len(x.hashes)) >> 32) }

// find returns the thing with hash h that is the one, or nil.
func (x *index[V]) find(h uint32, is func(*V) bool) *V {
	if at := x.at(h, is); at >= 0 {
		return x.items[at]
	}
	return nil
}

func (x *index[V]) has(h uint32, v *V) bool {
	return x.find(h, func(w *V) bool { return w == v }) != nil
}

func (x *index[V]) at(h uint32, is func(*V) bool) int {
	if x.N == 0 {
		return -1
	}
	at := x.scan(h, x.home(h))
	for at >= 0 && !is(x.items[at]) {
		at = x.scan(h, at+1)
	}
	return at
}

// scan looks for h from a place on, and returns -1 where nothing is.
func (x *index[V]) scan(h uint32, at int) int {
	for ; ; at++ {
		if at == len(x.hashes) {
			at = 0
		}
		switch x.hashes[at] {
		case h:
			return at
		case 0:
			return -1
		}
	}
}

// add puts v in, whose key nothing in it has.
func (x *index[V]) add(h uint32, v *V) {
	if x.N >= len(x.hashes)*4/5 {
		x.resize(len(x.hashes)*13/10 + 16)
	}
	x.put(h, v)
	x.N++
}

func (x *index[V]) put(h uint32, v *V) {
	at := x.home(h)
	for x.hashes[at] != 0 {
		if at++; at == len(x.hashes) {
			at = 0
		}
	}
	x.hashes[at], x.items[at] = h, v
}

// replace puts v in instead of old, which has the same key.
func (x *index[V]) replace(h uint32, old, v *V) {
	if at := x.at(h, func(w *V) bool { return w == old }); at >= 0 {
		x.items[at] = v
	}
}

// remove takes v out if it is in. What would no longer be found moves up. After
// a storm the table shrinks again.
func (x *index[V]) remove(h uint32, v *V) {
	at, size := x.at(h, func(w *V) bool { return w == v }), len(x.hashes)
	if at < 0 {
		return
	}
	for i := at; ; {
		if i++; i == size {
			i = 0
		}
		h := x.hashes[i]
		if h == 0 {
			break
		}
		// It may move to the gap unless its home lies between the two.
		if (i-x.home(h)+size)%size >= (i-at+size)%size {
			x.hashes[at], x.items[at] = h, x.items[i]
			at = i
		}
	}
	x.hashes[at], x.items[at] = 0, nil
	if x.N--; size > 1024 && x.N < size/4 {
		x.resize(x.N*3/2 + 16)
	}
}

func (x *index[V]) resize(size int) {
	old := *x
	x.hashes, x.items = make([]uint32, size), make([]*V, size)
	for i, h := range old.hashes {
		if h != 0 {
			x.put(h, old.items[i])
		}
	}
}

// All are the things in no particular order.
func (x *index[V]) All() iter.Seq[*V] {
	return func(yield func(*V) bool) {
		for i, h := range x.hashes {
			if h != 0 && !yield(x.items[i]) {
				return
			}
		}
	}
}
