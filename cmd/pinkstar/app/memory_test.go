package app

import "testing"

// A large heap is collected more often, and a quiet process gives back what a
// storm took; a busy one does not, nor one that has little to give.
func TestMemoryIsGivenBackWhenQuiet(t *testing.T) {
	var growths []int
	gave := 0
	x := tidier{growth: usualGrowth, setGrowth: func(p int) { growths = append(growths, p) }, giveBack: func() { gave++ }}
	const mb = 1 << 20
	for i := range uint64(10) { // a storm
		x.tidy(heapState{live: (100 + 100*i) * mb, free: 900 * mb, cycles: 10 * i})
	}
	if gave != 0 {
		t.Fatalf("given back %d times in a storm", gave)
	}
	for range 10 {
		x.tidy(heapState{live: 1000 * mb, free: 200 * mb, cycles: 100})
	}
	if gave != 0 {
		t.Fatal("given back although little was free")
	}
	for i := range uint64(4) {
		x.tidy(heapState{live: 1000 * mb, free: 700 * mb, cycles: 100 + i})
	}
	if gave == 0 {
		t.Fatal("nothing was given back")
	}
	x.tidy(heapState{live: 50 * mb, cycles: 110})
	if len(growths) != 2 || growths[0] != largeGrowth || growths[1] != usualGrowth {
		t.Errorf("the heap's growth was set to %v", growths)
	}
	if h := readHeap(); h.live+h.free == 0 {
		t.Errorf("the runtime says %+v", h)
	}
}
