package app

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// Garbage collection lets the heap grow to twice what it holds, and gives back
// slowly what a storm took. With a million alerts that is gigabytes nobody needs:
// a large heap is collected more often, and what is free goes back to the system
// once it is quiet. GOGC and GOMEMLIMIT say otherwise.
const (
	tidyEvery = 10 * time.Second
	largeHeap = 256 << 20
	// A large heap may grow by half. That costs about a tenth more CPU in a storm
	// of new alerts, and nothing where what comes is known.
	largeGrowth, usualGrowth = 50, 100
	// What is free is worth giving back from here on, and above a share of what is
	// held.
	worthFreeing = 64 << 20
)

// startMemory keeps what the process takes near what it holds.
func (a *App) startMemory() {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	a.goRole("memory", func(ctx context.Context) error {
		t := tidier{growth: usualGrowth, setGrowth: func(percent int) { debug.SetGCPercent(percent) }, giveBack: debug.FreeOSMemory}
		tick := time.NewTicker(tidyEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return nil
			case <-tick.C:
				t.tidy(readHeap())
			}
		}
	})
}

// heapState is what the runtime says of the heap, in bytes.
type heapState struct {
	live, free uint64 // held after the last collection; taken from the system and not used
	cycles     uint64 // collections so far
}

func readHeap() heapState {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/memory/classes/heap/free:bytes"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(s)
	return heapState{s[0].Value.Uint64(), s[1].Value.Uint64(), s[2].Value.Uint64()}
}

// tidier decides from one look at the heap to the next.
type tidier struct {
	growth int
	cycles uint64
	quiet  int // looks since it was busy

	setGrowth func(percent int)
	giveBack  func()
}

// quietLooks is how often there must have been at most one collection before the
// process is quiet. Go itself collects every two minutes.
const quietLooks = 3

func (t *tidier) tidy(h heapState) {
	growth := usualGrowth
	if h.live > largeHeap {
		growth = largeGrowth
	}
	if growth != t.growth {
		t.growth = growth
		t.setGrowth(growth)
	}
	if t.quiet++; h.cycles > t.cycles+1 {
		t.quiet = 0
	}
	t.cycles = h.cycles
	if t.quiet < quietLooks || h.free < worthFreeing+h.live/4 {
		return
	}
	t.quiet = 0
	t.giveBack()
}
