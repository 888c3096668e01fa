package ingest

import (
	"regexp/syntax"
	"slices"
	"strings"
)

// matcherSteps is what the worst label makes a regular expression do for each
// of its bytes: the instructions of what repeats and of what stands beside it, with
// x{1000} counted a thousand times. Without repetitions a byte rules out nearly
// all of a long list at once, and it is free.
func matcherSteps(expression string) int {
	re, err := syntax.Parse(expression, syntax.Perl)
	if err != nil {
		return 0 // whoever compiles it says what is wrong
	}
	return repeating(re)
}

func repeating(re *syntax.Regexp) int {
	switch re.Op {
	case syntax.OpAlternate, syntax.OpCapture:
		sum := 0
		for _, sub := range re.Sub {
			sum = added(sum, repeating(sub))
		}
		return sum
	}
	if repeats(re) {
		return instructions(re)
	}
	return 0
}

func repeats(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpStar, syntax.OpPlus, syntax.OpRepeat:
		return true
	}
	return slices.ContainsFunc(re.Sub, repeats)
}

// instructions is about how many a compiled expression has.
func instructions(re *syntax.Regexp) int {
	n := max(1, len(re.Rune)/2)
	if re.Op == syntax.OpLiteral {
		n = len(re.Rune)
	}
	for _, sub := range re.Sub {
		n = added(n, instructions(sub))
	}
	if re.Op == syntax.OpRepeat {
		times := max(re.Max, re.Min, 1)
		return min(n*times, enough)
	}
	return n
}

// enough is over every limit that makes sense, and products of it still fit.
const enough = 1 << 30

func added(a, b int) int { return min(a+b, enough) }

// stepsOf are those of the expressions in a matcher as it is written, before it is
// compiled: that alone can take seconds and hundreds of megabytes. What it overlooks
// (expressions are told apart by their operators alone) is seen in the compiled one.
func stepsOf(matcher string) int {
	sum := 0
	for i, piece := range strings.Split(strings.ReplaceAll(matcher, "!~", "=~"), "=~") {
		if i > 0 {
			sum = added(sum, matcherSteps(piece))
		}
	}
	return sum
}
