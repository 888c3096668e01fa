package state

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"testing"

	"pinkstar/schemas"
)

// scanned adds as a tally does, looking at all it has for what is faint.
func scanned(rates map[string]Rate, key string, now schemas.Time, halfLife int64) {
	faint := func(r Rate) bool { return r.Now(now, halfLife) < tallyFaint }
	r, known := rates[key]
	if !known && len(rates) >= tallyCap {
		maps.DeleteFunc(rates, func(_ string, r Rate) bool { return faint(r) })
		if len(rates) >= tallyCap {
			return
		}
	}
	if faint(r) {
		r = Rate{}
	}
	r.Add(now, halfLife)
	rates[key] = r
}

// A full tally keeps what one keeps that looks at everything, whatever comes, when
// log time is put back too.
func TestATallyMakesRoomAsIfItLookedAtEverything(t *testing.T) {
	for seed := range uint64(3) {
		rng := rand.New(rand.NewPCG(seed, 1))
		const halfLife = schemas.Hour
		var got tally[string]
		want := map[string]Rate{}
		now := schemas.Time(1_795_000_000_000)
		for i := range 4 * tallyCap {
			now = now.Add(rng.Int64N(2 * 5 * halfLife / tallyCap))
			if rng.IntN(2000) == 0 {
				now = now.Add(-rng.Int64N(3 * halfLife))
			}
			key := fmt.Sprint(rng.IntN(3 * tallyCap))
			got.add(key, now, halfLife)
			scanned(want, key, now, halfLife)
			if rng.IntN(3000) == 0 { // as a snapshot does
				got.forget(now, halfLife)
				maps.DeleteFunc(want, func(_ string, r Rate) bool { return r.Now(now, halfLife) < tallyFaint })
			}
			if len(got.rates) != len(want) {
				t.Fatalf("seed %d: after %d there are %d, want %d", seed, i, len(got.rates), len(want))
			}
		}
		if !maps.Equal(got.rates, want) {
			t.Errorf("seed %d: it does not keep what it should", seed)
		}
	}
}

// What there is no room for costs no look at everything that is there.
func TestATallyLooksAtLittleToMakeRoom(t *testing.T) {
	const halfLife = schemas.Hour
	var u tally[string]
	now := schemas.Time(1_795_000_000_000)
	for i := range 20 * tallyCap {
		now = now.Add(5 * halfLife / tallyCap / 4) // four new ones while one fades
		u.add(fmt.Sprint(i), now, halfLife)
	}
	if u.looked > 10*tallyCap {
		t.Errorf("%d were looked at for %d new ones", u.looked, 20*tallyCap)
	}
	t.Logf("%d looks for %d new ones", u.looked, 20*tallyCap)
}
