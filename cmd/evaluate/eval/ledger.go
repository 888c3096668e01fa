package eval

import "pinkstar/cmd/evaluate/sim"

// ledger keeps what is where, of a stream whose truth is known.
type ledger struct {
	truth   map[string]string         // of a scored signal
	noise   map[string]bool           // scored signals of no fault
	members map[string]map[string]int // of a true cluster, by incident
	inside  map[string]map[string]int // of an incident, by true cluster
	size    map[string]int            // of an incident
}

func newLedger(signals []sim.Labelled) *ledger {
	g := &ledger{truth: map[string]string{}, noise: map[string]bool{}, members: map[string]map[string]int{}, inside: map[string]map[string]int{}, size: map[string]int{}}
	for i := range signals {
		if l := &signals[i]; l.Scored() {
			g.truth[l.ID], g.noise[l.ID] = l.Truth(), l.Fault == ""
		}
	}
	return g
}

// play feeds the signals to run and notes where each goes.
func (g *ledger) play(run *Replay, signals []sim.Labelled) (*Replay, error) {
	for i := range signals {
		l := &signals[i]
		if err := run.Step(&l.Signal); err != nil {
			return nil, err
		}
		if inc := run.Incident(l.ID); inc != "" && l.Scored() {
			count(g.members, l.Truth(), inc)
			count(g.inside, inc, l.Truth())
			g.size[inc]++
		}
	}
	return run, nil
}

func count(in map[string]map[string]int, a, b string) {
	if in[a] == nil {
		in[a] = map[string]int{}
	}
	in[a][b]++
}

// mostly reports whether most of an incident comes from a true cluster.
func (g *ledger) mostly(inc, truth string) bool { return 2*g.members[truth][inc] > g.size[inc] }

// home is, of the incidents that come mostly from a true cluster, the one with
// most of it; "" for none.
func (g *ledger) home(truth string) string {
	home, most := "", 0
	for _, inc := range sortedKeys(g.members[truth]) {
		if n := g.members[truth][inc]; n > most && g.mostly(inc, truth) {
			home, most = inc, n
		}
	}
	return home
}

// owner is the true cluster that most members of an incident come from.
func (g *ledger) owner(incident string) string {
	best, most := "", 0
	for _, truth := range sortedKeys(g.inside[incident]) {
		if n := g.inside[incident][truth]; n > most {
			best, most = truth, n
		}
	}
	return best
}
