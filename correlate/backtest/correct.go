package backtest

import (
	"slices"

	"pinkstar/correlate/history"
	"pinkstar/schemas"
)

// Corrections counts what operators corrected.
type Corrections struct {
	Moves   int `json:"moves"`
	Links   int `json:"links"`
	Unlinks int `json:"unlinks"`
	// Void corrections name what the log does not have, were refused, or were
	// taken back by a later one.
	Void int `json:"void"`
}

// N is how many corrections count.
func (c Corrections) N() int { return c.Moves + c.Links + c.Unlinks - c.Void }

// Agreement is how well a run agrees with the operators.
type Agreement struct {
	// Pairs of signals that an operator said belong together, or not.
	MustPairs   int     `json:"must_pairs"`
	CannotPairs int     `json:"cannot_pairs"`
	MustKept    int     `json:"must_kept"`   // of these, together
	CannotKept  int     `json:"cannot_kept"` // of these, apart
	PairP       float64 `json:"pair_precision"`
	PairR       float64 `json:"pair_recall"`
	PairF       float64 `json:"pair_f1"`
	// B-cubed over the signals of the incidents that were corrected, with what
	// the operators left as the truth.
	Signals int     `json:"bcubed_signals"`
	BP      float64 `json:"bcubed_precision"`
	BR      float64 `json:"bcubed_recall"`
	BF      float64 `json:"bcubed_f"`
}

// claim says of two sets of signals that they belong together, or not.
type claim struct {
	a, b     []string
	together bool
	key      [2]string // what it is about, so that a later one can take it back
	at       schemas.Time
}

type truth struct {
	counts  Corrections
	claims  []claim
	signals []string // of incidents that were corrected
	told    *history.Run
	moves   []history.Move // that no correction has claimed yet
}

// readTruth turns the corrections of the log into claims about signals. told is
// the run in which they were carried out: it says which were.
func readTruth(log *history.Log, told *history.Run) *truth {
	t := &truth{told: told, moves: slices.Clone(told.Moves)}
	touched := map[string]bool{}
	for i := range log.Records {
		s := log.Records[i].Signal
		if s == nil || s.Command == nil || !corrects(s) {
			continue
		}
		c := s.Command
		switch c.Action {
		case schemas.ActionMove:
			t.counts.Moves++
		case schemas.ActionLinkParent:
			t.counts.Links++
		default:
			t.counts.Unlinks++
		}
		d := told.Decisions.Get(s.ID)
		if d == nil || d.Verdict != schemas.VerdictPlaced {
			t.counts.Void++
			continue
		}
		claims, incidents := t.read(c, d, log.Records[i].At)
		if len(claims) == 0 {
			t.counts.Void++
		}
		for _, x := range claims {
			x.at = log.Records[i].At
			t.claim(x)
		}
		for _, id := range incidents {
			touched[told.Main(id)] = true
		}
	}
	for _, id := range told.Taken {
		if d := told.Decisions.Get(id); history.Grouped(d) && touched[told.Group(id)] {
			t.signals = append(t.signals, id)
		}
	}
	return t
}

// claim adds a claim; it takes back an earlier one about the same two things.
func (t *truth) claim(c claim) {
	swapped := [2]string{c.key[1], c.key[0]}
	n := len(t.claims)
	t.claims = slices.DeleteFunc(t.claims, func(x claim) bool { return x.key == c.key || x.key == swapped })
	t.counts.Void += n - len(t.claims)
	t.claims = append(t.claims, c)
}

// read says what one correction claims, and which incidents it touches.
func (t *truth) read(c *schemas.Command, d *schemas.Decision, at schemas.Time) ([]claim, []string) {
	switch c.Action {
	case schemas.ActionMove:
		return t.move(c, d, at)
	case schemas.ActionLinkParent:
		a, b := t.until(t.told.TreeMembers(c.IncidentID), at), t.until(t.apartFrom(c.ParentID, c.IncidentID), at)
		return claims(claim{a: a, b: b, together: true, key: [2]string{c.IncidentID, c.ParentID}}), []string{c.IncidentID, c.ParentID}
	}
	parent := c.ParentID
	if parent == "" {
		parent = t.parentAt(c.IncidentID, at)
	}
	a, b := t.until(t.told.TreeMembers(c.IncidentID), at), t.until(t.apartFrom(parent, c.IncidentID), at)
	return claims(claim{a: a, b: b, key: [2]string{c.IncidentID, parent}}), []string{c.IncidentID, parent}
}

// move claims that the moved signal belongs with the members of its new
// incident, and not with those of its old one.
func (t *truth) move(c *schemas.Command, d *schemas.Decision, at schemas.Time) ([]claim, []string) {
	to := d.IncidentID
	from := t.movedFrom(c.SignalID, to)
	one := []string{c.SignalID}
	incidents := []string{to}
	others := slices.DeleteFunc(slices.Clone(t.until(t.told.Members(to), at)), func(id string) bool { return id == c.SignalID })
	out := claims(claim{a: one, b: others, together: true, key: [2]string{c.SignalID, to}})
	if from != "" {
		incidents = append(incidents, from)
		out = append(out, claims(claim{a: one, b: t.until(t.told.Members(from), at), key: [2]string{c.SignalID, from}})...)
	}
	return out, incidents
}

// movedFrom is the incident that a signal came from. A signal can be moved the
// same way twice, so each move answers once.
func (t *truth) movedFrom(signalID, to string) string {
	for i := range t.moves {
		if m := t.moves[i]; m.SignalID == signalID && m.To == to {
			t.moves = slices.Delete(t.moves, i, i+1)
			return m.From
		}
	}
	return ""
}

// parentAt is the incident that another was part of until then.
func (t *truth) parentAt(id string, at schemas.Time) string {
	inc := t.told.Incidents.Get(id)
	if inc == nil {
		return ""
	}
	for i := range inc.Links {
		if l := &inc.Links[i]; l.Relation == "undone" && l.At == at {
			return l.IncidentID
		}
	}
	return ""
}

// apartFrom lists what is in the tree of one incident and not below another.
func (t *truth) apartFrom(id, without string) []string {
	below := t.told.Tree(without)
	var out []string
	for _, x := range t.told.Tree(id) {
		if !slices.Contains(below, x) {
			out = append(out, t.told.Members(x)...)
		}
	}
	return out
}

// until keeps what had been taken when the correction came: it cannot be about
// the rest.
func (t *truth) until(ids []string, at schemas.Time) []string {
	return slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return t.told.Decisions.Get(id).At > at })
}

// claims keeps a claim that says something.
func claims(c claim) []claim {
	if len(c.a) == 0 || len(c.b) == 0 {
		return nil
	}
	return []claim{c}
}

// measure scores a run.
func (t *truth) measure(r *history.Run) Agreement {
	g := Agreement{}
	for i := range t.claims {
		c := &t.claims[i]
		n, all := together(r, c), len(c.a)*len(c.b)
		if c.together {
			g.MustPairs += all
			g.MustKept += n
		} else {
			g.CannotPairs += all
			g.CannotKept += all - n
		}
	}
	wrong := g.CannotPairs - g.CannotKept
	g.PairP, g.PairR = share(g.MustKept, g.MustKept+wrong), share(g.MustKept, g.MustPairs)
	g.PairF = harmonic(g.PairP, g.PairR)
	t.bcubed(r, &g)
	return g
}

// together counts the pairs of a claim that are in one main incident.
func together(r *history.Run, c *claim) int {
	in := map[string]int{}
	for _, id := range c.a {
		if group := r.Group(id); group != "" {
			in[group]++
		}
	}
	n := 0
	for _, id := range c.b {
		n += in[r.Group(id)]
	}
	return n
}

// bcubed compares the groups of a run with those the operators left.
func (t *truth) bcubed(r *history.Run, g *Agreement) {
	g.Signals = len(t.signals)
	if g.Signals == 0 {
		g.BP, g.BR, g.BF = 1, 1, 1
		return
	}
	type cell struct{ truth, run string }
	sizes, cells, whole := map[string]int{}, map[cell]int{}, map[string]int{}
	name := func(run *history.Run, id string) string {
		if group := run.Group(id); group != "" {
			return group
		}
		return "alone " + id
	}
	for _, id := range t.signals {
		k := cell{name(t.told, id), name(r, id)}
		cells[k]++
		whole[k.truth]++
		sizes[k.run]++
	}
	var p, q float64
	for _, id := range t.signals { // in order: sums of floats depend on it
		k := cell{name(t.told, id), name(r, id)}
		p += float64(cells[k]) / float64(sizes[k.run])
		q += float64(cells[k]) / float64(whole[k.truth])
	}
	g.BP, g.BR = p/float64(g.Signals), q/float64(g.Signals)
	g.BF = harmonic(g.BP, g.BR)
}

// share is a ratio; of nothing, all is right.
func share(n, of int) float64 {
	if of == 0 {
		return 1
	}
	return float64(n) / float64(of)
}

func harmonic(p, r float64) float64 {
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}
