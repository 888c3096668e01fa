package state

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// An index holds what a map would, whatever is added, replaced and removed, and
// however badly the hashes are spread.
func TestIndexIsAMap(t *testing.T) {
	type thing struct{ key, nth int }
	for seed := range uint64(40) {
		d := rand.New(rand.NewPCG(seed, 1))
		x, want := index[thing]{}, map[int]*thing{}
		keys := 1 + d.IntN(3000)
		spread := []uint32{1, 3, 1 << 8, 1 << 31}[seed%4]
		hash := func(key int) uint32 { return (uint32(key)*2654435761/spread*spread | 1) }
		find := func(key int) *thing { return x.find(hash(key), func(v *thing) bool { return v.key == key }) }
		grow := true
		for i := range 12_000 {
			if i%3000 == 2999 {
				grow = !grow
			}
			key := d.IntN(keys)
			old, v := want[key], &thing{key, i}
			switch {
			case old == nil && (grow || d.IntN(4) == 0):
				x.add(hash(key), v)
				want[key] = v
			case old != nil && grow:
				x.replace(hash(key), old, v)
				want[key] = v
			default:
				x.remove(hash(key), old)
				x.remove(hash(key), v) // is not in: nothing happens
				delete(want, key)
			}
			if find(key) != want[key] || x.N != len(want) {
				t.Fatalf("seed %d, step %d: %d things, not %d, or the wrong one at %d", seed, i, x.N, len(want), key)
			}
		}
		for key := range keys {
			if find(key) != want[key] {
				t.Fatalf("seed %d: the wrong thing at %d", seed, key)
			}
		}
		byKey := func(a, b *thing) int { return a.key - b.key }
		if got := slices.SortedFunc(x.All(), byKey); !slices.Equal(got, slices.SortedFunc(maps.Values(want), byKey)) {
			t.Fatalf("seed %d: all gives %d things, not %d", seed, len(got), len(want))
		}
		for _, v := range want {
			x.remove(hash(v.key), v)
		}
		if x.N != 0 || len(x.hashes) > 1024 && len(x.hashes) > keys {
			t.Fatalf("seed %d: %d things left in a table of %d", seed, x.N, len(x.hashes))
		}
	}
}
