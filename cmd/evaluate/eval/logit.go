package eval

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"pinkstar/correlate"
	"pinkstar/correlate/rules"
)

// model is the conditional logit over the figures of a rule set.
type model struct {
	points []*int64
	at     map[*int64]int32
	w      []float64 // of points, in log-odds
	curve  []int     // for each figure, the number of its curve, 0 for a plain weight
	used   []bool    // some choice depends on it; what none does stays as it is
	join   float64
	parent float64

	prior []float64 // what the ridge pulls to
	ridge float64

	mean  []float64 // what accumulate adds up in
	met   []bool
	order []int32
}

func newModel(set *rules.Set) *model {
	m := &model{at: map[*int64]int32{}, join: float64(set.Correlation.Join) / 1000, parent: float64(set.Correlation.Parent) / 1000}
	m.ridge = 1
	last, n := "", 0
	set.Correlation.EachPoints(func(path string, p *int64) {
		m.at[p] = int32(len(m.points))
		m.points = append(m.points, p)
		m.w, m.prior = append(m.w, float64(*p)/1000), append(m.prior, 0)
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

// loss is the mean logarithmic loss over choices.
func (m *model) loss(choices []choice) float64 {
	loss, total := m.losses(choices)
	return loss / total
}

// losses adds up the logarithmic losses of choices and their weights.
func (m *model) losses(choices []choice) (loss, total float64) {
	var p [maxOptions]float64
	for i := range choices {
		c := &choices[i]
		loss -= c.weight * math.Log(max(m.chance(c, p[:]), 1e-300))
		total += c.weight
	}
	return loss, total
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
	smooth = 10.0 // ridges: what keeps neighbouring corners of a curve together
	steps  = 30   // of Newton's method
)

// newton maximises the likelihood.
func (m *model) newton(choices []choice) error {
	n := len(m.w)
	m.used, m.mean, m.met = make([]bool, n), make([]float64, n), make([]bool, n)
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
	v, _ := m.losses(choices)
	for i := range m.w {
		if !m.used[i] && m.curve[i] == 0 {
			continue
		}
		d := m.w[i] - m.prior[i]
		v += m.ridge / 2 * d * d
	}
	for i := range len(m.w) - 1 {
		if m.curve[i] != 0 && m.curve[i] == m.curve[i+1] {
			d := m.bend(i)
			v += smooth * m.ridge / 2 * d * d
		}
	}
	return v
}

// bend is how much more figure i+1 has moved than figure i, its neighbour.
func (m *model) bend(i int) float64 { return m.w[i+1] - m.prior[i+1] - (m.w[i] - m.prior[i]) }

func (m *model) penalise(grad, hess []float64) {
	n := len(m.w)
	for i := range n {
		hess[i*n+i] += m.ridge
		if !m.used[i] && m.curve[i] == 0 {
			continue
		}
		grad[i] += m.ridge * (m.w[i] - m.prior[i])
		if i+1 < n && m.curve[i] != 0 && m.curve[i] == m.curve[i+1] {
			s := smooth * m.ridge
			d := s * m.bend(i)
			grad[i] -= d
			grad[i+1] += d
			hess[i*n+i] += s
			hess[(i+1)*n+i+1] += s
			hess[i*n+i+1] -= s
			hess[(i+1)*n+i] -= s
		}
	}
}

// accumulate adds one choice to the gradient of the negative logarithm of the
// likelihood and to the lower half of its Hessian (Fisher's, where several
// options are right).
func (m *model) accumulate(c *choice, grad, hess []float64) {
	var p [maxOptions]float64
	n := len(m.w)
	chance := m.chance(c, p[:])
	mean, order := m.mean, m.order[:0] // all zero between choices
	for i := range c.options {
		o := &c.options[i]
		r := p[i]
		if c.right>>i&1 == 1 {
			r -= p[i] / max(chance, 1e-300)
		}
		for k, at := range o.at {
			grad[at] += c.weight * r * o.share[k]
			if !m.met[at] {
				m.met[at] = true
				order = append(order, at)
			}
			mean[at] += p[i] * o.share[k]
			for l, other := range o.at {
				if other <= at {
					hess[int(at)*n+int(other)] += c.weight * p[i] * o.share[k] * o.share[l]
				}
			}
		}
	}
	for _, a := range order {
		for _, b := range order {
			if b <= a {
				hess[int(a)*n+int(b)] -= c.weight * mean[a] * mean[b]
			}
		}
	}
	for _, a := range order {
		mean[a], m.met[a] = 0, false
	}
	m.order = order
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
