package eval

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// FitOptions of Fit.
type FitOptions struct {
	Seeds    int       // how many tuning seeds, all when 0
	Rounds   int       // 1 when 0; several, since which tie is the strongest depends on the weights, and what the engine meets on its choices
	Workers  int       // 1 when 0
	Log      io.Writer // nil for none
	Worlds   []string  // folders of worlds that take part, see ReadWorld
	Near     float64   // start from the weights in force and stay near them, the more the higher; 0: from nothing
	LeaveOut string    // the kinds of world whose names begin so take no part
}

// Fit finds the weights and curves under which the engine's choices are the
// most likely to be right, on tuning seeds only. Each new alert or ticket is a
// choice between the incidents that are weighed and opening one; its
// probability is the softmax of the scores over the join threshold (McFadden's
// conditional logit), and the logarithm of the likelihood of the true choices
// is maximised by Newton's method, with a ridge that keeps what the data does
// not tell near zero and curves smooth. The same options give the same result.
func Fit(o FitOptions) (*rules.Set, error) {
	set := rules.Default()
	if o.Near == 0 {
		neutral(&set.Correlation)
	}
	near := newModel(set).w
	data, err := fitData(o)
	if err != nil {
		return nil, err
	}
	for round := range max(1, o.Rounds) {
		m := newModel(set)
		if o.Near > 0 {
			m.prior, m.ridge, m.parent = near, o.Near, m.parent-surer/1000.
		}
		teachers := make([]*teacher, len(data))
		errs := make([]error, len(data))
		each(len(data), o.Workers, func(i int) {
			// In the first round signals are put where they belong, later where
			// the engine puts them: it must do well among its own mistakes.
			own := round > 0 || o.Near > 0
			teachers[i], errs[i] = teach(set, data[i].Data, own, 1, m)
		})
		balance(data, teachers)
		var choices, links []choice
		for i, t := range teachers {
			if errs[i] != nil {
				return nil, errs[i]
			}
			choices, links = append(choices, t.choices...), append(links, t.links...)
		}
		n := len(choices)
		choices = append(choices, links...)
		before := m.loss(choices)
		if err := m.newton(choices); err != nil {
			return nil, err
		}
		m.write()
		say(o.Log, "round %d: %d choices, %.2f %% wrong, mean log-loss %.4f -> %.4f\n", round+1, len(choices), 100*m.wrong(choices), before, m.loss(choices))
		if len(links) > 0 {
			yes := 0
			for _, l := range links {
				if l.right != 0 {
					yes++
				}
			}
			say(o.Log, "  choices %.2f %% wrong; %d links, %d right, %.2f %% wrong\n", 100*m.wrong(choices[:n]), len(links), yes, 100*m.wrong(choices[n:]))
		}
	}
	if o.Near == 0 {
		set.Correlation.Parent += surer
	}
	return set, nil
}

// surer is what linking two incidents takes beyond even odds, since each link
// carries all their signals along.
const surer = 1300

// neutral forgets what was fitted: flat curves, and ties that count the more the
// nearer they are, so that the strongest of several can be told. The corners
// stay where they are.
func neutral(c *rules.Correlation) {
	c.EachPoints(func(path string, p *int64) {
		if !strings.Contains(path, "weights.") {
			*p = 0
		}
	})
	c.Join, c.Parent = 2000, 4000
	ties := rules.Ties{
		MentionName: c.Weights.MentionName, // no data tells it
		SameService: 4000, SameHost: 2700, HostOfService: 3500,
		DependsOn1: 4500, DependsOn2: 2800, DependsOn3: 1800, CalledBy1: 4000, CalledBy2: 2400, CalledBy3: 1500, WrongOrder: -1000,
		SharedCallee: 2600, SharedCaller: 1000, Alike: 2000, Namespace: 2500,
		Mention: 4000, MentionPeer: 4000, MentionInText: 4000, MentionAlike: 3000, Storm: 500,
	}
	c.Weights.Ties, c.Events.Weights = ties, ties
}

func say(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format, args...)
	}
}

// weighted is a stream to fit on. All of one kind weigh share together, however
// many alerts they hold: the largest world must not decide alone.
type weighted struct {
	*Data
	kind  string
	share float64
}

// choicesCap is about how many choices of a stream are learnt from: those of one
// fault are much alike.
const choicesCap = 2500

// some is every so-many-th of a list, so that about a cap of them are left.
func some(list []choice) []choice {
	step := len(list)/choicesCap + 1
	out := list[:0]
	for i := 0; i < len(list); i += step {
		out = append(out, list[i])
	}
	return out
}

// balance gives every kind of world its share of the weight.
func balance(data []weighted, teachers []*teacher) {
	const unit = 10_000
	n := map[string]float64{}
	for i, t := range teachers {
		if t != nil {
			t.choices, t.links = some(t.choices), some(t.links)
			n[data[i].kind] += float64(len(t.choices))
		}
	}
	for i, t := range teachers {
		if t == nil {
			continue
		}
		w := data[i].share * unit / n[data[i].kind]
		for k := range t.choices {
			t.choices[k].weight *= w
		}
		for k := range t.links {
			t.links[k].weight = w
		}
	}
}

func fitData(o FitOptions) ([]weighted, error) {
	seeds := sim.TuningSeeds()
	if o.Seeds > 0 && o.Seeds < len(seeds) {
		seeds = seeds[:o.Seeds]
	}
	var out []weighted
	add := func(d *Data, kind string, share float64) {
		if o.LeaveOut == "" || !strings.HasPrefix(kind, o.LeaveOut) {
			out = append(out, weighted{d, kind, share})
		}
	}
	for i, level := range []sim.Level{sim.Easy, sim.Standard, sim.Hard, sim.Calm} {
		for _, seed := range seeds {
			d, err := Simulated(sim.For(level, seed))
			if err != nil {
				return nil, err
			}
			add(d, string(level), [...]float64{1, 2, 2, 1}[i])
			if level == sim.Standard {
				add(withoutRecoveries(d), kindEvents, 1)
			}
		}
	}
	expected, err := expectations()
	if err != nil {
		return nil, err
	}
	for _, d := range expected {
		add(d, kindExpected, .5)
	}
	m, err := LoadMicroSS()
	if err != nil {
		return nil, err
	}
	for _, seed := range seeds[:(len(seeds)+1)/2] {
		add(m.Overlay(seed, 600*schemas.Second), "MicroSS events", .5)
	}
	add(m.Native(), "MicroSS events as recorded", .5)
	for _, dir := range o.Worlds {
		d, err := ReadWorld(dir)
		if err != nil {
			return nil, err
		}
		add(d, kindOf(d.Name), .7)
	}
	return out, nil
}

// kindExpected is the kind of the expectations, kindEvents of simulated alerts that
// never recover.
const kindExpected, kindEvents = "expected", "standard events"

// withoutRecoveries is d as a sender tells it that says no recovery.
func withoutRecoveries(d *Data) *Data {
	out := *d
	out.Signals = slices.DeleteFunc(slices.Clone(d.Signals), func(l sim.Labelled) bool {
		return l.Kind == schemas.KindAlert && l.Status == schemas.StatusResolved
	})
	return &out
}

// kindOf is a world's name without the number of its draw.
func kindOf(name string) string {
	kind := strings.TrimRight(name, "0123456789")
	return cmp.Or(strings.TrimSuffix(kind, "-"), name)
}

// choice is one decision with what spoke for each incident weighed.
type choice struct {
	options []option
	right   uint64 // a bit for each option that is right; none: opening one is
	weight  float64
}

type option struct {
	at    []int32
	share []float64
	rest  float64 // points that are no figure of the rule set
}

// teacher puts signals where they belong, and notes what was weighed.
type teacher struct {
	*ledger
	model   *model
	own     bool // follow the engine instead
	weight  float64
	choices []choice
	links   []choice
}

func teach(set *rules.Set, d *Data, own bool, weight float64, m *model) (*teacher, error) {
	topo, err := rules.ParseTopology("topology.yaml", d.Topology)
	if err != nil {
		return nil, err
	}
	t := &teacher{ledger: newLedger(d.Signals), model: m, own: own, weight: weight}
	e := correlate.New(set, topo)
	e.SetPolicy(t)
	_, err = t.play(NewReplay(e), d.Signals)
	return t, err
}

// How many times more a choice counts for the first alert of a fault, and for one
// of a fault whose alerts have all gone to another's incident.
const firstCounts, swallowedCounts = 1.5, 1

// Choose implements correlate.Policy.
func (t *teacher) Choose(s *schemas.Signal, options []correlate.Option, own string) string {
	truth, scored := t.truth[s.ID]
	if !scored {
		return own
	}
	home := t.home(truth)
	c := choice{weight: 1}
	switch { // all that follows goes where the first of a fault goes
	case t.noise[s.ID]:
	case len(t.members[truth]) == 0:
		c.weight = firstCounts
	case home == "":
		c.weight = swallowedCounts // what is right now is hard to say
	}
	for i, o := range options {
		if t.mostly(o.IncidentID, truth) {
			c.right |= 1 << i
		}
		c.options = append(c.options, t.model.option(o))
	}
	if len(options) > 0 && (home == "" || c.right != 0) { // otherwise home was out of reach: nothing to learn
		t.choices = append(t.choices, c)
	}
	if t.own {
		return own
	}
	return home
}

// Link implements correlate.Policy.
func (t *teacher) Link(incident, other string, o correlate.Option) bool {
	a, b := t.owner(incident), t.owner(other)
	if a == "" || b == "" {
		return t.own
	}
	x := t.model.option(o)
	x.rest += t.model.join - t.model.parent
	c := choice{weight: t.weight, options: []option{x}}
	if a == b {
		c.right = 1
	}
	t.links = append(t.links, c)
	return false // linked, the two would never be compared again
}
