package rules

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/alertmanager/pkg/labels"
)

// Part says which part of a label's value a Need is about.
type Part uint8

// The parts, the ones that tell most first.
const (
	Whole  Part = iota // the value is one of the texts
	Prefix             // it begins with one of them
	Suffix             // it ends with one of them
	There              // it is not empty; the one text is
)

// Need is what a label's value must be like for matchers to hold. It says less than
// they do: what meets it is still to be matched.
type Need struct {
	Name  string
	Part  Part
	Texts []string // not empty, unless Part is There
}

const (
	// maxAlternatives bounds the texts of one need.
	maxAlternatives = 100
	// MaxAffix bounds the texts of prefixes and suffixes, in bytes; what is longer
	// is cut.
	MaxAffix = 32
)

// Needs are what each of the matchers needs, as far as it can be looked up: a="x",
// a=~"x|y", a=~"x.*", a=~".*x", or that there is an a at all.
func (m Matchers) Needs() (out []Need) {
	for _, one := range m.ms {
		switch one.Type {
		case labels.MatchEqual:
			if one.Value != "" {
				out = append(out, Need{one.Name, Whole, []string{one.Value}})
			}
		case labels.MatchRegexp:
			if n := needOf(one.Value); n.Texts != nil {
				n.Name = one.Name
				out = append(out, n)
			} else if !one.Matches("") {
				out = append(out, Need{one.Name, There, []string{""}})
			}
		case labels.MatchNotEqual, labels.MatchNotRegexp:
			if !one.Matches("") {
				out = append(out, Need{one.Name, There, []string{""}})
			}
		}
	}
	return out
}

// needOf is what an expression, which is anchored, needs; without texts when that
// can't be looked up.
func needOf(expression string) Need {
	if texts := alternatives(expression); texts != nil {
		return Need{Part: Whole, Texts: texts}
	}
	tree, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return Need{}
	}
	for _, part := range []Part{Prefix, Suffix} {
		if texts := affixes(tree, part, nil); texts != nil {
			return Need{Part: part, Texts: texts}
		}
	}
	return Need{}
}

// affixes appends the texts of which every match has one at its end; nil when
// there is a match without.
func affixes(tree *syntax.Regexp, part Part, into []string) []string {
	switch tree.Op { //nolint:exhaustive // whatever else there is has no text of its own
	case syntax.OpLiteral:
		if text := affix(tree, part); text != "" && len(into) < maxAlternatives {
			return append(into, text)
		}
		return nil
	case syntax.OpCapture:
		return affixes(tree.Sub[0], part, into)
	case syntax.OpConcat:
		subs := tree.Sub // it is anchored anyhow
		if part == Suffix {
			subs = slices.Clone(subs)
			slices.Reverse(subs)
		}
		for len(subs) > 1 && (subs[0].Op == syntax.OpBeginText || subs[0].Op == syntax.OpEndText) {
			subs = subs[1:]
		}
		return affixes(subs[0], part, into)
	case syntax.OpAlternate:
		for _, sub := range tree.Sub {
			if into = affixes(sub, part, into); into == nil {
				return nil
			}
		}
		return into
	default:
		return nil
	}
}

// affix is what a literal begins or ends with, "" when letters of either case will
// do, or it is no text that a label could hold.
func affix(literal *syntax.Regexp, part Part) string {
	text := string(literal.Rune)
	if literal.Flags&syntax.FoldCase != 0 || strings.ContainsRune(text, utf8.RuneError) {
		return ""
	}
	if len(text) <= MaxAffix {
		return text
	}
	if part == Suffix {
		return text[len(text)-MaxAffix:]
	}
	return text[:MaxAffix]
}

// alternatives are the plain texts that an expression, which is anchored, stands
// for; nil when it stands for anything else.
func alternatives(expression string) []string {
	values := strings.Split(expression, "|")
	if len(values) > maxAlternatives {
		return nil
	}
	for _, v := range values {
		if v == "" || regexp.QuoteMeta(v) != v {
			return nil
		}
	}
	return values
}
