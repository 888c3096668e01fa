package suggest

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pinkstar/correlate/backtest"
	"pinkstar/correlate/history"
	"pinkstar/correlate/rules"
	"pinkstar/schemas"
)

const (
	compared  = 20 // signals of each side of a correction that are looked at
	maxNames  = 10 // alerts that one rule names
	minWindow = schemas.Minute
	maxWindow = 6 * schemas.Hour
)

// windows are those that a person would write.
var windows = []int64{minWindow, 5 * schemas.Minute, 10 * schemas.Minute, 30 * schemas.Minute, schemas.Hour, 2 * schemas.Hour, maxWindow}

// fields are what a rule sees besides labels.
var fields = []string{"service", "instance", "host", "team"}

// side is a set of signals of a correction.
type side []*schemas.Signal

// correction is a claim with the signals themselves.
type correction struct {
	a, b     side
	together bool
}

// candidate is a rule and how many corrections it was made from.
type candidate struct {
	rule    rules.Rule
	support int
	rank    float64
}

// candidates are rules that at least so many corrections have in common, at most so
// many, those with the most first.
func candidates(log *history.Log, claims []backtest.Claim, support, most int) []rules.Rule {
	var all []correction
	for i := range claims {
		c := &claims[i]
		x := correction{signalsOf(log, c.A), signalsOf(log, c.B), c.Together}
		if len(x.a) > 0 && len(x.b) > 0 {
			all = append(all, x)
		}
	}
	found := append(grouping(all), separating(all)...)
	found = slices.DeleteFunc(found, func(c candidate) bool { return c.support < support })
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(b.rank, a.rank) })
	var out []rules.Rule
	for _, c := range found[:min(len(found), most)] {
		c.rule.Name = "suggested " + strconv.Itoa(len(out)+1) + ": " + nameOf(&c.rule)
		out = append(out, c.rule)
	}
	return out
}

func signalsOf(log *history.Log, ids []string) (out side) {
	for _, id := range ids {
		parsed, err := schemas.ParseID(id)
		if err != nil {
			continue
		}
		if s := log.Signal(parsed); s != nil && s.Kind == schemas.KindAlert {
			if out = append(out, s); len(out) == compared {
				break
			}
		}
	}
	return out
}

// namesOf are the labels and fields that s has.
func namesOf(s *schemas.Signal) []string {
	var out []string
	for _, l := range s.Labels {
		out = append(out, l.Name)
	}
	for _, f := range fields {
		if rules.ValueOf(s, f) != "" && !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	return out
}

// shared is what one name has in common over corrections.
type shared struct {
	covered []int // corrections
	gap     int64 // the longest between two signals that share it, the nearest of a correction
	alerts  map[string]bool
}

// grouping makes rules of what signals that belong together share: the same value of
// a label, of any alert that has it or of those alerts that were seen.
func grouping(all []correction) (out []candidate) {
	by := map[string]*shared{}
	for i := range all {
		if all[i].together {
			for name, gap := range commonOf(all[i].a, all[i].b) {
				s := by[name]
				if s == nil {
					s = &shared{alerts: map[string]bool{}}
					by[name] = s
				}
				s.covered, s.gap = append(s.covered, i), max(s.gap, gap)
				all[i].alertsWith(name, s.alerts)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(by)) {
		s := by[name]
		if s.gap > maxWindow {
			continue
		}
		rank := float64(len(s.covered)) * (1 - chance(all, name))
		rule := rules.Rule{Match: []string{quotedName(name) + `!=""`}, By: []string{name}, Window: windowFor(s.gap)}
		out = append(out, candidate{rule, len(s.covered), rank})
		if len(s.alerts) <= maxNames {
			rule.Match = []string{matchOf("alertname", slices.Sorted(maps.Keys(s.alerts)))}
			out = append(out, candidate{rule, len(s.covered), rank * 0.99})
		}
	}
	return out
}

// commonOf are the names under which some signal of either side has the same value,
// with the time between the nearest two.
func commonOf(a, b side) map[string]int64 {
	out := map[string]int64{}
	for _, x := range a {
		for _, name := range namesOf(x) {
			v := rules.ValueOf(x, name)
			for _, y := range b {
				if rules.ValueOf(y, name) != v {
					continue
				}
				gap := int64(x.ReceivedAt) - int64(y.ReceivedAt)
				gap = max(gap, -gap)
				if old, known := out[name]; !known || gap < old {
					out[name] = gap
				}
			}
		}
	}
	return out
}

// alertsWith adds the names of the alerts of c that have something under name.
func (c *correction) alertsWith(name string, into map[string]bool) {
	for _, s := range slices.Concat(c.a, c.b) {
		if rules.ValueOf(s, name) != "" && len(into) <= maxNames {
			into[s.Name] = true
		}
	}
}

// chance is how often signals of different corrections share a value under name.
func chance(all []correction, name string) float64 {
	same, n := 0, 0
	for i := range all {
		k := (i + 1) % len(all)
		if v := rules.ValueOf(all[i].a[0], name); k != i && v != "" {
			n++
			if rules.ValueOf(all[k].b[0], name) == v {
				same++
			}
		}
	}
	if n == 0 {
		return 0
	}
	return float64(same) / float64(n)
}

// separating makes rules of what the one side of corrections that took something out
// has and the other has not: an alert, or a label's value.
func separating(all []correction) (out []candidate) {
	type mark struct{ name, value string }
	support, taken, keys := map[mark]int{}, map[mark]int{}, map[mark]map[string]int{}
	for i := range all {
		c := &all[i]
		if c.together {
			continue
		}
		for k, sides := range [][2]side{{c.a, c.b}, {c.b, c.a}} {
			for _, name := range namesOf(sides[0][0]) {
				v := rules.ValueOf(sides[0][0], name)
				if !uniform(sides[0], name, v, true) || !uniform(sides[1], name, v, false) {
					continue
				}
				m := mark{name, v}
				if support[m]++; keys[m] == nil {
					keys[m] = map[string]int{name: 0}
				}
				taken[m] += 1 - k // it was taken out, not left behind
				for _, f := range fields[:3] {
					if rules.ValueOf(sides[0][0], f) != "" {
						keys[m][f]++
					}
				}
			}
		}
	}
	marks := slices.SortedFunc(maps.Keys(support), func(a, b mark) int {
		return cmp.Or(strings.Compare(a.name, b.name), strings.Compare(a.value, b.value))
	})
	for _, m := range marks {
		for _, key := range slices.Sorted(maps.Keys(keys[m])) {
			if key != m.name && keys[m][key] < support[m] {
				continue
			}
			rank := float64(support[m]) * (0.9 + 0.1*float64(taken[m])/float64(support[m]))
			if key != m.name {
				rank *= 0.98
			}
			out = append(out, candidate{rules.Rule{Match: []string{matchOf(m.name, []string{m.value})}, By: []string{key},
				Window: windowFor(schemas.Hour), Action: rules.ActionSeparate}, support[m], rank})
		}
	}
	return out
}

// uniform reports whether all signals have, or all have not, that value under name.
func uniform(signals side, name, value string, have bool) bool {
	return !slices.ContainsFunc(signals, func(s *schemas.Signal) bool { return (rules.ValueOf(s, name) == value) != have })
}

func windowFor(gap int64) rules.Duration {
	for _, w := range windows {
		if gap <= w {
			return rules.Duration(w)
		}
	}
	return rules.Duration(maxWindow)
}

// matchOf is a matcher for one of values.
func matchOf(name string, values []string) string {
	if len(values) == 1 {
		return quotedName(name) + "=" + strconv.Quote(values[0])
	}
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = regexp.QuoteMeta(v)
	}
	return quotedName(name) + "=~" + strconv.Quote(strings.Join(texts, "|"))
}

var plainName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// quotedName is a label's name as it stands in a matcher.
func quotedName(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

// nameOf says in words what a rule does.
func nameOf(r *rules.Rule) string {
	if r.Action == rules.ActionSeparate {
		return r.Match[0] + " by itself"
	}
	return "together by " + strings.Join(r.By, ", ")
}
