package eval

import (
	"fmt"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// ProblemScores say how well recurring causes are told from coincidence and
// from jobs that run by the clock.
type ProblemScores struct {
	Flagged   int     `json:"flagged"`   // problems
	Right     int     `json:"right"`     // of these, about one recurring cause
	Seasonal  int     `json:"seasonal"`  // of these, about a seasonal job
	Causes    int     `json:"causes"`    // recurring causes with enough occurrences to be found
	Found     int     `json:"found"`     // of these, flagged
	Precision float64 `json:"precision"` // right / flagged
	Recall    float64 `json:"recall"`    // found / causes
}

// minOccurrences is how often a cause must have struck to be found.
const minOccurrences = 3

// JudgeProblems runs the engine over a long quiet world and compares the
// problems it flags with the causes that recur. set may be nil.
func JudgeProblems(seed uint64, set *rules.Set) (ProblemScores, error) {
	w, err := sim.Generate(sim.ForProblems(seed))
	if err != nil {
		return ProblemScores{}, err
	}
	topo, err := rules.ParseTopology("topology.yaml", w.Topology)
	if err != nil {
		return ProblemScores{}, err
	}
	run := NewReplay(correlate.New(set, topo))
	for i := range w.Signals {
		if err := run.Step(&w.Signals[i].Signal); err != nil {
			return ProblemScores{}, fmt.Errorf("seed %d: %w", seed, err)
		}
	}
	run.Tick(run.now.Add(schemas.Day))
	return scoreProblems(w, run), nil
}

func scoreProblems(w *sim.World, run *Replay) ProblemScores {
	cause := causeOfIncidents(w, run)
	seasonal, times := map[string]bool{}, map[string]int{}
	for _, f := range w.Faults {
		if f.Latent != "" {
			seasonal[f.Latent] = f.Seasonal
			times[f.Latent]++
		}
	}
	s := ProblemScores{}
	found := map[string]bool{}
	for p := range run.problems.All() {
		s.Flagged++
		votes := map[string]int{}
		for _, inc := range p.IncidentIDs {
			votes[cause[inc]]++
		}
		best := most(votes)
		switch {
		case best == "" || 2*votes[best] <= len(p.IncidentIDs):
		case seasonal[best]:
			s.Seasonal++
		default:
			s.Right++
			found[best] = true
		}
	}
	for id, n := range times {
		if !seasonal[id] && n >= minOccurrences {
			s.Causes++
			if found[id] {
				s.Found++
			}
		}
	}
	s.Precision, s.Recall = 1, 1
	if s.Flagged > 0 {
		s.Precision = ratio(float64(s.Right), s.Flagged)
	}
	if s.Causes > 0 {
		s.Recall = ratio(float64(s.Found), s.Causes)
	}
	return s
}

// causeOfIncidents names the recurring cause that most signals of each
// incident come from, "" when it is none.
func causeOfIncidents(w *sim.World, run *Replay) map[string]string {
	latent := map[string]string{}
	for _, f := range w.Faults {
		latent[f.ID] = f.Latent
	}
	votes := map[string]map[string]int{}
	for i := range w.Signals {
		l := &w.Signals[i]
		if inc := run.Incident(l.ID); inc != "" && l.Scored() {
			if votes[inc] == nil {
				votes[inc] = map[string]int{}
			}
			votes[inc][latent[l.Fault]]++
		}
	}
	cause := map[string]string{}
	for inc, v := range votes {
		cause[inc] = most(v)
	}
	return cause
}

// most returns the key with the most votes, the first by name on a tie.
func most(votes map[string]int) string {
	best := ""
	for _, k := range sortedKeys(votes) {
		if best == "" && votes[best] == 0 || votes[k] > votes[best] {
			best = k
		}
	}
	return best
}
