package eval

import (
	"slices"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

// Data is one stream to be correlated, with its truth.
type Data struct {
	Name     string
	Topology []byte // YAML, as a user would give it
	Signals  []sim.Labelled
	Faults   []sim.Fault
	World    *sim.World // nil for real data
}

// Assigner groups the signals of a stream.
type Assigner interface {
	Name() string
	// Assign returns the cluster of every signal ("" for one that stands
	// alone) and the suspected roots of every cluster, best first. It must not
	// look at the truth; only the oracle may, through what it was made with.
	Assign(topology []byte, signals []sim.Labelled) (cluster []string, roots map[string][]string, err error)
}

// Judge runs an assigner on a stream and scores it.
func Judge(a Assigner, d *Data) (Scores, error) {
	if o, ok := a.(interface{ know(*Data) }); ok {
		o.know(d)
	}
	cluster, roots, err := a.Assign(d.Topology, d.Signals)
	if err != nil {
		return Scores{}, err
	}
	return Score(d, cluster, roots), nil
}

// Score scores an assignment of a stream that was made elsewhere.
func Score(d *Data, cluster []string, roots map[string][]string) Scores {
	var items []Item
	for i := range d.Signals {
		l := &d.Signals[i]
		if l.Scored() {
			items = append(items, Item{Truth: l.Truth(), Cluster: cluster[i], Noise: l.Fault == ""})
		}
	}
	s := Measure(items)
	addRoots(&s, d, cluster, roots)
	s.FlapsStay, s.LoneFlapsStay = flapsStay(d, cluster, false), flapsStay(d, cluster, true)
	return s
}

// flapsStay is how many of the alerts that fire again out of the same fault, or
// out of the same cause that is none, are where they first were.
func flapsStay(d *Data, cluster []string, noise bool) float64 {
	home := map[[2]string]int{} // fingerprint and truth
	again, stay := 0, 0
	for i := range d.Signals {
		l := &d.Signals[i]
		if !l.Scored() || l.Kind != schemas.KindAlert || noise != (l.Fault == "") {
			continue
		}
		key := [2]string{l.Scope + l.Source + l.Fingerprint, l.Truth()}
		first, flaps := home[key]
		if !flaps {
			home[key] = i
			continue
		}
		again++
		if cluster[i] != "" && cluster[i] == cluster[first] {
			stay++
		}
	}
	if again == 0 {
		return 1
	}
	return ratio(float64(stay), again)
}

// portion is how much of a fault is in a cluster.
type portion struct {
	n     int
	first schemas.Time
}

// mainClusters finds the cluster with most signals of each fault, the earlier one on
// a tie; what is seen once has no group and is left out.
func mainClusters(d *Data, cluster []string) (home map[string]string, first map[string]schemas.Time) {
	parts := map[string]map[string]*portion{}
	for i := range d.Signals {
		l := &d.Signals[i]
		if !l.Scored() || l.Fault == "" || cluster[i] == "" {
			continue
		}
		m := parts[l.Fault]
		if m == nil {
			m = map[string]*portion{}
			parts[l.Fault] = m
		}
		if m[cluster[i]] == nil {
			m[cluster[i]] = &portion{first: l.ReceivedAt}
		}
		m[cluster[i]].n++
	}
	home, first = map[string]string{}, map[string]schemas.Time{}
	for fault, m := range parts {
		main, best := "", &portion{}
		for id, p := range m {
			if p.n > best.n || p.n == best.n && (p.first < best.first || p.first == best.first && id < main) {
				main, best = id, p
			}
		}
		if best.n > 1 {
			home[fault], first[fault] = main, best.first
		}
	}
	return home, first
}

// addRoots asks whether each fault's main cluster names the true root.
func addRoots(s *Scores, d *Data, cluster []string, roots map[string][]string) {
	home, first := mainClusters(d, cluster)
	n, top1, top3 := 0, 0, 0
	var times []float64
	for _, f := range d.Faults {
		main := home[f.ID]
		if main == "" {
			continue
		}
		n++
		times = append(times, seconds(f.Start, first[f.ID]))
		for k, r := range roots[main] {
			if k < 3 && slices.Contains(f.Roots, r) {
				top3++
				if k == 0 {
					top1++
				}
				break
			}
		}
	}
	s.RootTop1, s.RootTop3 = ratio(float64(top1), n), ratio(float64(top3), n)
	slices.Sort(times)
	if len(times) > 0 {
		s.TimeToIncident = times[len(times)/2]
	}
}
