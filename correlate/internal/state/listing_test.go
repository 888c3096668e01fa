package state

import (
	"math/rand/v2"
	"testing"
)

// Whatever is written how often, what is kept of it stays within its bound, and
// what was written last is there.
func TestListingsAreBounded(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var k Listings
	incidents := make([]*Incident, 3000)
	for i := range incidents {
		incidents[i] = &Incident{}
	}
	for range 20_000 {
		inc := incidents[min(rng.IntN(len(incidents)), rng.IntN(len(incidents)))]
		members := make([]Listed, rng.IntN(50))
		k.Keep(inc, members)
		if len(members) != len(inc.Listing.List()) {
			t.Fatalf("%d of %d members are kept of what was just written", len(inc.Listing.List()), len(members))
		}
		if rng.IntN(10) == 0 {
			incidents[rng.IntN(len(incidents))].Listing.Drop()
		}
		n, held := 0, 0
		for _, inc := range incidents {
			n += len(inc.Listing.List())
			if inc.Listing != nil && inc.Listing.turn != 0 {
				held++
			}
		}
		if n > listingsCap || held != k.held || len(k.queue) > 2*held+64 {
			t.Fatalf("%d members of %d incidents are kept, %d are counted, with a queue of %d", n, held, k.held, len(k.queue))
		}
	}
}
