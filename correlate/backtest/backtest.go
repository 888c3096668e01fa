package backtest

import (
	"context"

	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Side is one rule set and what it runs with.
type Side struct {
	Name     string // as it is called in the report
	Rules    *rules.Set
	Topology *rules.Topology
	Learnt   *rules.Learnt // nil: nothing
	// AsLogged carries out the activations of rules in the log instead of
	// passing over them.
	AsLogged bool
}

// Options say what is compared.
type Options struct {
	Old, New Side
	// FixTopology passes over activations of topologies in the log.
	FixTopology bool
	// FixLearnt passes over activations of learnt pairs in the log.
	FixLearnt bool
	// MaxDifferences bounds how many are reported in full; 0 for 100.
	MaxDifferences int
}

// Report is what came out.
type Report struct {
	Signals     int          `json:"signals"` // different ones in the log
	Old         Figures      `json:"old"`
	New         Figures      `json:"new"`
	Differences []Difference `json:"differences"`
	Differing   int          `json:"differing"` // all of them, also those not listed
	ByKind      Kinds        `json:"by_kind"`
	Verdicts    []Verdict    `json:"verdicts"` // signals decided in another way
	Corrections Corrections  `json:"corrections"`
}

// Kinds counts the differences by kind.
type Kinds map[string]int

// Figures are one side's.
type Figures struct {
	Name      string `json:"name"`
	Rules     string `json:"rules"`
	Topology  string `json:"topology"`
	Learnt    string `json:"learnt"`
	Incidents int    `json:"incidents"` // main ones
	Children  int    `json:"children"`
	Placed    int    `json:"placed"` // alerts and tickets in an incident
	// Compression is placed signals per main incident.
	Compression float64   `json:"compression"`
	Against     Agreement `json:"against_corrections"`
}

// Same reports whether both sides do the same.
func (r *Report) Same() bool { return r.Differing == 0 && len(r.Verdicts) == 0 }

// Worse reports whether the new side agrees less with the operators.
func (r *Report) Worse() bool {
	return r.New.Against.PairF < r.Old.Against.PairF || r.New.Against.BF < r.Old.Against.BF
}

const defaultDifferences = 100

// Compare runs both sides over the log.
func Compare(ctx context.Context, log *history.Log, o Options) (*Report, error) {
	truth, err := tell(ctx, log, &o)
	if err != nil {
		return nil, err
	}
	a, err := Uncorrected(ctx, log, o.Old, o)
	if err != nil {
		return nil, err
	}
	b, err := Uncorrected(ctx, log, o.New, o)
	if err != nil {
		return nil, err
	}
	if o.MaxDifferences == 0 {
		o.MaxDifferences = defaultDifferences
	}
	r := &Report{Signals: log.Signals(), Old: figures(a, &o.Old), New: figures(b, &o.New), ByKind: Kinds{}}
	r.Differences = differences(a, b)
	r.Differing = len(r.Differences)
	for i := range r.Differences {
		r.ByKind[r.Differences[i].Kind]++
	}
	r.Differences = r.Differences[:min(len(r.Differences), o.MaxDifferences)]
	r.Verdicts = verdicts(a, b)
	r.Corrections = truth.counts
	r.Old.Against, r.New.Against = truth.measure(a), truth.measure(b)
	return r, nil
}

// tell runs the log with its corrections, to learn what they are about. Ids of
// incidents depend on the rules that were in force; where the log does not say
// which, it is the side under which more of the corrections make sense.
func tell(ctx context.Context, log *history.Log, o *Options) (*truth, error) {
	var best *truth
	for _, s := range [...]*Side{&o.Old, &o.New} {
		told, err := log.Play(ctx, history.Setup{Rules: s.Rules, Topology: s.Topology, Learnt: s.Learnt,
			FixRules: !log.Activations, FixTopology: o.FixTopology, FixLearnt: o.FixLearnt})
		if err != nil {
			return nil, err
		}
		t := readTruth(log, told)
		if best == nil || t.counts.Void < best.counts.Void {
			best = t
		}
		if best.counts.Void == 0 || log.Activations {
			break
		}
	}
	return best, nil
}

// corrects reports whether a signal is an operator's correction.
func corrects(s *schemas.Signal) bool {
	if s.Command == nil {
		return false
	}
	switch s.Command.Action {
	case schemas.ActionMove, schemas.ActionLinkParent, schemas.ActionUnlinkParent:
		return true
	}
	return false
}

func figures(r *history.Run, s *Side) Figures {
	f := Figures{Name: s.Name, Rules: "defaults", Topology: "none", Learnt: "none"}
	switch {
	case s.AsLogged && r.Log.Activations:
		f.Rules = "of the log"
	case s.Rules != nil:
		f.Rules = s.Rules.Version
	}
	if s.Topology != nil {
		f.Topology = s.Topology.Version
	}
	if s.Learnt != nil && s.Learnt.Version != "" {
		f.Learnt = s.Learnt.Version
	}
	for inc := range r.Incidents.All() {
		if inc.ParentID == "" {
			f.Incidents++
		} else {
			f.Children++
		}
	}
	for d := range r.Decisions.All() {
		if history.Grouped(d) && d.IncidentID != "" {
			f.Placed++
		}
	}
	if f.Incidents > 0 {
		f.Compression = float64(f.Placed) / float64(f.Incidents)
	}
	return f
}
