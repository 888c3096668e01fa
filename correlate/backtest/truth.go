package backtest

import (
	"context"

	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// Claim is what one correction says of two sets of signals, by their ids: that they
// belong together, or do not.
type Claim struct {
	A, B     []string
	Together bool
	At       schemas.Time // log time of the correction
}

// Held reports whether a run does as most of the claim's pairs say.
func (c *Claim) Held(r *history.Run) bool {
	in := together(r, &claim{a: c.A, b: c.B})
	return (2*in > len(c.A)*len(c.B)) == c.Together
}

// Truth is what operators corrected in a log.
type Truth struct {
	Told   *history.Run // as it was, corrections included
	Claims []Claim      // in the order of the corrections
	Counts Corrections
}

// ReadTruth runs the log with its corrections under s, or under the rules that the log
// puts in force, and returns what they say.
func ReadTruth(ctx context.Context, log *history.Log, s Side, o Options) (*Truth, error) {
	o.Old, o.New = s, s
	t, err := tell(ctx, log, &o)
	if err != nil {
		return nil, err
	}
	out := &Truth{Told: t.told, Counts: t.counts}
	for _, c := range t.claims {
		out.Claims = append(out.Claims, Claim{c.a, c.b, c.together, c.at})
	}
	return out, nil
}

// Uncorrected runs the log under s without what operators corrected: what it would
// have done by itself.
func Uncorrected(ctx context.Context, log *history.Log, s Side, o Options) (*history.Run, error) {
	return log.Play(ctx, history.Setup{Rules: s.Rules, Topology: s.Topology, Learnt: s.Learnt,
		FixRules: !s.AsLogged, FixTopology: o.FixTopology, FixLearnt: o.FixLearnt, Skip: corrects})
}
