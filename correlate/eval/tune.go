package eval

import (
	"fmt"
	"io"

	"pinkstar/correlate/rules"
	"pinkstar/correlate/sim"
	"pinkstar/schemas"
)

// TuneOptions of Tune.
type TuneOptions struct {
	Start   *rules.Set // nil for the defaults
	Seeds   int        // how many tuning seeds, all when 0
	Rounds  int        // 1 when 0
	Workers int        // 1 when 0
	Log     io.Writer  // a line per improvement; nil for none
}

// knob is one figure of the rule set that may be turned.
type knob struct {
	name string
	at   *int64
	step int64
}

// tuningData is what an objective is taken over: tuning seeds only.
type tuningData struct {
	data   []*Data
	weight []float64
	goal   []func(*Scores) float64
}

// Tune searches the weights of the engine coordinate by coordinate: each is
// moved up and down by its step, and what raises the objective is kept. The
// objective is B-cubed F on the simulator's standard and hard worlds and on
// the MicroSS overlay (there with pairwise F1), all on tuning seeds. The same
// options give the same result.
func Tune(o TuneOptions) (*rules.Set, float64, error) {
	set := o.Start
	if set == nil {
		set = rules.Default()
	}
	td, err := loadTuning(o)
	if err != nil {
		return nil, 0, err
	}
	knobs := knobsOf(&set.Correlation)
	best, err := td.objective(set, o.Workers)
	if err != nil {
		return nil, 0, err
	}
	say(o.Log, "start %.5f\n", best)
	for round := range max(1, o.Rounds) {
		before := best
		for _, k := range knobs {
			if best, err = turn(k, set, td, best, o); err != nil {
				return nil, 0, err
			}
		}
		say(o.Log, "round %d: %.5f\n", round+1, best)
		if best-before < 1e-4 {
			break
		}
		for i := range knobs {
			knobs[i].step = max(knobs[i].step/2, 25)
		}
	}
	return set, best, nil
}

// turn tries a knob both ways, twice as far where it helps.
func turn(k knob, set *rules.Set, td *tuningData, best float64, o TuneOptions) (float64, error) {
	for _, step := range [...]int64{k.step, -k.step} {
		for moved := false; ; moved = true {
			old := *k.at
			*k.at = old + step
			if set.Correlation.Parent < set.Correlation.Join {
				*k.at = old
				break
			}
			v, err := td.objective(set, o.Workers)
			if err != nil {
				return 0, err
			}
			if v <= best+2e-5 {
				*k.at = old
				if moved {
					return best, nil
				}
				break
			}
			say(o.Log, "%.5f %+.5f %s %d -> %d\n", v, v-best, k.name, old, *k.at)
			best = v
		}
	}
	return best, nil
}

func say(w io.Writer, format string, args ...any) {
	if w != nil {
		fmt.Fprintf(w, format, args...)
	}
}

func knobsOf(c *rules.Correlation) []knob {
	w := &c.Weights
	list := []knob{
		{"same_service", &w.SameService, 400}, {"quiet", &w.Quiet, 60}, {"quiet_across", &w.QuietAcross, 100},
		{"depends_on_1", &w.DependsOn1, 400}, {"depends_on_2", &w.DependsOn2, 400}, {"depends_on_3", &w.DependsOn3, 400},
		{"wrong_order", &w.WrongOrder, 400}, {"shared_dependency", &w.SharedCallee, 400}, {"shared_caller", &w.SharedCaller, 400},
		{"same_host", &w.SameHost, 400}, {"host_of_service", &w.HostOfService, 400}, {"host_too", &w.HostToo, 300},
		{"same_instance", &w.SameInstance, 300}, {"mention", &w.Mention, 500},
		{"mention_too", &w.MentionToo, 300}, {"mention_peer", &w.MentionPeer, 500}, {"mention_name", &w.MentionName, 500},
		{"lone", &w.Lone, 300}, {"lone_across", &w.LoneAcross, 300}, {"spread", &w.Spread, 300}, {"pace", &w.Pace, 120},
		{"pace_across", &w.PaceAcross, 150}, {"background", &w.Background, 150}, {"recovered", &w.Recovered, 400},
		{"refire", &w.Refire, 800}, {"storm", &w.Storm, 400}, {"link_direct", &w.LinkDirect, 300}, {"link_far", &w.LinkFar, 300}, {"link_lone", &w.LinkLone, 300},
		{"change", &w.Change, 300}, {"same_alert", &w.SameAlert, 600},
	}
	for _, t := range []struct {
		name  string
		table []rules.TimePoint
	}{{"time", c.Time}, {"time_across", c.TimeAcross}, {"onset", c.Onset}} {
		for i := range t.table {
			list = append(list, knob{fmt.Sprintf("%s[%s]", t.name, t.table[i].Gap), &t.table[i].Points, 300})
		}
	}
	return list
}

func loadTuning(o TuneOptions) (*tuningData, error) {
	seeds := sim.TuningSeeds()
	if o.Seeds > 0 && o.Seeds < len(seeds) {
		seeds = seeds[:o.Seeds]
	}
	td := &tuningData{}
	bf := func(s *Scores) float64 { return s.BF }
	both := func(s *Scores) float64 { return (s.BF + s.PairF) / 2 }
	add := func(d *Data, w float64, goal func(*Scores) float64) {
		td.data, td.weight, td.goal = append(td.data, d), append(td.weight, w), append(td.goal, goal)
	}
	for _, level := range []sim.Level{sim.Standard, sim.Hard} {
		for _, seed := range seeds {
			d, err := Simulated(sim.For(level, seed))
			if err != nil {
				return nil, err
			}
			add(d, 1/float64(len(seeds)), bf)
		}
	}
	m, err := LoadMicroSS()
	if err != nil {
		return nil, err
	}
	n := (len(seeds) + 2) / 3
	for _, seed := range seeds[:n] {
		add(m.Overlay(seed, 600*schemas.Second), 0.5/float64(n), both)
	}
	add(m.Native(), 0.15, both)
	return td, nil
}

func (td *tuningData) objective(set *rules.Set, workers int) (float64, error) {
	quick := *set
	quick.Lifecycle.FlushIncident = rules.Duration(schemas.Hour) // only where signals end up counts here
	scores := make([]float64, len(td.data))
	errs := make([]error, len(td.data))
	each(len(td.data), workers, func(i int) {
		s, err := Judge(Engine{Rules: &quick}, td.data[i])
		scores[i], errs[i] = td.goal[i](&s)*td.weight[i], err
	})
	var sum, total float64
	for i := range scores {
		if errs[i] != nil {
			return 0, fmt.Errorf("%s: %w", td.data[i].Name, errs[i])
		}
		sum += scores[i]
		total += td.weight[i]
	}
	return sum / total, nil
}
