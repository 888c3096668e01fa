package eval

import (
	"io"
	"strings"

	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// TuneOptions of Tune.
type TuneOptions struct {
	Start    *rules.Set // nil for the defaults
	Seeds    int        // how many tuning seeds, all when 0
	Worlds   []string   // folders of worlds that take part, see ReadWorld
	LeaveOut string     // the kinds of world whose names begin so take no part
	Rounds   int        // 1 when 0
	Workers  int        // 1 when 0
	Log      io.Writer  // a line per improvement; nil for none
}

// knob is a figure of the rule set that may be turned, or a whole curve.
type knob struct {
	name  string
	at    []*int64
	step  int64 // added to a figure
	scale int64 // of a curve: thousandths it is stretched by; 0 for a figure
}

// turned changes what the knob holds, and says how to undo it.
func (k *knob) turned(sign int64) (undo func()) {
	before := make([]int64, len(k.at))
	for i, p := range k.at {
		before[i] = *p
		if k.scale == 0 {
			*p += sign * k.step
		} else {
			*p += sign * *p * k.scale / 1000
		}
	}
	return func() {
		for i, p := range k.at {
			*p = before[i]
		}
	}
}

// tuningData is what an objective is taken over: tuning seeds only.
type tuningData struct {
	data   []*Data
	weight []float64
	goal   []func(*Scores) float64
}

// Tune goes on where Fit ends. Fit makes each choice right as if the others
// were; here the engine runs on its own and lives with its mistakes. Every
// weight is moved up and down by its step, every curve is stretched and
// flattened, and what raises the objective is kept: B-cubed F on simulated
// worlds and on what people expect of a handful of alerts, with pairwise F1 on
// recordings, all on tuning seeds. The same options give the same result.
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
		for i := range knobs {
			if best, err = turn(&knobs[i], set, td, best, o); err != nil {
				return nil, 0, err
			}
		}
		say(o.Log, "round %d: %.5f\n", round+1, best)
		if best-before < 1e-4 {
			break
		}
		for i := range knobs {
			knobs[i].step, knobs[i].scale = max(knobs[i].step*2/3, 50), knobs[i].scale*2/3
		}
	}
	return set, best, nil
}

// turn tries a knob both ways, and again where it helps.
func turn(k *knob, set *rules.Set, td *tuningData, best float64, o TuneOptions) (float64, error) {
	for _, sign := range [...]int64{1, -1} {
		for moved := false; ; moved = true {
			undo := k.turned(sign)
			v, err := td.objective(set, o.Workers)
			if err != nil {
				return 0, err
			}
			if v <= best+3e-5 {
				undo()
				if moved {
					return best, nil
				}
				break
			}
			say(o.Log, "%.5f %+.5f %s %+d\n", v, v-best, k.name, sign)
			best = v
		}
	}
	return best, nil
}

// knobsOf lists what Tune may turn.
func knobsOf(c *rules.Correlation) []knob {
	list := []knob{{name: "join", at: []*int64{&c.Join}, step: 300}, {name: "parent", at: []*int64{&c.Parent}, step: 300}}
	c.EachPoints(func(path string, p *int64) {
		name, _, curve := strings.Cut(path, "[")
		switch {
		case !curve:
			list = append(list, knob{name: name, at: []*int64{p}, step: 300})
		case list[len(list)-1].name == name:
			list[len(list)-1].at = append(list[len(list)-1].at, p)
		default:
			list = append(list, knob{name: name, at: []*int64{p}, scale: 300})
		}
	})
	return list
}

// goals: of what simulated alerts do, flaps that leave their fault count against
// it; of recordings, noise is left out, since nobody knows what it is of.
func goalOfSimulated(s *Scores) float64 { return s.BF - max(0, .97-s.FlapsStay) }
func goalOfRecorded(s *Scores) float64  { return (s.FaultBF + s.PairF) / 2 }

func loadTuning(o TuneOptions) (*tuningData, error) {
	list, err := fitData(FitOptions{Seeds: o.Seeds, Worlds: o.Worlds, LeaveOut: o.LeaveOut})
	if err != nil {
		return nil, err
	}
	n := map[string]float64{}
	for _, x := range list {
		n[x.kind]++
	}
	td := &tuningData{}
	for _, x := range list {
		goal := goalOfRecorded
		if x.World != nil || x.kind == kindExpected {
			goal = goalOfSimulated
		}
		td.data, td.weight, td.goal = append(td.data, x.Data), append(td.weight, x.share/n[x.kind]), append(td.goal, goal)
	}
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
			return 0, errs[i]
		}
		sum += scores[i]
		total += td.weight[i]
	}
	return sum / total, nil
}
