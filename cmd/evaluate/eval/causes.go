package eval

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// CauseScores say how well the engine tells where a fault began and what caused it.
type CauseScores struct {
	Faults   int `json:"faults"`   // with two signals in their main incident
	Top1     int `json:"top1"`     // of these, whose root is suspected first
	Top3     int `json:"top3"`     // among the first three
	Grounded int `json:"grounded"` // first, and joined to the first symptom by the incident's links

	Guilty   int `json:"guilty"`   // faults that a change caused, and that was told of
	Named    int `json:"named"`    // of these, whose incident has it as the likely cause
	Innocent int `json:"innocent"` // faults that no change caused
	Wrongly  int `json:"wrongly"`  // of these, whose incident has a likely cause

	// Said are the probabilities that main incidents gave to changes when they were
	// last written, with what was so.
	Said []Said `json:"-"`
}

// Said is a probability that was told, and whether it was so.
type Said struct {
	P    float64
	True bool
}

// CauseRow is one kind of world, over seeds.
type CauseRow struct {
	Data    string              `json:"data"`
	PerSeed []CauseScores       `json:"per_seed"`
	Figures map[string]Interval `json:"figures_95"`
	Brier   float64             `json:"brier"`
	Deciles []Decile            `json:"deciles"`
}

// Decile is how often what was given a probability of a tenth was so.
type Decile struct {
	From  float64 `json:"from"`
	N     int     `json:"n"`
	Mean  float64 `json:"mean"`  // of the probabilities
	Share float64 `json:"share"` // that was so
}

var causeFigures = []struct {
	name string
	of   func(*CauseScores) float64
}{
	{"root top-1", func(s *CauseScores) float64 { return ratio(float64(s.Top1), s.Faults) }},
	{"root top-3", func(s *CauseScores) float64 { return ratio(float64(s.Top3), s.Faults) }},
	{"grounded", func(s *CauseScores) float64 { return ratio(float64(s.Grounded), s.Faults) }},
	{"guilty named", func(s *CauseScores) float64 { return ratio(float64(s.Named), s.Guilty) }},
	{"named wrongly", func(s *CauseScores) float64 { return ratio(float64(s.Wrongly), s.Innocent) }},
}

// RunCauses judges roots and causes on simulated worlds and on those in folders. set
// may be nil.
func RunCauses(seeds []uint64, levels []sim.Level, folders []string, workers int, set *rules.Set) ([]CauseRow, error) {
	jobs, err := plan(Options{Seeds: seeds, Levels: levels, Worlds: folders})
	if err != nil {
		return nil, err
	}
	scores, errs := make([]CauseScores, len(jobs)), make([]error, len(jobs))
	each(len(jobs), workers, func(i int) {
		d, err := jobs[i].make()
		if err == nil {
			scores[i], err = judgeCauses(d, set)
		}
		if err != nil {
			errs[i] = fmt.Errorf("%s, seed %d: %w", jobs[i].name, jobs[i].seed, err)
		}
	})
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	var rows []CauseRow
	for i, j := range jobs {
		if n := len(rows); n == 0 || rows[n-1].Data != j.name {
			rows = append(rows, CauseRow{Data: j.name})
		}
		r := &rows[len(rows)-1]
		r.PerSeed = append(r.PerSeed, scores[i])
	}
	for i := range rows {
		rows[i].finish()
	}
	return rows, nil
}

func (r *CauseRow) finish() {
	r.Figures = map[string]Interval{}
	for _, f := range causeFigures {
		var xs []float64
		for i := range r.PerSeed {
			xs = append(xs, f.of(&r.PerSeed[i]))
		}
		r.Figures[f.name] = IntervalOf(xs)
	}
	const tenths = 10
	r.Deciles = make([]Decile, tenths)
	n := 0
	for i := range r.PerSeed {
		for _, s := range r.PerSeed[i].Said {
			is := 0.0
			if s.True {
				is = 1
			}
			n++
			r.Brier += (s.P - is) * (s.P - is)
			d := &r.Deciles[min(int(s.P*tenths), tenths-1)]
			d.N, d.Mean, d.Share = d.N+1, d.Mean+s.P, d.Share+is
		}
	}
	r.Brier = ratio(r.Brier, n)
	for i := range r.Deciles {
		d := &r.Deciles[i]
		d.From, d.Mean, d.Share = float64(i)/tenths, ratio(d.Mean, d.N), ratio(d.Share, d.N)
	}
}

func judgeCauses(d *Data, set *rules.Set) (CauseScores, error) {
	run, err := Engine{Rules: set}.replay(d.Topology, d.Signals)
	if err != nil {
		return CauseScores{}, err
	}
	cluster := run.Clusters(d.Signals)
	home, _ := mainClusters(d, cluster)
	var s CauseScores
	s.roots(d, run, cluster, home)
	s.changes(d, run, cluster, home)
	return s, nil
}

// roots counts what is said of where faults began.
func (s *CauseScores) roots(d *Data, run *Replay, cluster []string, home map[string]string) {
	roots := run.Roots()
	for i := range d.Faults {
		f := &d.Faults[i]
		main := home[f.ID]
		if main == "" {
			continue
		}
		s.Faults++
		at := slices.IndexFunc(roots[main], func(r string) bool { return slices.Contains(f.Roots, r) })
		if at < 0 || at > 2 {
			continue
		}
		if s.Top3++; at > 0 {
			continue
		}
		if s.Top1++; grounded(d, run, cluster, main, f.ID, roots[main][0]) {
			s.Grounded++
		}
	}
}

// changes counts what is said of what caused them.
func (s *CauseScores) changes(d *Data, run *Replay, cluster []string, home map[string]string) {
	guilty := map[string]string{} // fault -> its change
	for i := range d.Signals {
		if l := &d.Signals[i]; l.Kind == schemas.KindChange && l.Fault != "" && guilty[l.Fault] == "" {
			guilty[l.Fault] = l.ID
		}
	}
	caused := map[[2]string]bool{} // incident and change
	for i := range d.Faults {
		f := &d.Faults[i]
		main := home[f.ID]
		if main == "" || f.Seasonal {
			continue
		}
		likely := run.incidents.Get(main).Candidates
		if change := guilty[f.ID]; change != "" {
			s.Guilty++
			caused[[2]string{main, change}] = true
			if slices.ContainsFunc(likely, func(c schemas.Candidate) bool { return c.SignalID == change }) {
				s.Named++
			}
			continue
		}
		s.Innocent++
		if slices.ContainsFunc(likely, func(c schemas.Candidate) bool { return !guiltyHere(home, guilty, main, c.SignalID) }) {
			s.Wrongly++
		}
	}
	works := map[string]string{} // what windows are called -> their first signal
	for i := range d.Signals {
		if l := &d.Signals[i]; l.Kind == schemas.KindMaintenance && works[l.Fingerprint] == "" {
			works[l.Fingerprint] = l.ID
		}
	}
	for i := range d.Signals { // what work raises, the work caused
		if l := &d.Signals[i]; l.Expected && cluster[i] != "" {
			caused[[2]string{cluster[i], works[l.Noise]}] = true
		}
	}
	s.said(run, cluster, caused)
}

// said gathers the probabilities of all main incidents.
func (s *CauseScores) said(run *Replay, cluster []string, caused map[[2]string]bool) {
	told := map[string]bool{}
	for _, id := range cluster {
		inc := run.incidents.Get(id)
		if inc == nil || told[id] {
			continue
		}
		told[id] = true
		for _, list := range [][]schemas.Candidate{inc.Candidates, inc.Also} {
			for _, c := range list {
				s.Said = append(s.Said, Said{c.Probability, caused[[2]string{id, c.SignalID}]})
			}
		}
	}
}

// guiltyHere reports whether a change caused another fault in the same incident:
// then the incident is two, and the cause is right.
func guiltyHere(home, guilty map[string]string, main, change string) bool {
	for fault, c := range guilty {
		if c == change && home[fault] == main {
			return true
		}
	}
	return false
}

// grounded reports whether the links of the incident main lead from what is about
// the service root to the first symptom of a fault that was told: from each signal
// to the one that it was linked to, and from an incident to the one it is part of.
func grounded(d *Data, run *Replay, cluster []string, main, fault, root string) bool {
	next := map[string][]string{}
	join := func(a, b string) {
		if a != "" && b != "" {
			next[a], next[b] = append(next[a], b), append(next[b], a)
		}
	}
	first := ""
	about := map[string]bool{}
	for i := range d.Signals {
		l := &d.Signals[i]
		if l.Repeat || cluster[i] != main {
			continue
		}
		dec, _ := run.Decision(l.ID)
		join(l.ID, dec.AnchorID)
		if inc := run.incidents.Get(dec.IncidentID); inc != nil && inc.ParentID != "" && inc.Opening == l.ID {
			for k := range inc.Links {
				if p := run.incidents.Get(inc.Links[k].IncidentID); p != nil && inc.Links[k].Relation == "child_of" {
					join(l.ID, p.Opening)
				}
			}
		}
		if l.Scored() && l.Fault == fault && first == "" {
			first = l.ID
		}
		about[l.ID] = l.Root == root && l.Fault == fault || aboutService(run, dec.IncidentID, l.ID, root)
	}
	seen, todo := map[string]bool{first: true}, []string{first}
	for len(todo) > 0 && first != "" {
		at := todo[0]
		if todo = todo[1:]; about[at] {
			return true
		}
		for _, n := range next[at] {
			if !seen[n] {
				seen[n] = true
				todo = append(todo, n)
			}
		}
	}
	return false
}

// aboutService reports whether the engine took a member to be about a service.
func aboutService(run *Replay, incident, signal, service string) bool {
	inc := run.incidents.Get(incident)
	return inc != nil && slices.ContainsFunc(inc.Members, func(m schemas.MemberRef) bool { return m.SignalID == signal && m.Service == service })
}

// WriteCauses prints the rows for people.
func WriteCauses(out io.Writer, rows []CauseRow) error {
	var b strings.Builder
	fmt.Fprintf(&b, "\nroots and causes (mean ±95%% over seeds)\n%-24s%5s", "", "runs")
	for _, f := range causeFigures {
		fmt.Fprintf(&b, "%16s", f.name)
	}
	b.WriteByte('\n')
	for _, r := range rows {
		fmt.Fprintf(&b, "%-24s%5d", r.Data, len(r.PerSeed))
		for _, f := range causeFigures {
			iv := r.Figures[f.name]
			fmt.Fprintf(&b, "%10.2f ±%4.2f", iv.Mean, iv.Half)
		}
		b.WriteByte('\n')
	}
	for _, r := range rows {
		fmt.Fprintf(&b, "\n%s: what was said of changes, and how often it was so; Brier score %.3f\n", r.Data, r.Brier)
		for _, d := range r.Deciles {
			if d.N > 0 {
				fmt.Fprintf(&b, "  %.1f to %.1f: said %.2f, was so %.2f (%d)\n", d.From, d.From+0.1, d.Mean, d.Share, d.N)
			}
		}
	}
	b.WriteString("\ngrounded: the root is right, and the incident's links lead from it to the first symptom. guilty named: faults by a change that\nis the likely cause. named wrongly: faults by none whose incident has a likely cause.\n")
	_, err := io.WriteString(out, b.String())
	return err
}
