package logtime_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pinkstar/correlate/logtime"
	"pinkstar/schemas"
)

// rec is a record of a log: t outside, or the owner's.
type rec struct {
	at    schemas.Time
	owner bool
}

// taken is what the engine is handed.
type taken struct {
	rec
	as schemas.Time
}

const start schemas.Time = 1_700_000_000_000

func play(c *logtime.Clock[rec], log []rec, flush bool) (out []taken) {
	step := func(r rec, as schemas.Time) error {
		out = append(out, taken{r, as})
		return nil
	}
	for _, r := range log {
		_ = c.Take(r, r.at, r.owner, 100, step)
	}
	if flush {
		_ = c.Flush(step)
	}
	return out
}

func in(ms int64) schemas.Time { return start.Add(ms) }

func TestJumpsNeedAWitness(t *testing.T) {
	const year, day = 365 * schemas.Day, schemas.Day
	record := func(ms int64) rec { return rec{at: in(ms)} }
	tick := func(ms int64) rec { return rec{at: in(ms), owner: true} }
	several := func(from, n, every int64, owner bool) (out []rec) {
		for i := range n {
			out = append(out, rec{in(from + i*every), owner})
		}
		return out
	}
	for name, c := range map[string]struct {
		log  []rec
		now  int64 // log time then, after start
		held int
	}{
		"alone it waits":                                   {[]rec{record(0), record(year)}, 0, 1},
		"a record at the old time refuses":                 {[]rec{record(0), record(year), record(1)}, 1, 0},
		"a tick at the old time refuses":                   {[]rec{record(0), record(year), tick(2)}, 2, 0},
		"many of them are refused as well":                 {append(append([]rec{record(0)}, several(year, 500, 8, false)...), tick(4000)), 4000, 0},
		"a late record says nothing":                       {[]rec{record(0), record(2 * day), record(-day)}, 0, 2},
		"a weekend, and the ticks agree":                   {[]rec{record(0), record(2 * day), tick(2*day + 1), tick(2*day + 7001)}, 2*day + 7001, 0},
		"one tick is not enough":                           {[]rec{record(0), record(2 * day), tick(2*day + 1)}, 0, 2},
		"the smaller of the two":                           {[]rec{record(0), record(year), tick(2 * day), tick(2*day + 7000)}, 2*day + 7000, 0},
		"a tick with a wrong clock":                        {[]rec{record(0), tick(year), tick(year + 1000), record(2)}, 2, 0},
		"ticks for four seconds":                           {append([]rec{record(0)}, several(day, 5, 1000, true)...), 0, 5},
		"ticks for seven":                                  {append([]rec{record(0)}, several(day, 8, 1000, true)...), day + 7_000, 0},
		"ticks alone never cross a year":                   {append([]rec{record(0)}, several(year, 100, 1000, true)...), 0, 100},
		"a year off, then a record":                        {append(append([]rec{record(0)}, several(year, 100, 1000, true)...), record(year)), year + 99_000, 0},
		"a whole machine is a year ahead for four seconds": {[]rec{record(0), tick(year), record(year + 1), record(year + 2000), tick(year + 3999), record(4001)}, 4001, 0},
		"the first record of all":                          {[]rec{record(year)}, year, 0},
		"nothing is in the way below bound":                {several(0, 100, logtime.Bound, false), 99 * logtime.Bound, 0},
		"sparse records with the tick behind":              {append(several(0, 10, 2*logtime.Bound, false), tick(19*logtime.Bound), tick(19*logtime.Bound+6000)), 19*logtime.Bound + 6000, 0},
		"a storm of one second a year ahead":               {append([]rec{record(0)}, several(year, 3*logtime.MaxHeld, 0, false)...), 0, logtime.MaxHeld - 1},
		"that storm, and then a record":                    {append(append([]rec{record(0)}, several(year, 3*logtime.MaxHeld, 0, false)...), record(5000)), 5000, 0},
		"that storm goes on for long":                      {append(append([]rec{record(0)}, several(year, logtime.MaxHeld, 0, false)...), several(year, logtime.MaxHeld, 1, false)...), year + logtime.MaxHeld - 1, 0},
		"no more than MaxHeld wait":                        {append([]rec{record(0)}, several(day, logtime.MaxHeld, 1, false)...), day + logtime.MaxHeld - 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var clock logtime.Clock[rec]
			out := play(&clock, c.log, false)
			if got := clock.Now().Sub(start); got != c.now && c.log[0].at == start || clock.Held() != c.held {
				t.Errorf("log time is start + %d ms with %d held, want %d with %d", got, clock.Held(), c.now, c.held)
			}
			if len(out)+c.held != len(c.log) {
				t.Errorf("%d of %d were taken", len(out), len(c.log))
			}
			for i, o := range out {
				if o.rec != c.log[i] {
					t.Fatalf("record %d was taken out of order", i)
				}
			}
		})
	}
}

// A log whose records are all right, whatever its gaps: each is taken at its
// own time, as if there were no rule.
func TestGapsChangeNothing(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 1))
		var log []rec
		at := start
		for range 300 {
			at = at.Add(rng.Int64N(30_000))
			if rng.IntN(20) == 0 {
				at = at.Add(rng.Int64N(20 * schemas.Day))
			}
			log = append(log, rec{at, rng.IntN(3) == 0})
		}
		var clock logtime.Clock[rec]
		for i, o := range play(&clock, log, true) {
			if o.rec != log[i] || o.as != log[i].at {
				t.Fatalf("seed %d: record %d was taken at %d, it says %d", seed, i, o.as, log[i].at)
			}
		}
		if clock.Now() != at {
			t.Fatalf("seed %d: log time %d, want %d", seed, clock.Now(), at)
		}
	}
}

// glitched is a log in which some clocks run ahead for a while, now and then the
// owner's too.
func glitched(rng *rand.Rand) (log []rec, end schemas.Time) {
	at, bad := start, 0
	ahead := int64(0)
	for range 2000 {
		at = at.Add(rng.Int64N(2000))
		if bad == 0 && rng.IntN(100) == 0 {
			bad, ahead = 1+rng.IntN(50), logtime.Bound*2+rng.Int64N(365*schemas.Day)
		}
		if bad > 0 {
			bad--
			log = append(log, rec{at: at.Add(ahead)})
		} else {
			log = append(log, rec{at: at})
		}
		switch { // the machine's clock, of which the owner's is one, or only a sender's
		case bad > 0 && bad%2 == 0 && bad < 4:
			log = append(log, rec{at.Add(ahead), true})
		case bad > 4 && rng.IntN(2) == 0:
			log = append(log, rec{at, true})
		}
	}
	return append(log, rec{at, true}), at
}

func TestGlitchesMoveNothing(t *testing.T) {
	naive := 0
	for seed := range uint64(200) {
		log, end := glitched(rand.New(rand.NewPCG(seed, 2)))
		var clock logtime.Clock[rec]
		for _, o := range play(&clock, log, false) {
			if o.as > end {
				t.Fatalf("seed %d: a record was taken %s ahead of the last clock", seed, end.Std().Sub(o.as.Std()))
			}
		}
		if clock.Now() != end || clock.Holding() {
			t.Fatalf("seed %d: log time is %d ms off, %d held", seed, clock.Now().Sub(end), clock.Held())
		}
		if slices.ContainsFunc(log, func(r rec) bool { return r.at > end }) {
			naive++ // the control: the running maximum would be ahead for ever
		}
	}
	if naive < 100 {
		t.Errorf("only %d of 200 logs have a clock that runs ahead: the test sees nothing", naive)
	}
}

// A clock that is restored where nothing was held goes on as the one before.
func TestRestored(t *testing.T) {
	for seed := range uint64(100) {
		log, _ := glitched(rand.New(rand.NewPCG(seed, 3)))
		var whole logtime.Clock[rec]
		want := play(&whole, log, true)
		var got []taken
		var clock logtime.Clock[rec]
		for len(log) > 0 {
			n := min(1+int(seed%7), len(log))
			got = append(got, play(&clock, log[:n], n == len(log))...)
			log = log[n:]
			if !clock.Holding() {
				clock = logtime.At[rec](clock.Now())
			}
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d: they differ", seed)
		}
	}
}
