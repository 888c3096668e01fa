package eval

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"pinkstar/cmd/evaluate/sim"
	"pinkstar/schemas"
)

// Options of Run.
type Options struct {
	Seeds     []uint64
	Levels    []sim.Level
	MicroSS   bool
	Worlds    []string   // folders, see ReadWorld
	Assigners []Assigner // what is compared; the first is ours
	Workers   int        // 1 when 0
	Progress  func(done, all int)
	// Sharing one assigner between workers is safe only for stateless ones, so
	// each job asks for fresh ones here when it is set.
	Fresh func() []Assigner
}

// Row is one assigner on one kind of data, over seeds.
type Row struct {
	Data     string             `json:"data"`
	Assigner string             `json:"assigner"`
	Seeds    []uint64           `json:"seeds"`
	PerSeed  []Scores           `json:"per_seed"`
	Mean     map[string]float64 `json:"mean"`
	BF       Interval           `json:"bcubed_f_95"`
	FaultBF  Interval           `json:"faults_only_bcubed_f_95"`
	PairF    Interval           `json:"pair_f1_95"`
	// Lead is ours minus this one in B-cubed F, paired over seeds.
	Lead     Interval `json:"our_lead_bcubed_f_95"`
	LeadPair Interval `json:"our_lead_pair_f1_95"`
}

// Table is the result of Run.
type Table struct {
	Rows []Row `json:"rows"`
}

type job struct {
	name string
	seed uint64
	make func() (*Data, error)
}

// Run judges every assigner on every data set and seed.
func Run(o Options) (*Table, error) {
	jobs, err := plan(o)
	if err != nil {
		return nil, err
	}
	results := make([][]Scores, len(jobs))
	errs := make([]error, len(jobs))
	names := make([][]string, len(jobs))
	var mu sync.Mutex
	done := 0
	each(len(jobs), o.Workers, func(i int) {
		results[i], names[i], errs[i] = o.one(jobs[i])
		mu.Lock()
		defer mu.Unlock()
		done++
		if o.Progress != nil {
			o.Progress(done, len(jobs))
		}
	})
	if err := cmp.Or(errs...); err != nil {
		return nil, err
	}
	return collect(jobs, names, results), nil
}

// each calls f with 0 to n-1 on so many goroutines, at least one, and waits.
func each(n, workers int, f func(int)) {
	work := make(chan int)
	var wg sync.WaitGroup
	for range max(1, workers) {
		wg.Go(func() {
			for i := range work {
				f(i)
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	wg.Wait()
}

func (o Options) one(j job) ([]Scores, []string, error) {
	d, err := j.make()
	if err != nil {
		return nil, nil, fmt.Errorf("%s, seed %d: %w", j.name, j.seed, err)
	}
	list := o.Assigners
	if o.Fresh != nil {
		list = o.Fresh()
	}
	var out []Scores
	var names []string
	for _, a := range list {
		if _, oracle := a.(*Oracle); oracle && d.World == nil {
			continue
		}
		s, err := Judge(a, d)
		if err != nil {
			return nil, nil, fmt.Errorf("%s on %s, seed %d: %w", a.Name(), j.name, j.seed, err)
		}
		out, names = append(out, s), append(names, a.Name())
	}
	return out, names, nil
}

func plan(o Options) ([]job, error) {
	var jobs []job
	for _, level := range o.Levels {
		for _, seed := range o.Seeds {
			jobs = append(jobs, job{string(level), seed, func() (*Data, error) { return Simulated(sim.For(level, seed)) }})
		}
	}
	if o.MicroSS {
		m, err := LoadMicroSS()
		if err != nil {
			return nil, err
		}
		for _, seed := range o.Seeds {
			jobs = append(jobs, job{"MicroSS overlay 600s", seed, func() (*Data, error) { return m.Overlay(seed, 600*schemas.Second), nil }})
		}
		jobs = append(jobs, job{"MicroSS native", 0, func() (*Data, error) { return m.Native(), nil }})
	}
	for _, dir := range o.Worlds {
		jobs = append(jobs, job{filepath.Base(dir), 0, func() (*Data, error) { return ReadWorld(dir) }})
	}
	return jobs, nil
}

// Simulated makes a world ready to be judged.
func Simulated(p sim.Params) (*Data, error) {
	w, err := sim.Generate(p)
	if err != nil {
		return nil, err
	}
	return &Data{Name: string(p.Level), Topology: w.Topology, Signals: w.Signals, Faults: w.Faults, World: w}, nil
}

func collect(jobs []job, names [][]string, results [][]Scores) *Table {
	t := &Table{}
	for i, j := range jobs {
		for k, name := range names[i] {
			at := slices.IndexFunc(t.Rows, func(r Row) bool { return r.Data == j.name && r.Assigner == name })
			if at < 0 {
				at = len(t.Rows)
				t.Rows = append(t.Rows, Row{Data: j.name, Assigner: name})
			}
			r := &t.Rows[at]
			r.Seeds, r.PerSeed = append(r.Seeds, j.seed), append(r.PerSeed, results[i][k])
		}
	}
	for i := range t.Rows {
		t.Rows[i].finish(t)
	}
	return t
}

func column(scores []Scores, f func(*Scores) float64) []float64 {
	out := make([]float64, len(scores))
	for i := range scores {
		out[i] = f(&scores[i])
	}
	return out
}

// Figures lists what is averaged, in the order it is printed.
var Figures = []struct {
	Name, Head string
	Of         func(*Scores) float64
}{
	{"bcubed_f", "B3F", func(s *Scores) float64 { return s.BF }},
	{"bcubed_precision", "B3P", func(s *Scores) float64 { return s.BP }},
	{"bcubed_recall", "B3R", func(s *Scores) float64 { return s.BR }},
	{"faults_only_bcubed_f", "B3F*", func(s *Scores) float64 { return s.FaultBF }},
	{"pair_f1", "F1", func(s *Scores) float64 { return s.PairF }},
	{"adjusted_rand_index", "ARI", func(s *Scores) float64 { return s.ARI }},
	{"incident_macro_f1", "macro", func(s *Scores) float64 { return s.MacroF1 }},
	{"over_merged", "over", func(s *Scores) float64 { return s.OverMerged }},
	{"fragments", "frag", func(s *Scores) float64 { return s.Fragments }},
	{"noise_absorbed", "noise", func(s *Scores) float64 { return s.Absorbed }},
	{"root_top1", "root1", func(s *Scores) float64 { return s.RootTop1 }},
	{"root_top3", "root3", func(s *Scores) float64 { return s.RootTop3 }},
	{"flaps_stay", "flaps", func(s *Scores) float64 { return s.FlapsStay }},
	{"lone_flaps_stay", "lone", func(s *Scores) float64 { return s.LoneFlapsStay }},
	{"time_to_incident_s", "secs", func(s *Scores) float64 { return s.TimeToIncident }},
	{"reduction", "reduc", func(s *Scores) float64 { return s.Reduction }},
}

func (r *Row) finish(t *Table) {
	r.Mean = map[string]float64{}
	for _, f := range Figures {
		r.Mean[f.Name] = IntervalOf(column(r.PerSeed, f.Of)).Mean
	}
	bf := func(s *Scores) float64 { return s.BF }
	pf := func(s *Scores) float64 { return s.PairF }
	r.BF, r.PairF = IntervalOf(column(r.PerSeed, bf)), IntervalOf(column(r.PerSeed, pf))
	r.FaultBF = IntervalOf(column(r.PerSeed, func(s *Scores) float64 { return s.FaultBF }))
	ours := t.Rows[slices.IndexFunc(t.Rows, func(o Row) bool { return o.Data == r.Data })]
	r.Lead = Paired(column(ours.PerSeed, bf), column(r.PerSeed, bf))
	r.LeadPair = Paired(column(ours.PerSeed, pf), column(r.PerSeed, pf))
}
