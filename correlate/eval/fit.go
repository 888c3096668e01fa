package eval

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/correlate/sim"
	"pinkstar/schemas"
)

// FitOptions of Fit.
type FitOptions struct {
	Seeds   int       // how many tuning seeds, all when 0
	Rounds  int       // 3 when 0: which tie is the strongest depends on the weights, and what the engine meets on its choices
	Workers int       // 1 when 0
	Log     io.Writer // nil for none
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
	neutral(&set.Correlation)
	data, err := fitData(o)
	if err != nil {
		return nil, err
	}
	for round := range max(1, o.Rounds) {
		m := newModel(set)
		teachers := make([]*teacher, len(data))
		errs := make([]error, len(data))
		each(len(data), o.Workers, func(i int) {
			// In the first round signals are put where they belong, later where
			// the engine puts them: it must do well among its own mistakes.
			own := round > 0
			teachers[i], errs[i] = teach(set, data[i].Data, own, data[i].weight, m)
		})
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
	set.Correlation.Parent += surer
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
		if !strings.HasPrefix(path, "weights.") {
			*p = 0
		}
	})
	c.Join, c.Parent = 2000, 4000
	w := &c.Weights
	*w = rules.Weights{
		Rule: w.Rule, MentionKey: w.MentionKey, Maintenance: w.Maintenance, Learnt: w.Learnt, MentionName: w.MentionName, // no data tells these
		SameService: 4000, SameHost: 2700, HostOfService: 3500,
		DependsOn1: 4500, DependsOn2: 2800, DependsOn3: 1800, CalledBy1: 4000, CalledBy2: 2400, CalledBy3: 1500, WrongOrder: -1000,
		SharedCallee: 2600, SharedCaller: 1000, Alike: 2000, Namespace: 2500,
		Mention: 4000, MentionPeer: 4000, MentionAlike: 3000, Storm: 500,
	}
}

func say(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format, args...)
	}
}

type weighted struct {
	*Data
	weight float64
}

func fitData(o FitOptions) ([]weighted, error) {
	seeds := sim.TuningSeeds()
	if o.Seeds > 0 && o.Seeds < len(seeds) {
		seeds = seeds[:o.Seeds]
	}
	var out []weighted
	for _, level := range sim.Levels {
		for _, seed := range seeds {
			d, err := Simulated(sim.For(level, seed))
			if err != nil {
				return nil, err
			}
			out = append(out, weighted{d, 1})
		}
	}
	expected, err := expectations()
	if err != nil {
		return nil, err
	}
	for _, d := range expected {
		out = append(out, weighted{d, 20 * float64(len(seeds))})
	}
	m, err := LoadMicroSS()
	if err != nil {
		return nil, err
	}
	for _, seed := range seeds[:(len(seeds)+1)/2] { // ten times the alerts of a simulated world, and always the same faults
		out = append(out, weighted{m.Overlay(seed, 600*schemas.Second), 0.5})
	}
	return out, nil
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
	model   *model
	truth   map[string]string
	members map[string]map[string]int // of a true cluster, by incident
	size    map[string]int            // of an incident
	own     bool                      // follow the engine instead
	weight  float64
	inside  map[string]map[string]int // of an incident, by true cluster
	choices []choice
	links   []choice
}

func teach(set *rules.Set, d *Data, own bool, weight float64, m *model) (*teacher, error) {
	topo, err := rules.ParseTopology("topology.yaml", d.Topology)
	if err != nil {
		return nil, err
	}
	t := &teacher{model: m, truth: map[string]string{}, members: map[string]map[string]int{}, size: map[string]int{}, inside: map[string]map[string]int{}, own: own, weight: weight}
	for i := range d.Signals {
		if l := &d.Signals[i]; l.Scored() {
			t.truth[l.ID] = l.Truth()
		}
	}
	e := correlate.New(set, topo)
	e.SetGuide(t)
	run := NewReplay(e)
	for i := range d.Signals {
		l := &d.Signals[i]
		if err := run.Step(&l.Signal); err != nil {
			return nil, err
		}
		if inc := run.Incident(l.ID); inc != "" && l.Scored() {
			m := t.members[l.Truth()]
			if m == nil {
				m = map[string]int{}
				t.members[l.Truth()] = m
			}
			m[inc]++
			t.size[inc]++
			if t.inside[inc] == nil {
				t.inside[inc] = map[string]int{}
			}
			t.inside[inc][l.Truth()]++
		}
	}
	return t, nil
}

// Choose implements correlate.Guide.
func (t *teacher) Choose(s *schemas.Signal, options []correlate.Option, own string) string {
	truth, scored := t.truth[s.ID]
	if !scored {
		return own
	}
	home, most := "", 0 // of the incidents that are mostly about the same, the one with most of it
	for _, inc := range sortedKeys(t.members[truth]) {
		if n := t.members[truth][inc]; n > most && 2*n > t.size[inc] {
			home, most = inc, n
		}
	}
	c := choice{weight: t.weight}
	for i, o := range options {
		if n := t.members[truth][o.IncidentID]; 2*n > t.size[o.IncidentID] {
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

// Link implements correlate.Guide.
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

// owner is the true cluster that most members of an incident come from.
func (t *teacher) owner(incident string) string {
	best, most := "", 0
	for _, truth := range sortedKeys(t.inside[incident]) {
		if n := t.inside[incident][truth]; n > most {
			best, most = truth, n
		}
	}
	return best
}

// model is the conditional logit over the figures of a rule set.
type model struct {
	points []*int64
	at     map[*int64]int32
	w      []float64 // of points, in log-odds
	curve  []int     // for each figure, the number of its curve, 0 for a plain weight
	used   []bool    // some choice depends on it; what none does stays as it is
	join   float64
	parent float64
}

func newModel(set *rules.Set) *model {
	m := &model{at: map[*int64]int32{}, join: float64(set.Correlation.Join) / 1000, parent: float64(set.Correlation.Parent) / 1000}
	last, n := "", 0
	set.Correlation.EachPoints(func(path string, p *int64) {
		m.at[p] = int32(len(m.points))
		m.points = append(m.points, p)
		m.w = append(m.w, float64(*p)/1000)
		name, _, isCurve := strings.Cut(path, "[")
		switch {
		case !isCurve:
			m.curve = append(m.curve, 0)
			return
		case name != last:
			last = name
			n++
		}
		m.curve = append(m.curve, n)
	})
	return m
}

func (m *model) option(o correlate.Option) option {
	out := option{rest: float64(o.Score) / 1000}
	for _, t := range o.Terms {
		i := m.at[t.Points]
		share := float64(t.Share) / 1000
		out.at, out.share = append(out.at, i), append(out.share, share)
		out.rest -= share * m.w[i]
	}
	return out
}

// odds fills p with the probability of each option and returns that of
// opening an incident.
func (m *model) odds(c *choice, p []float64) float64 {
	top := 0.0
	for i := range c.options {
		o := &c.options[i]
		s := o.rest - m.join
		for k, at := range o.at {
			s += o.share[k] * m.w[at]
		}
		p[i] = s
		top = max(top, s)
	}
	sum := math.Exp(-top)
	for i := range c.options {
		p[i] = math.Exp(p[i] - top)
		sum += p[i]
	}
	for i := range c.options {
		p[i] /= sum
	}
	return math.Exp(-top) / sum
}

// maxOptions is the most incidents that may be weighed for one signal.
const maxOptions = 64

func (m *model) loss(choices []choice) float64 {
	var p [maxOptions]float64
	var loss, total float64
	for i := range choices {
		c := &choices[i]
		loss -= c.weight * math.Log(max(m.chance(c, p[:]), 1e-300))
		total += c.weight
	}
	return loss / total
}

// chance is how likely the model makes a right choice.
func (m *model) chance(c *choice, p []float64) float64 {
	open := m.odds(c, p)
	if c.right == 0 {
		return open
	}
	sum := 0.0
	for i := range c.options {
		if c.right>>i&1 == 1 {
			sum += p[i]
		}
	}
	return sum
}

// wrong is the share of choices that the model would get wrong.
func (m *model) wrong(choices []choice) float64 {
	var p [maxOptions]float64
	var wrong, total float64
	for i := range choices {
		c := &choices[i]
		best, most := -1, m.odds(c, p[:])
		for k := range c.options {
			if p[k] > most {
				best, most = k, p[k]
			}
		}
		if best < 0 && c.right != 0 || best >= 0 && c.right>>best&1 == 0 {
			wrong += c.weight
		}
		total += c.weight
	}
	return wrong / total
}

const (
	ridge  = 1.0  // pulls every figure to zero
	smooth = 10.0 // pulls neighbouring corners of a curve together
	steps  = 30   // of Newton's method
)

// newton maximises the likelihood.
func (m *model) newton(choices []choice) error {
	n := len(m.w)
	m.used = make([]bool, n)
	for i := range choices {
		for _, o := range choices[i].options {
			for _, at := range o.at {
				m.used[at] = true
			}
		}
	}
	best := m.objective(choices)
	for range steps {
		grad, hess := make([]float64, n), make([]float64, n*n)
		m.penalise(grad, hess)
		for i := range choices {
			m.accumulate(&choices[i], grad, hess)
		}
		step, err := solve(hess, grad)
		if err != nil {
			return err
		}
		before := best
		if best = m.descend(choices, step, best); before-best < 1e-6*before {
			break
		}
	}
	return nil
}

// descend goes as far along step as the objective falls.
func (m *model) descend(choices []choice, step []float64, best float64) float64 {
	from := slices.Clone(m.w)
	for size := 1.0; size > 1e-4; size /= 2 {
		for i := range step {
			m.w[i] = from[i] - size*step[i]
		}
		if v := m.objective(choices); v < best {
			return v
		}
	}
	copy(m.w, from)
	return best
}

// objective is what newton minimises.
func (m *model) objective(choices []choice) float64 {
	var p [maxOptions]float64
	v := 0.0
	for i := range choices {
		c := &choices[i]
		v -= c.weight * math.Log(max(m.chance(c, p[:]), 1e-300))
	}
	for i := range m.w {
		if !m.used[i] && m.curve[i] == 0 {
			continue
		}
		v += ridge / 2 * m.w[i] * m.w[i]
	}
	for i := range len(m.w) - 1 {
		if m.curve[i] != 0 && m.curve[i] == m.curve[i+1] {
			d := m.w[i+1] - m.w[i]
			v += smooth / 2 * d * d
		}
	}
	return v
}

func (m *model) penalise(grad, hess []float64) {
	n := len(m.w)
	for i := range n {
		hess[i*n+i] += ridge
		if !m.used[i] && m.curve[i] == 0 {
			continue
		}
		grad[i] += ridge * m.w[i]
		if i+1 < n && m.curve[i] != 0 && m.curve[i] == m.curve[i+1] {
			d := smooth * (m.w[i+1] - m.w[i])
			grad[i] -= d
			grad[i+1] += d
			hess[i*n+i] += smooth
			hess[(i+1)*n+i+1] += smooth
			hess[i*n+i+1] -= smooth
			hess[(i+1)*n+i] -= smooth
		}
	}
}

// accumulate adds one choice to the gradient of the negative logarithm of the
// likelihood and to its Hessian (Fisher's, where several options are right).
func (m *model) accumulate(c *choice, grad, hess []float64) {
	var p [maxOptions]float64
	n := len(m.w)
	chance := m.chance(c, p[:])
	mean := map[int32]float64{} // only summed into cells, whose order does not matter
	var order []int32
	for i := range c.options {
		o := &c.options[i]
		r := p[i]
		if c.right>>i&1 == 1 {
			r -= p[i] / max(chance, 1e-300)
		}
		for k, at := range o.at {
			grad[at] += c.weight * r * o.share[k]
			if _, seen := mean[at]; !seen {
				order = append(order, at)
			}
			mean[at] += p[i] * o.share[k]
			for l, other := range o.at {
				hess[int(at)*n+int(other)] += c.weight * p[i] * o.share[k] * o.share[l]
			}
		}
	}
	for _, a := range order {
		for _, b := range order {
			hess[int(a)*n+int(b)] -= c.weight * mean[a] * mean[b]
		}
	}
}

// write puts the figures into the rule set, in tens of points.
func (m *model) write() {
	for i, p := range m.points {
		*p = int64(math.Round(m.w[i]*100)) * 10
	}
}

// solve returns the x of hess·x = grad by Cholesky's decomposition.
func solve(hess, grad []float64) ([]float64, error) {
	n := len(grad)
	l := make([]float64, n*n)
	for i := range n {
		for j := range i + 1 {
			sum := hess[i*n+j]
			for k := range j {
				sum -= l[i*n+k] * l[j*n+k]
			}
			if i != j {
				l[i*n+j] = sum / l[j*n+j]
				continue
			}
			if sum <= 0 {
				return nil, fmt.Errorf("fit: the Hessian is not positive definite at figure %d", i)
			}
			l[i*n+i] = math.Sqrt(sum)
		}
	}
	x := make([]float64, n)
	for i := range n {
		sum := grad[i]
		for k := range i {
			sum -= l[i*n+k] * x[k]
		}
		x[i] = sum / l[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		sum := x[i]
		for k := i + 1; k < n; k++ {
			sum -= l[k*n+i] * x[k]
		}
		x[i] = sum / l[i*n+i]
	}
	return x, nil
}
