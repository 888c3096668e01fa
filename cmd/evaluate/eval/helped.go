package eval

import (
	"slices"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Helped is the engine with the truth at its elbow: for what becomes of a
// signal among the incidents it weighed, for whether two incidents that it
// compared are one, or for both. It shows where the rest is lost.
type Helped struct {
	Choices, Links bool

	data *Data
	*ledger
}

// Name implements Assigner.
func (h *Helped) Name() string {
	switch {
	case h.Choices && h.Links:
		return "with choices and links by truth"
	case h.Choices:
		return "with choices by truth"
	}
	return "with links by truth"
}

func (h *Helped) know(d *Data) { h.data = d }

// Assign implements Assigner.
func (h *Helped) Assign(topology []byte, signals []sim.Labelled) ([]string, map[string][]string, error) {
	topo, err := rules.ParseTopology("topology.yaml", topology)
	if err != nil {
		return nil, nil, err
	}
	set := rules.Default()
	if h.Links { // the score says yes to all, and the guide to some
		w := &set.Correlation.Weights
		for _, p := range []*int64{&w.LinkSame, &w.LinkDirect, &w.LinkReversed, &w.LinkFar, &w.LinkAlike, &w.LinkApart} {
			*p += 2 * always
		}
		set.Correlation.Parent = always
	}
	h.ledger = newLedger(h.data.Signals)
	e := correlate.New(set, topo)
	e.SetPolicy(h)
	run, err := h.play(NewReplay(e), signals)
	if err != nil {
		return nil, nil, err
	}
	return run.Clusters(signals), run.Roots(), nil
}

// always is more than any score.
const always = 1_000_000

// Choose implements correlate.Policy.
func (h *Helped) Choose(s *schemas.Signal, options []correlate.Option, own string) string {
	truth, scored := h.truth[s.ID]
	if !h.Choices || !scored {
		return own
	}
	home := h.home(truth)
	if !slices.ContainsFunc(options, func(o correlate.Option) bool { return o.IncidentID == home }) {
		return "" // out of reach
	}
	return home
}

// Link implements correlate.Policy.
func (h *Helped) Link(incident, other string, _ correlate.Option) bool {
	if !h.Links {
		return true
	}
	a := h.owner(incident)
	return a != "" && a == h.owner(other)
}
