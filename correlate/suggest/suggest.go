package suggest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"pinkstar/correlate/backtest"
	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// Config says what is good enough.
type Config struct {
	// Precision is what the lower bound of a proposed rule's precision must reach, 0
	// to 1.
	Precision float64
	// Untouched is the same for alerts to be suppressed: of the incidents with them,
	// how many nobody did anything about.
	Untouched float64
	// Earlier is the share of corrections, or of incidents, by time, that rules are made from; what
	// comes after judges them.
	Earlier float64
	// Support is how many corrections of the earlier part a rule must have set right.
	Support int
	// Tried bounds how many rules are run, each over the whole past.
	Tried int
}

// Default returns the limits in use.
func Default() Config {
	return Config{Precision: 0.7, Untouched: 0.9, Earlier: 0.6, Support: 3, Tried: 16}
}

// Check says what is wrong with c.
func (c *Config) Check() error {
	switch {
	case c.Precision <= 0 || c.Precision >= 1:
		return fmt.Errorf("precision: %g is not between 0 and 1", c.Precision)
	case c.Untouched <= 0 || c.Untouched >= 1:
		return fmt.Errorf("untouched: %g is not between 0 and 1", c.Untouched)
	case c.Earlier <= 0 || c.Earlier >= 1:
		return fmt.Errorf("earlier: %g is not between 0 and 1", c.Earlier)
	case c.Support < 1 || c.Tried < 1:
		return fmt.Errorf("support %d and tried %d must be 1 or more", c.Support, c.Tried)
	}
	return nil
}

// Where a suggestion comes from.
const (
	FromCorrections = "corrections"
	FromUntouched   = "untouched"
)

// Suggestion is a rule that would have done what operators did, or left undone.
type Suggestion struct {
	From string     `json:"from"`
	Rule rules.Rule `json:"-"`
	// Text is the rule as it stands in the rules file.
	Text string `json:"rule"`
	// Precision is, of what the rule would have changed in the later part, how much
	// is as the operators left it. Recall is how many of that part's corrections it
	// would have spared. From what is untouched: of the incidents with such alerts,
	// how many were of nothing else and nobody did anything about; and of all such
	// incidents, how many these are.
	Precision Share `json:"precision"`
	Recall    Share `json:"recall"`
	// Earlier is the precision in the part that it was made from.
	Earlier Share `json:"earlier_precision"`
}

// Report is what came of it.
type Report struct {
	Corrections backtest.Corrections `json:"corrections"`
	// Earlier and Later are the corrections that count, before and after Split; of
	// what the rules in force do by themselves by now there are none.
	Earlier     int          `json:"earlier"`
	Later       int          `json:"later"`
	Split       schemas.Time `json:"split"`
	Tried       int          `json:"tried"`  // rules
	Looked      int          `json:"looked"` // kinds of alerts that may be untouched; 0 where people did too little to tell
	Suggestions []Suggestion `json:"suggestions"`
	// Rejected are those that held in the earlier part and not in the later one.
	Rejected []Suggestion `json:"rejected"`
}

// Suggest looks for rules that, beside those of side, would have spared corrections.
func Suggest(ctx context.Context, log *history.Log, side backtest.Side, o backtest.Options, c Config) (*Report, error) {
	truth, err := backtest.ReadTruth(ctx, log, side, o)
	if err != nil {
		return nil, err
	}
	r := &Report{Corrections: truth.Counts}
	if err := r.corrected(ctx, log, truth, side, o, c); err != nil {
		return nil, err
	}
	quiet, looked := untouched(log, truth.Told, c)
	r.Suggestions, r.Looked = append(r.Suggestions, quiet...), looked
	for _, list := range [][]Suggestion{r.Suggestions, r.Rejected} {
		for i := range list {
			if err := list[i].write(); err != nil {
				return nil, err
			}
		}
	}
	return r, nil
}

// corrected adds the rules that corrections have in common.
func (r *Report) corrected(ctx context.Context, log *history.Log, truth *backtest.Truth, side backtest.Side, o backtest.Options, c Config) error {
	base, err := backtest.Uncorrected(ctx, log, side, o)
	if err != nil {
		return err
	}
	j := newJudge(log, truth, base, c.Earlier)
	r.Split, r.Earlier, r.Later = j.split, len(j.earlier), len(j.later)
	if len(j.earlier) < c.Support || len(j.later) == 0 {
		return nil
	}
	var good []verdict
	for _, rule := range candidates(log, j.earlier, c.Support, c.Tried) {
		v, err := j.try(ctx, side, o, rule)
		if err != nil {
			return err
		}
		r.Tried++
		if len(v.spared) >= c.Support && float64(v.earlier.Right) >= c.Precision*float64(v.earlier.N) {
			good = append(good, v)
		}
	}
	for _, v := range distinct(good) {
		s := Suggestion{From: FromCorrections, Rule: v.rule, Precision: v.later, Recall: v.recall, Earlier: v.earlier}
		if v.later.Low >= c.Precision && v.recall.Right > 0 {
			r.Suggestions = append(r.Suggestions, s)
		} else {
			r.Rejected = append(r.Rejected, s)
		}
	}
	return nil
}

// write puts the rule into words of the rules file.
func (s *Suggestion) write() error {
	text, err := yaml.Marshal([]rules.Rule{s.Rule})
	s.Text = strings.TrimRight(string(text), "\n")
	return err
}

// distinct keeps, the best first, rules of which each spares a correction of the
// earlier part that none before it does.
func distinct(good []verdict) (out []verdict) {
	slices.SortStableFunc(good, func(a, b verdict) int {
		if n := len(b.spared) - len(a.spared); n != 0 {
			return n
		}
		return a.earlier.N - a.earlier.Right - (b.earlier.N - b.earlier.Right)
	})
	known := map[int]bool{}
	for _, v := range good {
		fresh := 0
		for _, i := range v.spared {
			if !known[i] {
				known[i] = true
				fresh++
			}
		}
		if fresh > 0 {
			out = append(out, v)
		}
	}
	return out
}
