package eval

import (
	"fmt"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/learn"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Lesson is what learning on the earlier part of a world is worth in the part
// after it.
type Lesson struct {
	Learnt        *rules.Learnt
	Without, With Scores
}

// Learn runs a world of some days. What is learnt in them is judged in the last
// ones, together so long, by an engine that begins with them.
func Learn(p sim.Params, last int64, cfg learn.Config) (*Lesson, error) {
	d, err := Simulated(p)
	if err != nil {
		return nil, err
	}
	topo, err := rules.ParseTopology("topology.yaml", d.Topology)
	if err != nil {
		return nil, err
	}
	l, err := learn.New(cfg, learn.Setup{Topology: topo})
	if err != nil {
		return nil, err
	}
	cut := p.Start.Add(p.Duration - last)
	first := 0
	for ; first < len(d.Signals) && d.Signals[first].ReceivedAt < cut; first++ {
		l.Step(&d.Signals[first].Signal, d.Signals[first].ReceivedAt)
	}
	d.Signals = d.Signals[first:]
	out := &Lesson{Learnt: l.Learnt()}
	if out.Without, err = judgeLearnt(d, topo, nil); err != nil {
		return nil, err
	}
	out.With, err = judgeLearnt(d, topo, out.Learnt)
	return out, err
}

func judgeLearnt(d *Data, topo *rules.Topology, learnt *rules.Learnt) (Scores, error) {
	e := correlate.New(nil, topo)
	e.SetLearnt(learnt)
	run := NewReplay(e)
	for i := range d.Signals {
		if err := run.Step(&d.Signals[i].Signal); err != nil {
			return Scores{}, fmt.Errorf("signal %d: %w", i+1, err)
		}
	}
	cluster := make([]string, len(d.Signals))
	for i := range d.Signals {
		cluster[i] = run.Outermost(run.Incident(d.Signals[i].ID))
	}
	return Score(d, cluster, run.Roots()), nil
}

// LearnHard is the world on which learning is measured: 30 % of the topology
// is missing, and what is missing may be learnt for some days before.
func LearnHard(seed uint64, days int64) sim.Params {
	p := sim.For(sim.Hard, seed)
	p.Duration = days*schemas.Day + 12*schemas.Hour
	return p
}
