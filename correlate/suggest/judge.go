package suggest

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"pinkstar/correlate/backtest"
	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

// judge holds what rules are compared with.
type judge struct {
	told, base     *history.Run
	at             map[string]schemas.Time // log time of a signal's first delivery
	split          schemas.Time
	earlier, later []backtest.Claim // that the rules in force do not hold
}

func newJudge(log *history.Log, truth *backtest.Truth, base *history.Run, share float64) *judge {
	j := &judge{told: truth.Told, base: base, at: map[string]schemas.Time{}}
	for i := range log.Records {
		if r := &log.Records[i]; r.Signal != nil && !r.Signal.Control() {
			j.at[r.Signal.ID] = r.At
		}
	}
	var open []backtest.Claim
	seen := map[string]bool{}
	for _, c := range truth.Claims {
		if key := j.occasion(&c); !seen[key] && !c.Held(base) {
			seen[key] = true
			open = append(open, c)
		}
	}
	slices.SortStableFunc(open, func(a, b backtest.Claim) int { return cmp.Compare(a.At, b.At) })
	n := int(share * float64(len(open)))
	if n == 0 || n == len(open) {
		return j
	}
	j.split = j.begun(open[n].A, open[n].B)
	for _, c := range open { // what reaches from one part into the other is in none
		switch {
		case c.At < j.split:
			j.earlier = append(j.earlier, c)
		case j.begun(c.A, c.B) >= j.split:
			j.later = append(j.later, c)
		}
	}
	return j
}

// occasion names what a claim is about: several alerts that were moved from one
// incident into another are one.
func (j *judge) occasion(c *backtest.Claim) string {
	pair := []string{j.base.Group(c.A[0]), j.base.Group(c.B[0])}
	slices.Sort(pair)
	return fmt.Sprint(c.Together, pair)
}

// verdict is what came of a rule.
type verdict struct {
	rule           rules.Rule
	earlier, later Share
	recall         Share
	spared         []int // claims of the earlier part
}

// try runs the past with the rule, and says what it did.
func (j *judge) try(ctx context.Context, side backtest.Side, o backtest.Options, rule rules.Rule) (verdict, error) {
	set := *side.Rules
	set.Rules = append(slices.Clone(set.Rules), rule)
	if err := set.Seal(); err != nil {
		return verdict{}, err
	}
	side.Rules, side.AsLogged = &set, false
	with, err := backtest.Uncorrected(ctx, j.base.Log, side, o)
	if err != nil {
		return verdict{}, err
	}
	v := verdict{rule: rule}
	v.earlier, v.later = j.changed(with)
	for i := range j.earlier {
		if j.earlier[i].Held(with) {
			v.spared = append(v.spared, i)
		}
	}
	spared := 0
	for i := range j.later {
		if j.later[i].Held(with) {
			spared++
		}
	}
	v.recall = shareOf(spared, len(j.later))
	return v, nil
}

// changed compares what a run put together or apart, other than the rules in force,
// with what the operators left, before and from the split on.
func (j *judge) changed(with *history.Run) (earlier, later Share) {
	before, after := map[string][]string{}, map[string][]string{} // signals by the groups of one run
	var order, order2 []string
	for _, id := range j.base.Taken {
		if d := j.base.Decisions.Get(id); !history.Grouped(d) || j.base.Group(id) == "" || with.Group(id) == "" {
			continue
		}
		a, b := j.base.Group(id), with.Group(id)
		if before[a] == nil {
			order = append(order, a)
		}
		if after[b] == nil {
			order2 = append(order2, b)
		}
		before[a], after[b] = append(before[a], id), append(after[b], id)
	}
	var right, n [2]int
	count := func(members []string, by *history.Run, together bool) {
		parts := partsOf(members, by)
		for _, p := range parts[1:] {
			half := 0
			if j.begun(p, parts[0]) >= j.split {
				half = 1
			}
			n[half]++
			c := backtest.Claim{A: some(p), B: some(parts[0]), Together: together}
			if c.Held(j.told) {
				right[half]++
			}
		}
	}
	for _, g := range order2 {
		count(after[g], j.base, true)
	}
	for _, g := range order {
		count(before[g], with, false)
	}
	return shareOf(right[0], n[0]), shareOf(right[1], n[1])
}

// begun is when the later of two parts began: from then on there was something to do.
func (j *judge) begun(a, b []string) schemas.Time { return max(j.at[a[0]], j.at[b[0]]) }

// partsOf divides signals by their groups in a run, the largest part first.
func partsOf(ids []string, run *history.Run) (parts [][]string) {
	at := map[string]int{}
	for _, id := range ids {
		g := run.Group(id)
		i, known := at[g]
		if !known {
			i = len(parts)
			at[g], parts = i, append(parts, nil)
		}
		parts[i] = append(parts[i], id)
	}
	slices.SortStableFunc(parts, func(a, b []string) int { return len(b) - len(a) })
	return parts
}

// maxSample bounds how many signals of a group are compared with those of another.
const maxSample = 40

// some are the signals that stand for all.
func some(ids []string) []string { return ids[:min(len(ids), maxSample)] }
