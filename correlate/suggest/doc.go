// Package suggest proposes rules from a recorded past: what operators corrected again
// and again, in the form of the rules file, each with how right and how complete it
// would have been.
//
// # Which file do I open
//
//   - suggest.go: Suggest, what is tried and what is proposed
//   - candidate.go: rules that some corrections have in common
//   - judge.go: what a rule would have changed, and whether that was right
//   - untouched.go: alerts that come again and again and that nobody acts on
//   - share.go: a share with Wilson's interval
//
// # Non-obvious
//
//   - A rule is made and chosen from the earlier part of the past and judged on the
//     later one alone, which had no say in it. The parts are divided by time, since
//     what comes next is what a rule is for.
//   - It is judged by the engine: the past is run with the rule and without, both
//     without corrections. What differs is right when it is as the operators left it.
//     What nobody corrected is as they left it, too: a change that nobody asked for
//     counts against a rule.
//   - What is counted are occasions, not pairs of alerts: however many alerts two
//     incidents have, putting them together is right or wrong once.
//   - That nobody acted says something only where people act on others: there must be
//     incidents that they touched, and the bound must be above the share of untouched
//     ones overall. What was ever major or critical is not suppressed.
//   - Nothing is proposed whose precision may, by its interval, be below the limit.
package suggest
