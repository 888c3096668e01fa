package learn

import (
	"errors"
	"fmt"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Config says what counts as coming together and how much is kept in memory.
type Config struct {
	// Window is how far apart two alerts may start and still have come
	// together. Quiet is how long a type of alert must not have started for its
	// next start to count again: what flaps or is told by ten instances has
	// happened once. Late is how old a start may be when it arrives; an older
	// one has missed those it may belong to and is left out.
	Window, Quiet, Late int64 // milliseconds

	// A pair is taught when it has come together Together times, on Occasions
	// different occasions; an occasion is Occasion long, so that one storm
	// teaches nothing.
	Together, Occasions int64
	Occasion            int64 // milliseconds
	// Lift is how many times as often as chance has it a pair must come
	// together, with all but 2.5 % certainty.
	Lift float64
	// Partners of each type are kept, those with the highest lift.
	Partners int
	// TextBytes bounds what is written down; the weakest pairs go first. The
	// whole text must fit into one record of the log.
	TextBytes int

	// Scopes, Types and Pairs bound the memory, over all scopes. What is beyond
	// the scopes is not counted; a quarter of the types or pairs is dropped
	// when there are too many, the rarest first. Open bounds the alerts of one
	// scope that a new one is paired with, the newest stay.
	Scopes, Types, Pairs, Open int
}

// Default returns the defaults. Types and pairs take some 150 MB when full, and the garbage collector as much again.
func Default() Config {
	return Config{
		Window: 2 * schemas.Minute, Quiet: 15 * schemas.Minute, Late: 15 * schemas.Minute,
		Together: 5, Occasions: 4, Occasion: schemas.Hour, Lift: 2, Partners: rules.PartnersCap, TextBytes: 200_000,
		Scopes: 1000, Types: 50_000, Pairs: 500_000, Open: 500,
	}
}

// Validate says what is wrong, naming the field.
func (c *Config) Validate() error {
	var errs []error
	for _, f := range []struct {
		name string
		v    int64
	}{
		{"window", c.Window}, {"quiet", c.Quiet}, {"late", c.Late}, {"together", c.Together}, {"occasions", c.Occasions},
		{"occasion", c.Occasion}, {"partners", int64(c.Partners)}, {"text bytes", int64(c.TextBytes)},
		{"scopes", int64(c.Scopes)}, {"types", int64(c.Types)}, {"pairs", int64(c.Pairs)}, {"open", int64(c.Open)},
	} {
		if f.v <= 0 {
			errs = append(errs, fmt.Errorf("%s: %d is not positive", f.name, f.v))
		}
	}
	if c.Lift < 1 {
		errs = append(errs, fmt.Errorf("lift: %g is under 1: what comes together less often than chance has it is no partner", c.Lift))
	}
	return errors.Join(errs...)
}
