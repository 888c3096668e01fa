package eval

import (
	"fmt"
	"slices"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/correlate"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// ProblemScores say how well recurring causes are told from coincidence and
// from jobs that run by the clock.
type ProblemScores struct {
	Flagged  int `json:"flagged"`  // problems
	Right    int `json:"right"`    // of these, the first about a recurring cause
	Again    int `json:"again"`    // of these, about a cause that another is about
	Seasonal int `json:"seasonal"` // of these, about a job
	Causes   int `json:"causes"`   // recurring causes with enough occurrences to be found
	Found    int `json:"found"`    // of these, flagged
	Later    int `json:"later"`    // occurrences of a flagged cause after its flagging
	Carried  int `json:"carried"`  // of these, whose incident carries a problem of that cause
	Carrying int `json:"carrying"` // incidents that carry a problem
	Wrongly  int `json:"wrongly"`  // of these, of another cause, or of none

	Precision float64 `json:"precision"` // right / flagged
	Recall    float64 `json:"recall"`    // found / causes
	Carry     float64 `json:"carry"`     // carried / later
	Astray    float64 `json:"astray"`    // wrongly / carrying
	Needed    float64 `json:"needed"`    // occurrences until a cause was flagged, mean
	Seconds   float64 `json:"seconds"`   // from a later occurrence's first alert until its incident says so, median

	Lost []string `json:"lost,omitempty"` // what was not found, or wrongly: for who looks into it
}

// minOccurrences is how often a cause must have struck to be found.
const minOccurrences = 3

// JudgeProblems runs the engine over a long quiet world and compares the
// problems it flags with the causes that recur. set may be nil.
func JudgeProblems(p sim.Params, set *rules.Set) (ProblemScores, error) {
	w, err := sim.Generate(p)
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
			return ProblemScores{}, fmt.Errorf("seed %d: %w", p.Seed, err)
		}
	}
	run.Tick(run.now.Add(schemas.Day))
	return scoreProblems(w, run), nil
}

// problemJudge compares what an engine said with the truth of a world.
type problemJudge struct {
	ProblemScores
	run      *Replay
	faults   map[string]*sim.Fault
	home     map[string]string             // fault -> the main incident with most of its signals
	first    map[string]schemas.Time       // fault -> when its first signal arrived
	incident map[string]map[string]int     // main incident -> fault, or "" -> signals
	problem  map[string]string             // problem -> the cause it is about
	about    map[string][]*schemas.Problem // cause -> its problems
	occurs   map[string][]*sim.Fault       // cause -> its occurrences, oldest first
	carried  map[string]string             // main incident -> its problem
}

func scoreProblems(w *sim.World, run *Replay) ProblemScores {
	j := &problemJudge{run: run, faults: map[string]*sim.Fault{}, home: map[string]string{}, first: map[string]schemas.Time{},
		incident: map[string]map[string]int{}, problem: map[string]string{}, about: map[string][]*schemas.Problem{},
		occurs: map[string][]*sim.Fault{}, carried: map[string]string{}}
	j.look(w)
	j.problems()
	j.causes()
	j.incidents()
	if j.Flagged > 0 {
		j.Precision = ratio(float64(j.Right), j.Flagged)
	} else {
		j.Precision = 1
	}
	j.Recall, j.Carry, j.Astray = share(j.Found, j.Causes), share(j.Carried, j.Later), 0
	if j.Carrying > 0 {
		j.Astray = ratio(float64(j.Wrongly), j.Carrying)
	}
	return j.ProblemScores
}

// share is n of all, 1 of nothing.
func share(n, all int) float64 {
	if all == 0 {
		return 1
	}
	return ratio(float64(n), all)
}

// look finds out what lies where.
func (j *problemJudge) look(w *sim.World) {
	parts := map[string]map[string]int{}
	for i := range w.Signals {
		l := &w.Signals[i]
		if l.Fault != "" && j.first[l.Fault] == 0 {
			j.first[l.Fault] = l.ReceivedAt
		}
		inc := j.run.Outermost(j.run.Incident(l.ID))
		if inc == "" || !l.Scored() {
			continue
		}
		if j.incident[inc] == nil {
			j.incident[inc] = map[string]int{}
		}
		j.incident[inc][l.Fault]++
		if l.Fault != "" {
			if parts[l.Fault] == nil {
				parts[l.Fault] = map[string]int{}
			}
			parts[l.Fault][inc]++
		}
	}
	for f, m := range parts {
		j.home[f] = most(m)
	}
	for i := range w.Faults {
		f := &w.Faults[i]
		j.faults[f.ID] = f
		if f.Latent != "" && f.Alerts > 0 {
			j.occurs[f.Latent] = append(j.occurs[f.Latent], f)
		}
	}
	for inc := range j.run.incidents.All() {
		if inc.ProblemID != "" && inc.ParentID == "" {
			j.carried[inc.ID] = inc.ProblemID
		}
	}
}

// causeOf names the recurring cause that most signals of a main incident come
// from, "" when that is none.
func (j *problemJudge) causeOf(inc string) string {
	votes := map[string]int{}
	for f, n := range j.incident[inc] {
		cause := ""
		if f != "" {
			cause = j.faults[f].Latent
		}
		votes[cause] += n
	}
	return most(votes)
}

// problems judges what was flagged.
func (j *problemJudge) problems() {
	list := slices.Collect(j.run.problems.All())
	slices.SortFunc(list, func(a, b *schemas.Problem) int { return int(a.FlaggedAt - b.FlaggedAt) })
	for _, p := range list {
		j.Flagged++
		votes := map[string]int{}
		for _, inc := range p.IncidentIDs {
			votes[j.causeOf(j.run.Outermost(inc))]++
		}
		best := most(votes)
		switch occurs := j.occurs[best]; {
		case best == "" || 2*votes[best] <= len(p.IncidentIDs):
			j.lost("no cause: votes %v: %s (%s) %v", votes, p.Title, p.Signature, p.Evidence[len(p.Evidence)-1].Points)
			best = ""
		case occurs[0].Seasonal:
			j.Seasonal++
			j.lost("a job: %s (%s) %s", p.Title, p.Signature, best)
		case j.about[best] != nil:
			j.Again++
			j.lost("once more %s: %s (%s), first %s (%s)", best, p.Title, p.Signature, j.about[best][0].Title, j.about[best][0].Signature)
		default:
			j.Right++
		}
		j.problem[p.ID] = best
		if best != "" {
			j.about[best] = append(j.about[best], p)
		}
	}
}

func (j *problemJudge) lost(format string, args ...any) {
	j.Lost = append(j.Lost, fmt.Sprintf(format, args...))
}

// causes judges which causes were found, how soon, and what was said of them
// later.
func (j *problemJudge) causes() {
	var needed, seconds []float64
	for _, id := range sortedKeys(j.occurs) {
		all := j.occurs[id]
		if all[0].Seasonal || len(all) < minOccurrences {
			continue
		}
		j.Causes++
		slices.SortFunc(all, func(a, b *sim.Fault) int { return int(a.Start - b.Start) })
		found := j.about[id]
		if found == nil {
			j.lost("not found: %s on %s, %d times", id, all[0].Root, len(all))
			continue
		}
		j.Found++
		before := 0
		for _, f := range all {
			if f.Start < found[0].FlaggedAt {
				before++
				continue
			}
			j.Later++
			inc := j.home[f.ID]
			if j.problem[j.carried[inc]] != id {
				j.lost("not said: %s on %s, %d services, %d alerts, %d of them in %s with %v, problem %q", id, f.Root, len(f.Touched), f.Alerts, j.incident[inc][f.ID], inc, j.incident[inc], j.carried[inc])
				continue
			}
			j.Carried++
			if at := j.run.saidAt[inc]; at != 0 {
				seconds = append(seconds, float64(at.Sub(j.first[f.ID]))/1000)
			}
		}
		needed = append(needed, float64(before))
	}
	j.Needed = IntervalOf(needed).Mean
	if slices.Sort(seconds); len(seconds) > 0 {
		j.Seconds = seconds[len(seconds)/2]
	}
}

// incidents judges what carries a problem.
func (j *problemJudge) incidents() {
	for _, inc := range sortedKeys(j.carried) {
		j.Carrying++
		cause := j.problem[j.carried[inc]]
		if inside := j.incident[inc]; cause != "" {
			for f := range inside {
				if f != "" && j.faults[f].Latent == cause {
					inside = nil
					break
				}
			}
			if inside == nil {
				continue
			}
		}
		j.Wrongly++
	}
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
